/* dialect.c - writes what a dialect tells as one batch of messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/dialect.h"

#include "proto/form.h"

#include <sodium.h>
#include <string.h>

enum {
    DAY_LEN = 10 /* YYYY-MM-DD */,
    BATCH_MOST = 16 << 20, /* bytes: each event of a request repeats what the request tells */
};

static const char IMAGE[] = "GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,"
                            "\0\0\0\0\x01\0\x01\0\0\x02\x02"
                            "D\x01\0;";

static const struct {
    str parameter, member;
} CAMPAIGN[] = {
    {{"utm_source", 10}, {"source", 6}},   {{"utm_medium", 10}, {"medium", 6}},
    {{"utm_campaign", 12}, {"name", 4}},   {{"utm_term", 8}, {"term", 4}},
    {{"utm_content", 11}, {"content", 7}},
};

static void add_text(struct json_writer *w, str name, str text)
{
    if (!text.len)
        return;
    json_key(w, name);
    json_text(w, text);
}

static void add_json(struct json_writer *w, str name, str json)
{
    if (!json.len)
        return;
    json_key(w, name);
    json_verbatim(w, json);
}

/* Without the fragment: it never goes over the wire of a page view. */
static str search_of(str url)
{
    str rest = url;

    url = str_cut(&rest, '#');
    rest = url;
    str_cut(&rest, '?');
    return rest;
}

static str path_of(str url)
{
    str rest = url;
    ptrdiff_t slash;

    url = str_cut(&rest, '#');
    rest = url;
    url = str_cut(&rest, '?');
    for (size_t i = 0; i + 3 <= url.len; i++) {
        if (!str_starts(str_slice(url, i, url.len), S("://")))
            continue;
        url = str_slice(url, i + 3, url.len);
        slash = str_find(url, '/');
        return slash < 0 ? S("/") : str_slice(url, (size_t)slash, url.len);
    }
    return url;
}

static void write_page(struct dialect_out *out, const struct dialect_event *event)
{
    struct json_writer *w = &out->writer;
    str search = search_of(event->url);

    if (!event->url.len && !event->title.len && !event->referrer.len)
        return;
    json_key(w, S("page"));
    json_open(w, '{');
    add_text(w, S("url"), event->url);
    add_text(w, S("path"), event->url.len ? path_of(event->url) : (str){NULL, 0});
    if (search.len)
        add_text(w, S("search"), arena_print(out->mem, "?%.*s", STR_ARG(search)));
    add_text(w, S("title"), event->title);
    add_text(w, S("referrer"), event->referrer);
    json_shut(w, '}');
}

static void write_campaign(struct dialect_out *out, str search)
{
    struct json_writer *w = &out->writer;
    bool is_open = false;

    for (size_t i = 0; i < sizeof CAMPAIGN / sizeof *CAMPAIGN; i++) {
        str value = form_find(search, CAMPAIGN[i].parameter, out->mem);

        if (!value.len)
            continue;
        if (!is_open) {
            json_key(w, S("campaign"));
            json_open(w, '{');
            is_open = true;
        }
        add_text(w, CAMPAIGN[i].member, value);
    }
    if (is_open)
        json_shut(w, '}');
}

/* Only of what is two numbers. */
static void write_screen(struct json_writer *w, str screen)
{
    str height = screen, width = str_cut(&height, 'x');
    uint64_t wide, high;

    if (!str_to_u64(width, &wide) || !str_to_u64(height, &high))
        return;
    json_key(w, S("screen"));
    json_open(w, '{');
    json_key(w, S("width"));
    json_u64(w, wide);
    json_key(w, S("height"));
    json_u64(w, high);
    json_shut(w, '}');
}

/* The first of a list such as Accept-Language. */
static str first_language(str accepted)
{
    str first = str_cut(&accepted, ',');

    first = str_trim(str_cut(&first, ';'));
    return str_equals(first, S("*")) ? (str){NULL, 0} : first;
}

static void write_context(struct dialect_out *out, const struct dialect_event *event)
{
    struct json_writer *w = &out->writer;

    json_key(w, S("context"));
    json_open(w, '{');
    write_page(out, event);
    write_campaign(out, search_of(event->url));
    add_text(w, S("userAgent"), event->agent.data ? event->agent : out->request->agent);
    add_text(w, S("locale"),
             first_language(event->locale.data ? event->locale : out->request->language));
    add_text(w, S("timezone"), event->timezone);
    add_text(w, S("ip"), event->address); /* used and not stored: see enrich.h */
    write_screen(w, event->screen);
    json_key(w, S("library"));
    json_open(w, '{');
    add_text(w, S("name"), out->library);
    json_shut(w, '}');
    json_shut(w, '}');
}

/* Who sent it, if nothing else tells: an address holds no space, so no two write the same. */
static void write_visitor(struct dialect_out *out, const struct dialect_event *event)
{
    str day = dialect_time(out, out->request->received);
    str agent = event->agent.data ? event->agent : out->request->agent;
    str address = event->address.data ? event->address : out->request->address;

    add_text(&out->writer, S("visitor"),
             arena_print(out->mem, "%.*s %.*s %.*s", STR_ARG(address), DAY_LEN,
                         day.data ? day.data : "", STR_ARG(agent)));
}

