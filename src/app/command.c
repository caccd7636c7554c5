/* command.c - the command line: words taken apart, the command found, its outcome told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"

#include "app/commands.h"
#include "base/json.h"
#include "base/pick.h"
#include "sys/stream.h"

#include <stdarg.h>
#include <stdio.h>

enum { COMMAND_MEMORY = 256 << 20 };

static const struct command COMMANDS[] = {
#define COMMAND(name, usage, help) {#name, usage, help, command_##name},
#include "app/commands.def"
#undef COMMAND
};
enum { COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void print(enum stream stream, const struct buf *text)
{
    if (stream_write(stream, buf_str(text)) != OK) {
        /* The reader has gone: there is nobody to tell. */
    }
}

void command_say(const char *format, ...)
{
    char sentence[1024];
    struct buf line = {0};
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    buf_print(&line, "myriad: %s\n", sentence);
    print(STREAM_ERROR, &line);
    buf_done(&line);
}

int command_failed(void)
{
    command_say("%s", err_text());
    return EXIT_FAILED;
}

int command_misused(const char *format, ...)
{
    char sentence[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    command_say("%s; see `myriad COMMAND --help`", sentence);
    return EXIT_USAGE;
}

int command_print(const struct buf *out)
{
    if (stream_write(STREAM_OUT, buf_str(out)) != OK || stream_write(STREAM_OUT, S("\n")) != OK)
        return command_failed();
    return EXIT_DONE;
}

/* Words */

static bool is_option(const char *word)
{
    return str_starts(str_of(word), S("-")) && !str_equals(str_of(word), S("-"));
}

const char *command_option(struct command_line *line, const char *name)
{
    for (int i = 0; i < line->count; i++) {
        str word = str_of(line->words[i]), rest = word;
        str head = str_cut(&rest, '=');

        if (line->taken[i] || !str_equals(head, str_of(name)))
            continue;
        if (rest.data) {
            line->taken[i] = true;
            return rest.data;
        }
        if (i + 1 < line->count && !line->taken[i + 1]) {
            line->taken[i] = line->taken[i + 1] = true;
            return line->words[i + 1];
        }
    }
    return NULL;
}

bool command_flag(struct command_line *line, const char *name)
{
    for (int i = 0; i < line->count; i++)
        if (!line->taken[i] && str_equals(str_of(line->words[i]), str_of(name)))
            return line->taken[i] = true;
    return false;
}

const char *command_word(struct command_line *line)
{
    for (int i = 0; i < line->count; i++)
        if (!line->taken[i] && !is_option(line->words[i])) {
            line->taken[i] = true;
            return line->words[i];
        }
    return NULL;
}

bool command_is_understood(struct command_line *line)
{
    for (int i = 0; i < line->count; i++)
        if (!line->taken[i]) {
            command_say("\"%s\" is not understood here", line->words[i]);
            return false;
        }
    return true;
}

/* Help */

static void add_usage(struct buf *out, const struct command *command)
{
    buf_print(out, "usage: myriad %s %s\n\n%s\n", command->name, command->usage, command->help);
}

static void add_overview(struct buf *out)
{
    buf_add(out, S("usage: myriad COMMAND ...\n\n"));
    for (size_t i = 0; i < COUNT; i++) {
        str help = str_of(COMMANDS[i].help);

        buf_print(out, "  %-8s %.*s\n", COMMANDS[i].name, STR_ARG(str_cut(&help, '\n')));
    }
    buf_add(out,
            S("\n`myriad COMMAND --help` explains each. Exit status: 0 done, 1 failed, 2 wrong "
              "usage,\n70 stopped to protect data.\n"));
}

static int help(const struct command *command, enum stream stream)
{
    struct buf out = {0};

    if (command)
        add_usage(&out, command);
    else
        add_overview(&out);
    print(stream, &out);
    buf_done(&out);
    return stream == STREAM_OUT ? EXIT_DONE : EXIT_USAGE;
}

static int run(struct sys *sys, const struct command *command, int count, char **words)
{
    struct command_line line = {.sys = sys, .words = words, .count = count};
    int status = EXIT_FAILED;

    line.mem = arena_open(COMMAND_MEMORY);
    line.taken = line.mem ? arena_array(line.mem, (size_t)count + 1, sizeof *line.taken) : NULL;
    if (!line.taken)
        command_say("out of memory");
    else if (command_flag(&line, "--help") || command_flag(&line, "-h"))
        status = help(command, STREAM_OUT);
    else
        status = command->run(&line);
    arena_close(line.mem);
    return status;
}

int command_main(struct sys *sys, int argc, char **argv)
{
    str name = str_of(argc > 1 ? argv[1] : NULL);

    if (!pick_is_possible()) {
        command_say("this processor is older than those Myriad is built for: it has no POPCNT");
        return EXIT_FAILED;
    }
    if (str_equals(name, S("--help")) || str_equals(name, S("-h")) || str_equals(name, S("help")))
        return help(NULL, STREAM_OUT);
    if (str_equals(name, S("--version"))) {
        struct buf out = {0};
        int status;

        buf_add(&out, S("myriad " MYRIAD_VERSION));
        status = command_print(&out);
        buf_done(&out);
        return status;
    }
    for (size_t i = 0; i < COUNT; i++)
        if (str_equals(name, str_of(COMMANDS[i].name)))
            return run(sys, &COMMANDS[i], argc - 2, argv + 2);
    if (name.data)
        command_say("there is no command \"%s\"", argv[1]);
    return help(NULL, STREAM_ERROR);
}
