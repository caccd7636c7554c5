/* message.c - one Segment message: read, checked, made ready for the log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/message.h"

#include "collect/enrich.h"
#include "collect/visitor.h"

#include <assert.h>
#include <string.h>

enum {
    SKEW_TOLERATED = 10 * 1000, /* ms: less is the network's delay, not a wrong clock */
    FUTURE_TOLERATED = 5 * 60 * 1000,
    DATE_LEN = 10,    /* YYYY-MM-DD */
    STORED_MORE = 64, /* bytes of keys, quotes and commas that a message had not */
};

struct fields {
    uint32_t type, action, event, name, user, user_id, anonymous, previous, message_id, timestamp,
        sent_at, context, write_key, visitor;
    bool has_twins; /* `context` stands there more than once */
};

static const struct {
    const char *name;
    enum event_type type;
} TYPES[] = {
    {"track", EVENT_TRACK},       {"page", EVENT_PAGE},   {"screen", EVENT_SCREEN},
    {"identify", EVENT_IDENTIFY}, {"group", EVENT_GROUP}, {"alias", EVENT_ALIAS},
};

static fallible misfit(struct message *message, str reason)
{
    message->is_misfit = true;
    message->reason = reason;
    return OK;
}

static const struct known_field {
    str name;
    size_t offset;
} FIELDS[] = {
    {{"type", 4}, offsetof(struct fields, type)},
    {{"name", 4}, offsetof(struct fields, name)},
    {{"event", 5}, offsetof(struct fields, event)},
    {{"action", 6}, offsetof(struct fields, action)}, /* of older senders, as is user_id */
    {{"userId", 6}, offsetof(struct fields, user)},
    {{"sentAt", 6}, offsetof(struct fields, sent_at)},
    {{"user_id", 7}, offsetof(struct fields, user_id)},
    {{"context", 7}, offsetof(struct fields, context)},
    {{"visitor", 7}, offsetof(struct fields, visitor)},
    {{"writeKey", 8}, offsetof(struct fields, write_key)},
    {{"messageId", 9}, offsetof(struct fields, message_id)},
    {{"timestamp", 9}, offsetof(struct fields, timestamp)},
    {{"previousId", 10}, offsetof(struct fields, previous)},
    {{"anonymousId", 11}, offsetof(struct fields, anonymous)},
};

enum { FIELD_COUNT = sizeof FIELDS / sizeof FIELDS[0], SHORTEST_NAME = 4, LONGEST_NAME = 11 };

/* Where the names of each length begin in FIELDS. */
static const uint8_t BY_LENGTH[] = {0, 2, 3, 6, 9, 10, 12, 13, FIELD_COUNT};

_Static_assert(sizeof BY_LENGTH == LONGEST_NAME - SHORTEST_NAME + 2, "one more than lengths");

/* The last of equal keys wins, as everywhere. */
static void find_fields(const struct json *doc, uint32_t at, struct fields *out)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        *(uint32_t *)((char *)out + FIELDS[i].offset) = JSON_ABSENT;
    out->has_twins = false;
    EACH_MEMBER(doc, at, key, value)
    {
        const struct json_node *node = &doc->nodes[key];
        size_t len = node->end - 1 - node->start, from = 0, to = FIELD_COUNT;

        if (!node->is_escaped) {
            if (len < SHORTEST_NAME || len > LONGEST_NAME)
                continue;
            from = BY_LENGTH[len - SHORTEST_NAME];
            to = BY_LENGTH[len - SHORTEST_NAME + 1];
        }
        for (size_t i = from; i < to; i++)
            if ((node->is_escaped || doc->text.data[node->start] == *FIELDS[i].name.data) &&
                json_is_string(doc, key, FIELDS[i].name)) {
                uint32_t *place = (uint32_t *)((char *)out + FIELDS[i].offset);

                out->has_twins |= place == &out->context && *place != JSON_ABSENT;
                *place = value;
            }
    }
}

