/* test_command.c - the words of a command line: options, flags, the rest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"

#include "support/test.h"

enum { MOST = 8 };

static struct command_line line_of(char **words)
{
    struct command_line line = {.mem = test_mem, .words = words};

    while (words[line.count])
        line.count++;
    line.taken = arena_array(test_mem, MOST, sizeof *line.taken);
    CHECK(line.taken != NULL);
    return line;
}

TEST(command_option_stands_anywhere_and_either_way)
{
    char *words[] = {"first", "--data", "folder", "--key=a=b", "second", "--empty=", NULL};
    struct command_line line = line_of(words);

    CHECK_STR(str_of(command_option(&line, "--key")), "a=b");
    CHECK_STR(str_of(command_option(&line, "--data")), "folder");
    CHECK_STR(str_of(command_option(&line, "--empty")), "");
    CHECK(command_option(&line, "--absent") == NULL);
    CHECK(command_option(&line, "--data") == NULL); /* taken once */
    CHECK_STR(str_of(command_word(&line)), "first");
    CHECK_STR(str_of(command_word(&line)), "second");
    CHECK(command_word(&line) == NULL);
    CHECK(command_is_understood(&line));
}

TEST(command_word_may_be_a_dash_but_no_option)
{
    char *words[] = {"--bogus", "-", "-x", NULL};
    struct command_line line = line_of(words);

    CHECK_STR(str_of(command_word(&line)), "-");
    CHECK(command_word(&line) == NULL);
    CHECK(!command_is_understood(&line));
}

TEST(command_flag_is_taken_whole)
{
    char *words[] = {"--dry-run", "--dry-runs", NULL};
    struct command_line line = line_of(words);

    CHECK(command_flag(&line, "--dry-run"));
    CHECK(!command_flag(&line, "--dry-run"));
    CHECK(!command_flag(&line, "--dry"));
    CHECK(!command_is_understood(&line));
}

TEST(command_option_without_its_value_is_not_understood)
{
    char *words[] = {"file", "--data", NULL};
    struct command_line line = line_of(words);

    CHECK(command_option(&line, "--data") == NULL);
    CHECK_STR(str_of(command_word(&line)), "file");
    CHECK(!command_is_understood(&line));
}
