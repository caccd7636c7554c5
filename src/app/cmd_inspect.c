/* cmd_inspect.c - myriad inspect: how a thing is read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "app/commands.h"
#include "app/config.h"
#include "collect/agent.h"
#include "collect/geography.h"
#include "collect/inspect.h"

/* The value as JSON text, padded: a word of the command line is a text unless it is an object. */
static fallible read_value(struct command_line *line, str word, struct json_reader *reader,
                           struct json *out_doc)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};
    enum err err;

    if (str_starts(word, S("{")))
        buf_add(&text, word);
    else
        json_text(&w, word);
    err = buf_is_broken(&text) ? arena_exhausted()
                               : json_parse_copy(reader, line->mem, buf_str(&text), out_doc);
    buf_done(&text);
    return err;
}

static fallible inspect(struct command_line *line, const struct config *config, str kind, str word,
                        struct buf *out)
{
    struct json_writer w = {.out = out};
    struct json_reader *reader = json_reader_open();
    struct geography *geography = NULL;
    struct agent_reader *agents = NULL;
    struct inspect_means means;
    struct json doc;
    enum err err = reader ? geography_open(str_of(config->mmdb), &geography) : arena_exhausted();

    if (!err)
        err = agent_open(&agents);
    if (!err)
        err = read_value(line, word, reader, &doc);
    means = (struct inspect_means){agents, geography};
    if (!err)
        err = inspect_write(&means, kind, &doc, 0, line->mem, &w);
    agent_close(agents);
    geography_close(geography);
    json_reader_close(reader);
    return err;
}

int command_inspect(struct command_line *line)
{
    const char *path = command_option(line, "--config");
    const char *kind = command_word(line), *word = command_word(line);
    struct config config;
    struct buf out = {0};
    int status;

    if (!kind || !word)
        return command_misused("inspect needs a kind and a value");
    if (!command_is_understood(line))
        return EXIT_USAGE;
    if (config_read(line->sys, path, &config) != OK ||
        inspect(line, &config, str_of(kind), str_of(word), &out) != OK)
        status = command_failed();
    else
        status = command_print(&out);
    buf_done(&out);
    return status;
}