/* A text, or a number as it was written; null and "" count as not sent. */
static fallible read_identifier(const struct json *doc, uint32_t at, const char *name,
                                struct arena *mem, struct message *message, str *out)
{
    str text;

    if (at == JSON_ABSENT || json_type_of(doc, at) == JSON_NULL)
        return OK;
    if (json_type_of(doc, at) == JSON_NUMBER) {
        text = json_raw(doc, at);
    } else if (json_type_of(doc, at) == JSON_STRING) {
        text = json_string(doc, at, mem);
        if (!text.data)
            return arena_exhausted();
    } else {
        return misfit(message, arena_print(mem, "\"%s\" must be a string", name));
    }
    if (text.len > MESSAGE_MOST_IDENTIFIER)
        return misfit(message, arena_print(mem, "\"%s\" is longer than %d bytes", name,
                                           MESSAGE_MOST_IDENTIFIER));
    if (text.len)
        *out = text;
    return OK;
}

/* Only of an event that says in no other way whose it is. */
static fallible read_visitor(const struct json *doc, struct fields *fields, const hash_key *key,
                             struct arena *mem, struct message *message)
{
    bool is_one = key && fields->visitor != JSON_ABSENT && !message->user.data &&
                  !message->anonymous.data && json_type_of(doc, fields->visitor) == JSON_STRING &&
                  !json_is_string(doc, fields->visitor, S(""));
    char *id;
    str who;

    if (!is_one) {
        fields->visitor = JSON_ABSENT;
        return OK;
    }
    who = json_string(doc, fields->visitor, mem);
    id = arena_take(mem, VISITOR_BYTES);
    if (!id || !who.data)
        return arena_exhausted();
    visitor_write(key, who, id);
    message->anonymous = str_from(id, VISITOR_BYTES);
    return OK;
}

static enum event_type find_type(str name)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (str_equals(name, str_of(TYPES[i].name)))
            return TYPES[i].type;
    return 0;
}

static fallible read_type(const struct json *doc, const struct fields *fields,
                          const struct message_setting *setting, struct arena *mem,
                          struct message *message)
{
    str type = setting->type;

    if (!type.data && fields->type != JSON_ABSENT)
        message->type = find_type(json_string(doc, fields->type, mem));
    else if (!type.data && fields->action != JSON_ABSENT)
        message->type = find_type(json_string(doc, fields->action, mem));
    else
        message->type = find_type(type);
    if (!message->type && !type.data && fields->type == JSON_ABSENT && fields->event != JSON_ABSENT)
        message->type = EVENT_TRACK; /* an event's name without a type can be nothing else */
    if (!message->type)
        return misfit(message,
                      S("\"type\" must be one of track, page, screen, identify, group, alias"));
    return OK;
}

/* A name's bytes are counted as they are meant, however they were escaped. */
static fallible check_name(const struct json *doc, const struct fields *fields, struct arena *mem,
                           struct message *message)
{
    uint32_t at = fields->event;
    size_t size;

    if (message->type != EVENT_TRACK)
        return OK;
    if (at == JSON_ABSENT || json_type_of(doc, at) != JSON_STRING)
        return misfit(message, S("\"event\" must be the event's name, a string"));
    size = doc->nodes[at].end - doc->nodes[at].start - 1;
    if (size == 0)
        return misfit(message, S("\"event\" is empty: give the event a name"));
    if (size > MESSAGE_MOST_NAME && doc->nodes[at].is_escaped) {
        str name = json_string(doc, at, mem);

        if (!name.data)
            return arena_exhausted();
        size = name.len;
    }
    if (size > MESSAGE_MOST_NAME)
        return misfit(message, S("\"event\" is longer than 1,024 bytes"));
    return OK;
}

static bool read_time(const struct json *doc, uint32_t at, struct arena *mem, millis *out)
{
    str text = json_string(doc, at, mem);
    int64_t days;

    if (!text.data)
        return false;
    if (text.len != DATE_LEN) /* asked first: a refusal writes a sentence, which costs */
        return time_parse(text, out) == OK;
    if (time_parse_date(text, &days) != OK)
        return false;
    *out = days * MILLIS_DAY;
    return true;
}

