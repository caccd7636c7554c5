/* command.h - the command line: what every command is given, and the table of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/time.h"

struct sys;

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_PROTECT = 70 };

/* The words behind the command's name. Options may stand anywhere. */
struct command_line {
    struct sys *sys;
    struct arena *mem;
    char **words;
    int count;
    bool *taken; /* words that an option used */
};

struct command {
    const char *name;
    const char *usage; /* behind the name */
    const char *help;  /* what it does, one line; more behind a newline */
    int (*run)(struct command_line *line);
};

int command_main(struct sys *sys, int argc, char **argv);

/* Options: "--name VALUE" or "--name=VALUE"; NULL when absent. Flags have no value. */
const char *command_option(struct command_line *line, const char *name);
bool command_flag(struct command_line *line, const char *name);
/* The next word that is no option, or NULL. Take options first. */
const char *command_word(struct command_line *line);
/* True when every word was used; else says which one was not understood. */
bool command_is_understood(struct command_line *line);

/* Says a sentence on standard error: "myriad: SENTENCE". */
void command_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says the sentence of the latest failure; EXIT_FAILED. */
int command_failed(void);
/* Says what is wrong with the words; EXIT_USAGE. */
int command_misused(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Writes a result to standard output, with a newline; EXIT_DONE or EXIT_FAILED. */
int command_print(const struct buf *out);
