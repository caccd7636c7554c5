/* journal.c - the program's own log: one JSON object a line on standard error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/journal.h"

#include "base/json.h"
#include "sys/clock.h"
#include "sys/stream.h"

static void write_line(struct sys *sys, str level, const char *message, const char *detail)
{
    struct buf line = {0}, time = {0};
    struct json_writer w = {.out = &line};

    time_write_utc(&time, clock_now(sys));
    json_open(&w, '{');
    json_key(&w, S("time"));
    json_text(&w, buf_str(&time));
    json_key(&w, S("level"));
    json_text(&w, level);
    json_key(&w, S("message"));
    json_text(&w, str_of(message));
    if (detail) {
        json_key(&w, S("detail"));
        json_text(&w, str_of(detail));
    }
    json_shut(&w, '}');
    buf_add_byte(&line, '\n');
    if (stream_write(STREAM_ERROR, buf_str(&line)) != OK) {
        /* Nobody listens to standard error; there is nowhere else to say so. */
    }
    buf_done(&time);
    buf_done(&line);
}

void journal_info(struct sys *sys, const char *message, const char *detail)
{
    write_line(sys, S("info"), message, detail);
}

void journal_warning(struct sys *sys, const char *message, const char *detail)
{
    write_line(sys, S("warning"), message, detail);
}

void journal_error(struct sys *sys, const char *message, const char *detail)
{
    write_line(sys, S("error"), message, detail);
}