/* When it happened: as it says, moved by how far the sender's clock is off, never in the future. */
static fallible settle_time(const struct json *doc, const struct fields *fields,
                            const struct message_setting *setting, struct arena *mem,
                            struct message *message)
{
    millis sent_at, skew = 0;
    bool has_sent_at;

    message->time = setting->received;
    if (fields->timestamp == JSON_ABSENT || json_type_of(doc, fields->timestamp) == JSON_NULL) {
        message->flags |= EVENT_TIME_ABSENT;
        return OK;
    }
    if (!read_time(doc, fields->timestamp, mem, &message->time))
        return misfit(message, S("\"timestamp\" must be a time such as 2026-11-21T09:30:00.125Z"));
    if (setting->is_history)
        return OK;
    has_sent_at = setting->sent_at.data ? time_parse(setting->sent_at, &sent_at) == OK
                                        : fields->sent_at != JSON_ABSENT &&
                                              read_time(doc, fields->sent_at, mem, &sent_at);
    if (has_sent_at)
        skew = setting->received - sent_at;
    if (skew > SKEW_TOLERATED || skew < -SKEW_TOLERATED) {
        message->time += skew;
        message->flags |= EVENT_TIME_CORRECTED;
    }
    if (message->time > setting->received + FUTURE_TOLERATED) {
        message->time = setting->received;
        message->flags = EVENT_TIME_FUTURE;
    }
    return OK;
}

/* What is stored */

/* One message on its way into the log. */
struct storing {
    const struct json *doc;
    uint32_t at;
    const struct fields *fields;
    uint32_t own, shared; /* contexts, or JSON_ABSENT */
    bool is_merged;       /* `context` is written anew: of these two, with what was found out */
    str visitor;          /* the member that tells who it was found to be; absent: none */
    struct enrich_call *enrich;
    struct enriched more;
    struct message *message;
    struct json_writer writer;
};

static bool has_member(const struct json *doc, uint32_t object, uint32_t wanted)
{
    EACH_MEMBER(doc, object, key, value)
    {
        (void)value;
        if (str_equals(json_raw(doc, key), json_raw(doc, wanted)))
            return true;
    }
    return false;
}

/* From a member's key to the end of another's value, as it stands in the document. */
static str between(const struct json *doc, uint32_t key, uint32_t value)
{
    str first = json_raw(doc, key), last = json_raw(doc, value);

    return str_from(first.data, (size_t)(last.data + last.len - first.data));
}

static bool is_dropped(const struct storing *s, uint32_t key)
{
    return s->enrich && s->more.has_drops && enrich_drops(s->enrich, s->doc, key);
}

/* What a member's value gains, or NULL. */
static const struct enriched_member *gain_of(const struct storing *s, uint32_t value)
{
    for (size_t i = 0; i < s->more.count; i++)
        if (s->more.members[i].into == value)
            return &s->more.members[i];
    return NULL;
}

/* Before the others: of equal names what was sent comes later and counts. */
static void write_gained(struct storing *s, uint32_t key, const struct enriched_member *gain)
{
    struct json_writer *w = &s->writer;
    str raw = json_raw(s->doc, key + 1), text = gain->text;

    if (json_type_of(s->doc, key + 1) != JSON_OBJECT) {
        json_verbatim(w, text);
        return;
    }
    json_verbatim(w, json_raw(s->doc, key));
    buf_add(w->out, S(":"));
    buf_add(w->out, str_slice(text, gain->name, text.len - 1));
    if (s->doc->nodes[key + 1].next > key + 2)
        buf_add_byte(w->out, ',');
    buf_add(w->out, str_slice(raw, 1, raw.len));
}

static void write_member(struct storing *s, uint32_t key)
{
    const struct enriched_member *gain = gain_of(s, key + 1);

    if (gain)
        write_gained(s, key, gain);
    else if (!is_dropped(s, key))
        json_verbatim(&s->writer, between(s->doc, key, key + 1));
}