void dialect_add(struct dialect_out *out, const struct dialect_event *event)
{
    struct json_writer *w = &out->writer;
    bool is_track = str_equals(event->type, S("track"));

    if (out->text.len > BATCH_MOST)
        return; /* dialect_read refuses the whole */
    json_open(w, '{');
    add_text(w, S("type"), event->type);
    add_text(w, is_track ? S("event") : S("name"), event->name);
    add_text(w, S("messageId"), event->message_id);
    add_text(w, S("timestamp"), event->timestamp);
    add_text(w, S("sentAt"), event->sent_at);
    add_text(w, S("userId"), event->user);
    add_text(w, S("anonymousId"), event->anonymous);
    if (!event->user.len && !event->anonymous.len)
        write_visitor(out, event);
    add_text(w, S("previousId"), event->previous);
    add_text(w, S("groupId"), event->group);
    write_context(out, event);
    add_json(w, S("properties"), event->properties);
    add_json(w, S("traits"), event->traits);
    json_shut(w, '}');
}

fallible dialect_read(const struct dialect *dialect, struct dialect_out *out, str *out_batch)
{
    char *padded = NULL;
    enum err err;

    out->library = str_of(dialect->name);
    out->status = 200;
    out->text = (struct buf){0};
    out->writer = (struct json_writer){.out = &out->text};
    json_open(&out->writer, '{');
    json_key(&out->writer, S("batch"));
    json_open(&out->writer, '[');
    err = dialect->read(out);
    if (!err && arena_is_exhausted(out->mem))
        err = arena_exhausted();
    json_shut(&out->writer, ']');
    add_text(&out->writer, S("sentAt"), out->sent_at);
    json_shut(&out->writer, '}');
    if (!err && out->text.len > BATCH_MOST)
        err =
            fail(ERR_LIMIT, "the events are larger than 16 MB with what the request tells of each");
    if (!err && !buf_is_broken(&out->text))
        padded = arena_take(out->mem, out->text.len + JSON_PADDING);
    if (padded) {
        memcpy(padded, out->text.data, out->text.len);
        *out_batch = str_from(padded, out->text.len);
    } else if (!err) {
        err = arena_exhausted();
    }
    buf_done(&out->text);
    return err;
}

/* For dialects */

void dialect_add_json(struct dialect_out *out, str json)
{
    json_verbatim(&out->writer, json);
}

fallible dialect_parse(struct dialect_out *out, str text, struct json *out_doc)
{
    TRY(json_parse(out->reader, out->mem, text, out_doc));
    if (json_type_of(out_doc, 0) != JSON_OBJECT)
        return fail(ERR_INVALID, "the body must be a JSON object");
    return OK;
}

str dialect_text(const struct dialect_out *out, const struct json *doc, uint32_t object,
                 const char *key)
{
    uint32_t at = json_type_of(doc, object) == JSON_OBJECT ? json_find(doc, object, str_of(key))
                                                           : JSON_ABSENT;
    str text = {NULL, 0};

    if (at != JSON_ABSENT && json_type_of(doc, at) == JSON_STRING)
        text = json_string(doc, at, out->mem);
    else if (at != JSON_ABSENT && json_type_of(doc, at) == JSON_NUMBER)
        text = json_raw(doc, at);
    return text.len ? text : (str){NULL, 0};
}

str dialect_query(const struct dialect_out *out, const char *name)
{
    str value = form_find(out->request->query, str_of(name), out->mem);

    return value.len ? value : (str){NULL, 0};
}

str dialect_time(const struct dialect_out *out, millis at)
{
    static const millis least = -62135596800000, most = 253402300799999; /* years 1 to 9999 */
    struct buf text = {0};

    if (at < least || at > most)
        return (str){NULL, 0};
    time_write_utc(&text, at);
    return dialect_keep(out, &text);
}

str dialect_base64(const struct dialect_out *out, str text)
{
    static const int variants[] = {
        sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
        sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
    char *bytes = arena_take(out->mem, text.len + JSON_PADDING);
    size_t len;

    for (size_t i = 0; bytes && i < sizeof variants / sizeof *variants; i++)
        if (sodium_base642bin((unsigned char *)bytes, text.len, text.data, text.len, " \r\n", &len,
                              NULL, variants[i]) == 0)
            return str_from(bytes, len);
    return (str){NULL, 0};
}

/* RFC 8259, section 6. */
static bool is_number(str text)
{
    size_t at = 0, from;

    if (at < text.len && text.data[at] == '-')
        at++;
    from = at;
    while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9')
        at++;
    if (at == from || (text.data[from] == '0' && at > from + 1))
        return false;
    if (at < text.len && text.data[at] == '.') {
        from = ++at;
        while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9')
            at++;
        if (at == from)
            return false;
    }
    return at == text.len;
}

void dialect_value(struct json_writer *w, str text)
{
    if (is_number(text))
        json_verbatim(w, text);
    else
        json_text(w, text);
}

str dialect_keep(const struct dialect_out *out, struct buf *text)
{
    str kept = buf_is_broken(text) ? (str){NULL, 0} : arena_dup(out->mem, buf_str(text));

    buf_done(text);
    return kept;
}

void dialect_answer_image(struct dialect_out *out)
{
    out->media = S("image/gif");
    out->body = str_from(IMAGE, sizeof IMAGE - 1);
}

void dialect_add_visitor(struct dialect_out *out)
{
    write_visitor(out, &(struct dialect_event){0});
}
