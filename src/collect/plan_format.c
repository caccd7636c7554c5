/* plan_format.c - the formats: each a function over a text, in one pass.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/plan_format.h"

#include "base/time.h"

enum { LONGEST_LOCAL = 64, LONGEST_HOST = 253, LONGEST_LABEL = 63, UUID_LEN = 36, IPV4_PARTS = 4 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Does the text begin with such a form: 'd' stands for a digit, all else for itself? */
static bool has_form(str text, str form)
{
    if (text.len < form.len)
        return false;
    for (size_t i = 0; i < form.len; i++)
        if (form.data[i] == 'd' ? !is_digit(text.data[i]) : text.data[i] != form.data[i])
            return false;
    return true;
}

static bool is_date(str text)
{
    int64_t days;

    return text.len == 10 && has_form(text, S("dddd-dd-dd")) && time_parse_date(text, &days) == OK;
}

static bool is_offset(str text)
{
    if (text.len == 1)
        return *text.data == 'Z' || *text.data == 'z';
    return text.len == 6 && (has_form(text, S("+dd:dd")) || has_form(text, S("-dd:dd")));
}

/* RFC 3339 to the letter; what it leaves open time_parse decides. */
static bool is_date_time(str text)
{
    size_t at = 19;
    millis time;

    if (!has_form(text, S("dddd-dd-dd")) || text.len < at + 1 ||
        (text.data[10] != 'T' && text.data[10] != 't') ||
        !has_form(str_slice(text, 11, text.len), S("dd:dd:dd")))
        return false;
    if (text.data[at] == '.') {
        at++;
        if (at >= text.len || !is_digit(text.data[at]))
            return false;
        while (at < text.len && is_digit(text.data[at]))
            at++;
    }
    return is_offset(str_slice(text, at, text.len)) && time_parse(text, &time) == OK;
}

static bool is_label(str label)
{
    if (!label.len || label.len > LONGEST_LABEL || label.data[0] == '-' ||
        label.data[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_letter(label.data[i]) && !is_digit(label.data[i]) && label.data[i] != '-' &&
            (unsigned char)label.data[i] < 0x80)
            return false;
    return true;
}

static bool is_host(str host)
{
    if (!host.len || host.len > LONGEST_HOST)
        return false;
    while (host.data)
        if (!is_label(str_cut(&host, '.')))
            return false;
    return true;
}

/* As browsers check <input type=email>, which is what people write (WHATWG HTML). */
static bool is_email(str text)
{
    str host = text, local = str_cut(&host, '@');

    if (!host.data || !local.len || local.len > LONGEST_LOCAL)
        return false;
    for (size_t i = 0; i < local.len; i++)
        if (!is_letter(local.data[i]) && !is_digit(local.data[i]) &&
            (unsigned char)local.data[i] < 0x80 &&
            str_find(S(".!#$%&'*+/=?^_`{|}~-"), local.data[i]) < 0)
            return false;
    return is_host(host);
}

/* A scheme, and behind it nothing that RFC 3986 forbids. */
static bool is_uri(str text)
{
    str rest = text, scheme = str_cut(&rest, ':');

    if (!rest.data || !scheme.len || !is_letter(scheme.data[0]))
        return false;
    for (size_t i = 0; i < scheme.len; i++)
        if (!is_letter(scheme.data[i]) && !is_digit(scheme.data[i]) &&
            str_find(S("+.-"), scheme.data[i]) < 0)
            return false;
    for (size_t i = 0; i < rest.len; i++) {
        unsigned char c = (unsigned char)rest.data[i];

        if (c <= ' ' || c >= 0x7f || str_find(S("\"<>\\^`{|}"), rest.data[i]) >= 0)
            return false;
        if (c == '%' &&
            (rest.len - i < 3 || str_hex(rest.data[i + 1]) < 0 || str_hex(rest.data[i + 2]) < 0))
            return false;
    }
    return true;
}

static bool is_uuid(str text)
{
    if (text.len != UUID_LEN)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (is_dash ? text.data[i] != '-' : str_hex(text.data[i]) < 0)
            return false;
    }
    return true;
}

static bool is_ipv4(str text)
{
    int parts = 0;

    while (text.data) {
        str part = str_cut(&text, '.');
        uint64_t number;

        if (!str_to_u64(part, &number) || number > 255 || (part.len > 1 && part.data[0] == '0'))
            return false;
        parts++;
    }
    return parts == IPV4_PARTS;
}

static const struct plan_format FORMATS[] = {
    {"date-time", "2026-11-21T09:30:00Z", is_date_time},
    {"date", "2026-11-21", is_date},
    {"email", "ann@example.com", is_email},
    {"uri", "https://example.com/a", is_uri},
    {"uuid", "0b8f9a3e-6f0e-4c5a-9a54-0d3a5e6f7a81", is_uuid},
    {"hostname", "shop.example.com", is_host},
    {"ipv4", "192.0.2.1", is_ipv4},
};

const struct plan_format *plan_format_find(str name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++)
        if (str_equals(name, str_of(FORMATS[i].name)))
            return &FORMATS[i];
    return NULL;
}

const char *plan_format_names(void)
{
    return "date-time, date, email, uri, uuid, hostname, ipv4";
}