static void write_context(struct storing *s)
{
    json_key(&s->writer, S("context"));
    json_open(&s->writer, '{');
    if (s->own != JSON_ABSENT)
        EACH_MEMBER(s->doc, s->own, key, value)
        {
            (void)value;
            write_member(s, key);
        }
    if (s->shared != JSON_ABSENT)
        EACH_MEMBER(s->doc, s->shared, key, value)
        {
            (void)value;
            if (s->own == JSON_ABSENT || !has_member(s->doc, s->own, key))
                write_member(s, key);
        }
    for (size_t i = 0; i < s->more.count; i++)
        if (s->more.members[i].into == JSON_ABSENT)
            json_verbatim(&s->writer, s->more.members[i].text);
    json_shut(&s->writer, '}');
}

static bool is_sent(const struct json *doc, uint32_t at)
{
    return at != JSON_ABSENT && json_type_of(doc, at) != JSON_NULL;
}

/* Not what only the way here needed, and of a visitor nothing but who it was found to be. */
static bool is_stored(const struct storing *s, uint32_t key)
{
    const struct json *doc = s->doc;

    if (s->visitor.data &&
        (json_is_string(doc, key, S("visitor")) || json_is_string(doc, key, S("anonymousId"))))
        return false;
    if ((s->is_merged || (s->fields->has_twins && key + 1 != s->fields->context)) &&
        json_is_string(doc, key, S("context")))
        return false;
    return !json_is_string(doc, key, S("writeKey")) && !json_is_string(doc, key, S("sentAt"));
}

/* What is stored of the message as it stands there, in runs. */
static void write_members(struct storing *s)
{
    uint32_t first = JSON_ABSENT, last = JSON_ABSENT;

    EACH_MEMBER(s->doc, s->at, key, value)
    {
        if (is_stored(s, key)) {
            first = first == JSON_ABSENT ? key : first;
            last = value;
            continue;
        }
        if (first != JSON_ABSENT)
            json_verbatim(&s->writer, between(s->doc, first, last));
        first = JSON_ABSENT;
        if (s->visitor.data && value == s->fields->visitor)
            json_verbatim(&s->writer, s->visitor);
    }
    if (first != JSON_ABSENT)
        json_verbatim(&s->writer, between(s->doc, first, last));
}

/* Room for all that is stored: parts of the message, and at the most the context and a visitor. */
static fallible open_stored(const struct storing *s, struct arena *mem, struct buf *out_text)
{
    size_t room = json_raw(s->doc, s->at).len + s->visitor.len + s->more.bytes;

    room += STORED_MORE;
    if (s->shared != JSON_ABSENT)
        room += json_raw(s->doc, s->shared).len;
    if (s->more.has_visitor)
        room += MESSAGE_NEWS;
    *out_text = (struct buf){.data = arena_take(mem, room), .room = room};
    return out_text->data ? OK : arena_exhausted();
}

static void write_all(struct storing *s, struct buf *text)
{
    text->len = 0;
    s->writer = (struct json_writer){.out = text};
    json_open(&s->writer, '{');
    write_members(s);
    if (s->is_merged)
        write_context(s);
    json_shut(&s->writer, '}');
}

/* The hash is of what was sent, not of what was found out: sent again it is the same one, whatever
 * is found out then. No address is in it either, which would be found by trying all. */
static fallible write_stored(struct storing *s, struct arena *mem, bool differs)
{
    size_t count = s->more.count;
    str sent = json_raw(s->doc, s->at);
    struct buf text;
    const char *place;

    TRY(open_stored(s, mem, &text));
    place = text.data;
    s->is_merged = s->shared != JSON_ABSENT || s->more.has_drops;
    s->more.count = 0;
    if (differs) {
        write_all(s, &text);
        sent = buf_str(&text);
    }
    s->message->sent_hash = hash_checksum(sent.data, sent.len);
    s->more.count = count;
    if (count) {
        s->is_merged = true;
        write_all(s, &text);
    }
    assert(text.data == place); /* it did not have to grow */
    s->message->json = buf_str(&text);
    if (s->more.has_visitor && s->is_merged && s->message->anonymous.data)
        s->message->news = text.data + text.len - 2; /* the context ends there, it is the last */
    return OK;
}

