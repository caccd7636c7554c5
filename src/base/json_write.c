/* json_write.c - JSON text out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"

#include "base/number.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

static void separate(struct json_writer *w)
{
    if (w->needs_comma)
        buf_add_byte(w->out, ',');
    w->needs_comma = true;
}

void json_open(struct json_writer *w, char bracket)
{
    separate(w);
    buf_add_byte(w->out, bracket);
    w->needs_comma = false;
}

void json_shut(struct json_writer *w, char bracket)
{
    buf_add_byte(w->out, bracket);
    w->needs_comma = true;
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\' && c != '<';
}

static void add_ascii_escape(struct buf *out, char c)
{
    static const char meanings[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    const char *found = memchr(meanings, c, sizeof meanings - 1);

    if (found) {
        buf_add_byte(out, '\\');
        buf_add_byte(out, letters[found - meanings]);
    } else {
        buf_print(out, "\\u%04x", (unsigned)c);
    }
}

/* Adds what is not plain at `at`; returns its length. */
static size_t add_special(struct buf *out, const char *at, const char *end)
{
    bool is_valid;
    size_t len = utf8_step(at, end, &is_valid);
    str text = str_from(at, len);

    if (!is_valid)
        buf_add(out, UTF8_REPLACEMENT);
    else if (len == 1)
        add_ascii_escape(out, *at);
    else if (str_equals(text, S("\xE2\x80\xA8"))) /* line ends to JavaScript before 2019 */
        buf_add(out, S("\\u2028"));
    else if (str_equals(text, S("\xE2\x80\xA9")))
        buf_add(out, S("\\u2029"));
    else
        buf_add(out, text);
    return len;
}

static void add_quoted(struct buf *out, str text)
{
    const char *at = text.data, *end = text.len ? at + text.len : at; /* it may be absent */

    buf_add_byte(out, '"');
    while (at < end) {
        const char *plain = at;
        while (at < end && is_plain(*at))
            at++;
        buf_add_bytes(out, plain, (size_t)(at - plain));
        if (at < end)
            at += add_special(out, at, end);
    }
    buf_add_byte(out, '"');
}

void json_key(struct json_writer *w, str name)
{
    separate(w);
    add_quoted(w->out, name);
    buf_add_byte(w->out, ':');
    w->needs_comma = false;
}

void json_text(struct json_writer *w, str text)
{
    separate(w);
    add_quoted(w->out, text);
}

void json_u64(struct json_writer *w, uint64_t number)
{
    separate(w);
    buf_add_u64(w->out, number);
}

void json_i64(struct json_writer *w, int64_t number)
{
    separate(w);
    buf_add_i64(w->out, number);
}

void json_double(struct json_writer *w, double number)
{
    if (!isfinite(number)) {
        json_null(w);
        return;
    }
    separate(w);
    number_write(w->out, number);
}

void json_bool(struct json_writer *w, bool yes)
{
    json_verbatim(w, yes ? S("true") : S("false"));
}

void json_null(struct json_writer *w)
{
    json_verbatim(w, S("null"));
}

void json_verbatim(struct json_writer *w, str json)
{
    separate(w);
    buf_add(w->out, json);
}

void json_time(struct json_writer *w, millis at)
{
    struct buf text = {0};

    time_write_utc(&text, at);
    w->out->broken |= buf_is_broken(&text);
    json_text(w, buf_str(&text));
    buf_done(&text);
}

void json_key_time(struct json_writer *w, str name, millis at)
{
    json_key(w, name);
    if (at)
        json_time(w, at);
    else
        json_null(w);
}
