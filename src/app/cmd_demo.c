/* cmd_demo.c - myriad demo: the words of the command, then the bookshop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/demo.h"
#include "base/number.h"

enum { PEOPLE = 2000, PEOPLE_MOST = 200000, DAYS = 75, DAYS_MOST = 730 };

/* Whole numbers from `least` to `most`; absent: it stays as it is. */
static bool read_number(struct command_line *line, const char *name, uint64_t least, uint64_t most,
                        uint64_t *in_out_number)
{
    const char *text = command_option(line, name);
    uint64_t number;

    if (!text)
        return true;
    if (!str_to_u64(str_of(text), &number) || number < least || number > most) {
        command_say("%s must be a whole number from %llu to %llu, not \"%s\"", name,
                    (unsigned long long)least, (unsigned long long)most, text);
        return false;
    }
    *in_out_number = number;
    return true;
}

static bool read_pace(struct command_line *line, double *in_out_pace)
{
    const char *text = command_option(line, "--pace");
    double pace;

    if (!text)
        return true;
    if (!number_to_double(str_of(text), &pace) || pace < 0.1 || pace > 1000) {
        command_say("--pace must be a number from 0.1 to 1000, not \"%s\"", text);
        return false;
    }
    *in_out_pace = pace;
    return true;
}

static bool read_world(struct command_line *line, struct demo_options *options)
{
    uint64_t seed = 0, people = 0, days = 0;
    double pace = 0;

    /* Of JSON, where the seed is told, numbers are exact as far as 2^53. */
    if (!read_number(line, "--seed", 1, UINT64_C(1) << 53, &seed) ||
        !read_number(line, "--people", 10, PEOPLE_MOST, &people) ||
        !read_number(line, "--days", 1, DAYS_MOST, &days) || !read_pace(line, &pace))
        return false;
    options->has_seed = seed > 0;
    options->has_people = people > 0;
    options->has_days = days > 0;
    options->has_pace = pace > 0;
    options->world = (struct bookshop_options){.seed = seed ? seed : 1,
                                               .people = people ? (uint32_t)people : PEOPLE,
                                               .days = days ? (uint32_t)days : DAYS,
                                               .pace = pace > 0 ? pace : 1};
    return true;
}

int command_demo(struct command_line *line)
{
    struct demo_options options = {.sys = line->sys,
                                   .folder = command_option(line, "--data"),
                                   .listen = command_option(line, "--listen"),
                                   .is_plain = command_flag(line, "--plain")};

    if (!read_world(line, &options) || !command_is_understood(line))
        return EXIT_USAGE;
    if (!options.folder)
        options.folder = "myriad-demo";
    if (!options.listen)
        options.listen = "127.0.0.1:8080";
    switch (demo_run(&options, line->mem)) {
    case DEMO_ENDED:
        return EXIT_DONE;
    case DEMO_PROTECTED:
        return EXIT_PROTECT;
    case DEMO_FAILED:
        break;
    }
    return command_failed();
}