static uint32_t object_or_absent(const struct json *doc, uint32_t at)
{
    return at != JSON_ABSENT && json_type_of(doc, at) == JSON_OBJECT ? at : JSON_ABSENT;
}

/* A visitor's id needs no escapes. */
static fallible name_visitor(struct storing *s, struct arena *mem)
{
    if (s->fields->visitor == JSON_ABSENT)
        return OK;
    s->visitor = arena_print(mem, "\"anonymousId\":\"%.*s\"", STR_ARG(s->message->anonymous));
    return s->visitor.data ? OK : arena_exhausted();
}

/* It may be stored as it was sent: then nothing is written. */
static fallible write_if_needed(struct storing *s, struct arena *mem)
{
    const struct fields *fields = s->fields;
    bool differs = s->shared != JSON_ABSENT || s->more.has_drops || fields->has_twins ||
                   fields->write_key != JSON_ABSENT || fields->sent_at != JSON_ABSENT ||
                   s->visitor.data;

    return differs || s->more.count ? write_stored(s, mem, differs) : OK;
}

static fallible find_out(struct storing *s)
{
    const struct message *message = s->message;
    struct enrich_event event = {
        .message = s->at,
        .own = s->own,
        .shared = s->shared,
        .visitor = message->anonymous.len ? message->anonymous : message->user,
        .is_view = message->type == EVENT_PAGE || message->type == EVENT_SCREEN,
        .at = message->time,
    };

    if (s->fields->visitor != JSON_ABSENT)
        event.visitor = (str){NULL, 0}; /* address and agent, which many may share */
    TRY(enrich_read(s->enrich, s->doc, &event, &s->more));
    s->message->person = s->more.person;
    return OK;
}

static fallible settle_stored(const struct json *doc, uint32_t at, const struct fields *fields,
                              const struct message_setting *setting, struct arena *mem,
                              struct message *message)
{
    struct storing s = {
        .doc = doc,
        .at = at,
        .fields = fields,
        .own = object_or_absent(doc, fields->context),
        .shared = object_or_absent(doc, setting->context),
        .enrich = setting->enrich,
        .message = message,
    };

    if (s.own == JSON_ABSENT && is_sent(doc, fields->context)) {
        s.shared = JSON_ABSENT; /* nothing can be added to what is no object */
        s.enrich = NULL;
    }
    if (s.enrich)
        TRY(find_out(&s));
    TRY(name_visitor(&s, mem));
    TRY(write_if_needed(&s, mem));
    if (s.more.count && message->json.len + MESSAGE_NEWS > MESSAGE_MOST_BYTES) {
        s.more.count = 0; /* then without what was found out */
        s.more.has_visitor = false;
        message->news = NULL;
        message->json = json_raw(doc, at);
        TRY(write_if_needed(&s, mem));
    }
    return message->json.len <= MESSAGE_MOST_BYTES
               ? OK
               : misfit(message, S("the event is larger than 32 KB with the batch's context"));
}

static fallible read_fields(const struct json *doc, uint32_t at, struct fields *fields,
                            const struct message_setting *setting, struct arena *mem,
                            struct message *message)
{
    uint32_t user = fields->user != JSON_ABSENT ? fields->user : fields->user_id;

