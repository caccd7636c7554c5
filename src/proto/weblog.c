/* weblog.c - reads the fields of a combined log line from left to right.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/weblog.h"

#include <string.h>

/* Takes what stands before the next space. */
static bool take_word(str *rest, str *out)
{
    ptrdiff_t end = str_find(*rest, ' ');

    if (end <= 0)
        return false;
    *out = str_slice(*rest, 0, (size_t)end);
    *rest = str_slice(*rest, (size_t)end + 1, rest->len);
    return true;
}

/* Takes "..." with the space behind it, if there is one; a backslash guards the sign behind it. */
static bool take_quoted(str *rest, str *out)
{
    size_t at = 1;

    if (rest->len < 2 || rest->data[0] != '"')
        return false;
    for (;;) {
        const char *quote = memchr(rest->data + at, '"', rest->len - at);
        size_t end, guards = 0;

        if (!quote)
            return false;
        end = (size_t)(quote - rest->data);
        while (guards < end - 1 && rest->data[end - 1 - guards] == '\\')
            guards++;
        at = end + 1;
        if (guards % 2)
            continue;
        if (at < rest->len && rest->data[at] != ' ')
            return false;
        *out = str_slice(*rest, 1, end);
        *rest = str_slice(*rest, at + 1, rest->len);
        return true;
    }
}

static bool number(str text, size_t at, size_t count, int *out)
{
    int value = 0;

    for (size_t i = at; i < at + count; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';

        if (digit > 9)
            return false;
        value = value * 10 + (int)digit;
    }
    *out = value;
    return true;
}

static int month_of(const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int month = 0; month < 12; month++)
        if (memcmp(names + 3 * month, name, 3) == 0)
            return month + 1;
    return 0;
}

/* 17/May/2015:10:05:03 +0000 */
static bool read_time(str text, millis *out)
{
    int day, month, year, hour, minute, second, hours, minutes, checked_year, checked_month,
        checked_day;
    int64_t days;
    millis at, offset;

    if (text.len != 26 || text.data[2] != '/' || text.data[6] != '/' || text.data[11] != ':' ||
        text.data[14] != ':' || text.data[17] != ':' || text.data[20] != ' ' ||
        (text.data[21] != '+' && text.data[21] != '-'))
        return false;
    month = month_of(text.data + 3);
    if (!month || !number(text, 0, 2, &day) || !number(text, 7, 4, &year) ||
        !number(text, 12, 2, &hour) || !number(text, 15, 2, &minute) ||
        !number(text, 18, 2, &second) || !number(text, 22, 2, &hours) ||
        !number(text, 24, 2, &minutes))
        return false;
    if (year < 2 || year > 9998 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 ||
        hours > 23 || minutes > 59)
        return false;
    days = time_days(year, month, day);
    time_civil(days, &checked_year, &checked_month, &checked_day);
    if (checked_day != day)
        return false;
    at = days * MILLIS_DAY + hour * MILLIS_HOUR + minute * MILLIS_MINUTE + second * MILLIS_SECOND;
    offset = hours * MILLIS_HOUR + minutes * MILLIS_MINUTE;
    *out = at - (text.data[21] == '-' ? -offset : offset);
    return true;
}

/* METHOD target PROTOCOL, the last of which HTTP/0.9 leaves out. */
static bool read_request(str request, struct weblog_line *line)
{
    str target, method;
    const char *behind;

    if (!take_word(&request, &method))
        return false;
    for (size_t i = 0; i < method.len; i++)
        if (!((method.data[i] >= 'A' && method.data[i] <= 'Z') ||
              (method.data[i] >= 'a' && method.data[i] <= 'z') || method.data[i] == '-' ||
              method.data[i] == '_'))
            return false;
    target = request;
    behind = request.len ? memrchr(request.data, ' ', request.len) : NULL;
    if (behind && str_starts(str_slice(request, (size_t)(behind + 1 - request.data), request.len),
                             S("HTTP/")))
        target.len = (size_t)(behind - request.data);
    if (target.len == 0)
        return false;
    line->method = method;
    line->path = str_cut(&target, '?');
    return true;
}

static bool is_digits(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)(text.data[i] - '0') > 9)
            return false;
    return text.len > 0;
}

/* Status and size, which have no quotes around them. */
static bool read_figures(str *rest, struct weblog_line *line)
{
    str status, bytes;
    int code;

    if (!take_word(rest, &status) || status.len != 3 || !number(status, 0, 3, &code) || code < 100)
        return false;
    line->status = (uint32_t)code;
    if (!take_word(rest, &bytes))
        return false;
    if (str_equals(bytes, S("-")))
        return true;
    line->bytes = bytes;
    return is_digits(bytes) && bytes.len <= 18 && (bytes.len == 1 || bytes.data[0] != '0');
}

static str or_absent(str text)
{
    return text.len == 0 || str_equals(text, S("-")) ? (str){NULL, 0} : text;
}

const char *weblog_read(str text, struct weblog_line *out_line)
{
    struct weblog_line line = {0};
    str rest = text, ident, user, time, request;
    ptrdiff_t end;

    if (!take_word(&rest, &line.address) || !take_word(&rest, &ident))
        return "it is not a line of the combined log format";
    /* The name a visitor signed in with may hold spaces. */
    end = str_find(rest, '[');
    if (end < 2 || rest.data[end - 1] != ' ')
        return "it is not a line of the combined log format: no time in brackets";
    user = str_slice(rest, 0, (size_t)end);
    rest = str_slice(rest, user.len + 1, rest.len);
    end = str_find(rest, ']');
    time = str_slice(rest, 0, end < 0 ? 0 : (size_t)end);
    if (!read_time(time, &line.time))
        return "its time is not one such as [17/May/2015:10:05:03 +0000]";
    rest = str_slice(rest, time.len + 1, rest.len);
    if (rest.len == 0 || rest.data[0] != ' ')
        return "nothing stands behind its time";
    rest = str_slice(rest, 1, rest.len);
    if (!take_quoted(&rest, &request))
        return "its request has no quotes around it";
    if (!read_request(request, &line))
        return "its request is not a method and a path";
    if (!read_figures(&rest, &line))
        return "its status or its bytes are no number";
    if (!take_quoted(&rest, &line.referrer))
        return "its referrer has no quotes around it";
    if (!take_quoted(&rest, &line.agent))
        return "its user agent has no quotes around it";
    line.referrer = or_absent(line.referrer);
    *out_line = line;
    return NULL;
}