    TRY(read_identifier(doc, user, "userId", mem, message, &message->user));
    TRY(read_identifier(doc, fields->anonymous, "anonymousId", mem, message, &message->anonymous));
    TRY(read_visitor(doc, fields, setting->visitors, mem, message));
    TRY(read_identifier(doc, fields->previous, "previousId", mem, message, &message->previous));
    TRY(read_identifier(doc, fields->message_id, "messageId", mem, message, &message->message_id));
    if (!message->is_misfit)
        TRY(read_type(doc, fields, setting, mem, message));
    if (!message->is_misfit)
        TRY(check_name(doc, fields, mem, message));
    if (!message->is_misfit)
        TRY(settle_time(doc, fields, setting, mem, message));
    if (message->is_misfit)
        return OK;
    if (!message->user.data && !message->anonymous.data)
        return misfit(message, S("needs a \"userId\" or an \"anonymousId\""));
    if (message->type == EVENT_ALIAS && (!message->user.data || !message->previous.data))
        return misfit(message, S("an alias needs a \"userId\" and a \"previousId\""));
    return settle_stored(doc, at, fields, setting, mem, message);
}

static bool has_drops(const struct json *doc, uint32_t context, const struct enrich_call *enrich)
{
    if (context != JSON_ABSENT && enrich)
        EACH_MEMBER(doc, context, key, value)
        {
            (void)value;
            if (enrich_drops(enrich, doc, key))
                return true;
        }
    return false;
}

/* What quarantine keeps is mended and sent again by hand: it says who the visitor is as what is
 * stored does, without the address. */
static fallible hide_address(const struct json *doc, uint32_t at,
                             const struct message_setting *setting, struct arena *mem,
                             struct message *message)
{
    struct message kept = {.json = message->json};
    struct fields fields;
    struct storing s = {.doc = doc,
                        .at = at,
                        .fields = &fields,
                        .shared = JSON_ABSENT,
                        .enrich = setting->enrich,
                        .message = &kept};

    if (json_type_of(doc, at) != JSON_OBJECT || (!setting->visitors && !setting->enrich))
        return OK;
    find_fields(doc, at, &fields);
    if (is_sent(doc, fields.user) || is_sent(doc, fields.user_id) || is_sent(doc, fields.anonymous))
        fields.visitor = JSON_ABSENT;
    TRY(read_visitor(doc, &fields, setting->visitors, mem, &kept));
    TRY(name_visitor(&s, mem));
    s.own = object_or_absent(doc, fields.context);
    s.more.has_drops = has_drops(doc, s.own, s.enrich);
    fields.has_twins = fields.has_twins && s.enrich;
    if (!s.visitor.data && !s.more.has_drops && !fields.has_twins)
        return OK;
    TRY(write_stored(&s, mem, true));
    message->json = kept.json;
    return OK;
}

fallible message_read(const struct json *doc, uint32_t at, const struct message_setting *setting,
                      struct arena *mem, struct message *out_message)
{
    struct message message = {.json = json_raw(doc, at)};
    const struct json_defect *defect = json_defect_in(doc, at);
    struct fields fields;

    if (json_type_of(doc, at) != JSON_OBJECT)
        message = (struct message){
            .is_misfit = true, .reason = S("an event must be a JSON object"), .json = message.json};
    else if (message.json.len > MESSAGE_MOST_BYTES)
        message = (struct message){
            .is_misfit = true, .reason = S("the event is larger than 32 KB"), .json = message.json};
    else if (defect)
        message = (struct message){.is_misfit = true,
                                   .reason = str_of(json_defect_text(defect->kind)),
                                   .json = message.json};
    if (!message.is_misfit) {
        find_fields(doc, at, &fields);
        fields.has_twins = fields.has_twins && setting->enrich;
        TRY(read_fields(doc, at, &fields, setting, mem, &message));
    }
    if (message.is_misfit && !message.reason.data)
        return arena_exhausted();
    if (message.is_misfit)
        TRY(hide_address(doc, at, setting, mem, &message));
    *out_message = message;
    return OK;
}

void message_tell_new(struct message *message)
{
    static const char news[] = ",\"visitor\":{\"is_new\":true}}}";

    _Static_assert(sizeof news - 1 == MESSAGE_NEWS + 2, "it takes the place of two brackets");
    if (!message->news)
        return;
    memcpy(message->news, news, sizeof news - 1);
    message->json.len += MESSAGE_NEWS;
    message->news = NULL;
}
