/* posthog_event.c - one event of PostHog's: who, when, where, and what of it is a property.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * PostHog knows one kind of id, distinct_id; whether it is a user's or a device's is told by the
 * properties beside it (is_identified).
 */
#include "collect/posthog_event.h"

enum field {
    TOLD_ELSEWHERE, /* by the context, or it served PostHog alone */
    DISTINCT_ID,
    DEVICE,
    USER,
    IS_IDENTIFIED,
    HAS_PROFILE,
    ANONYMOUS,
    ALIAS,
    TOKEN,
    API_KEY,
    URL,
    TITLE,
    PAGE_TITLE,
    REFERRER,
    AGENT,
    LANGUAGE,
    LOCALE,
    ZONE,
    ADDRESS,
    SCREEN,
    WIDTH,
    HEIGHT,
    DURATION,
    INSERT_ID,
    TIME,
    SET,
    SET_ONCE,
    GROUP_TYPE,
    GROUP_KEY,
    GROUP_SET,
    FIELDS
};

/* What is read of the properties. The others, and those that are `kept`, are properties here. */
static const struct {
    str name;
    enum field field;
    bool is_kept;
} PROPERTIES[] = {
    {{"distinct_id", 11}, DISTINCT_ID, false},
    {{"$device_id", 10}, DEVICE, false},
    {{"$user_id", 8}, USER, false},
    {{"$is_identified", 14}, IS_IDENTIFIED, false},
    {{"$process_person_profile", 23}, HAS_PROFILE, false},
    {{"$anon_distinct_id", 17}, ANONYMOUS, false},
    {{"alias", 5}, ALIAS, true},
    {{"token", 5}, TOKEN, true},
    {{"api_key", 7}, API_KEY, true},
    {{"$current_url", 12}, URL, false},
    {{"$title", 6}, TITLE, false},
    {{"title", 5}, PAGE_TITLE, true},
    {{"$referrer", 9}, REFERRER, false},
    {{"$raw_user_agent", 15}, AGENT, false},
    {{"$browser_language", 17}, LANGUAGE, false},
    {{"$locale", 7}, LOCALE, false},
    {{"$timezone", 9}, ZONE, false},
    {{"$ip", 3}, ADDRESS, false},
    {{"$screen_name", 12}, SCREEN, false},
    {{"$screen_width", 13}, WIDTH, false},
    {{"$screen_height", 14}, HEIGHT, false},
    {{"$prev_pageview_duration", 23}, DURATION, false},
    {{"$insert_id", 10}, INSERT_ID, false},
    {{"$time", 5}, TIME, false},
    {{"$set", 4}, SET, false},
    {{"$set_once", 9}, SET_ONCE, false},
    {{"$group_type", 11}, GROUP_TYPE, true},
    {{"$group_key", 10}, GROUP_KEY, false},
    {{"$group_set", 10}, GROUP_SET, false},
    {{"$host", 5}, TOLD_ELSEWHERE, false},
    {{"$pathname", 9}, TOLD_ELSEWHERE, false},
    {{"$referring_domain", 17}, TOLD_ELSEWHERE, false},
    {{"$browser_language_prefix", 24}, TOLD_ELSEWHERE, false},
    {{"$timezone_offset", 16}, TOLD_ELSEWHERE, false},
    {{"$geoip_disable", 14}, TOLD_ELSEWHERE, false},
    {{"$lib_rate_limit_remaining_tokens", 32}, TOLD_ELSEWHERE, false},
};

static const struct {
    const char *event, *type;
} TYPES[] = {
    {"$pageview", "page"},       {"$screen", "screen"},      {"$identify", "identify"},
    {"$set", "identify"},        {"$create_alias", "alias"}, {"$merge_dangerously", "alias"},
    {"$groupidentify", "group"},
};

/* Ids that faulty pages send for everybody; PostHog joins nobody by them, either. */
static const struct {
    const char *id;
    bool any_case;
} NOBODY[] = {
    {"anonymous", true},
    {"guest", true},
    {"distinctid", true},
    {"distinct_id", true},
    {"id", true},
    {"not_authenticated", true},
    {"email", true},
    {"undefined", true},
    {"true", true},
    {"false", true},
    {"[object Object]", false},
    {"NaN", false},
    {"None", false},
    {"none", false},
    {"null", false},
    {"0", false},
};

/* One event of it. */
struct told {
    uint32_t event;      /* the object */
    uint32_t properties; /* an object, or JSON_ABSENT */
    uint32_t at[FIELDS]; /* of the properties */
    str name;
    bool is_view; /* of a page, or the end of it */
    struct dialect_event message;
};

/* Reading */

static str text_at(const struct posthog_call *call, uint32_t at)
{
    str text = {NULL, 0};

    if (at != JSON_ABSENT && json_type_of(call->doc, at) == JSON_STRING)
        text = json_string(call->doc, at, call->out->mem);
    else if (at != JSON_ABSENT && json_type_of(call->doc, at) == JSON_NUMBER)
        text = json_raw(call->doc, at);
    return text.len ? text : (str){NULL, 0};
}

static bool is_type(const struct posthog_call *call, uint32_t at, enum json_type type)
{
    return at != JSON_ABSENT && json_type_of(call->doc, at) == type;
}

/* The first of the three that there is. */
static str any_of(const struct posthog_call *call, uint32_t object, const char *a, const char *b,
                  const char *c)
{
    str text = dialect_text(call->out, call->doc, object, a);

    if (!text.data)
        text = dialect_text(call->out, call->doc, object, b);
    return text.data ? text : dialect_text(call->out, call->doc, object, c);
}

/* Every property is asked, twice, so most are passed over by their length. No library escapes these
 * names; one that is escaped is some other property. */
static ptrdiff_t find_property(const struct posthog_call *call, uint32_t key)
{
    const struct json_node *node = &call->doc->nodes[key];
    str name = str_slice(call->doc->text, node->start, node->end - 1);

    for (size_t i = 0; i < sizeof PROPERTIES / sizeof PROPERTIES[0]; i++)
        if (PROPERTIES[i].name.len == name.len && str_equals(PROPERTIES[i].name, name))
            return (ptrdiff_t)i;
    return -1;
}

static void read_properties(const struct posthog_call *call, struct told *told)
{
    for (size_t i = 0; i < FIELDS; i++)
        told->at[i] = JSON_ABSENT;
    if (!is_type(call, told->properties, JSON_OBJECT)) {
        told->properties = JSON_ABSENT;
        return;
    }
    EACH_MEMBER(call->doc, told->properties, key, value)
    {
        ptrdiff_t known = find_property(call, key);

        if (known >= 0)
            told->at[PROPERTIES[known].field] = value;
    }
}

/* The newest libraries tell some of it beside the properties. */
static void read_options(const struct posthog_call *call, struct told *told)
{
    uint32_t options = json_find(call->doc, told->event, S("options"));

    if (is_type(call, options, JSON_OBJECT))
        told->at[HAS_PROFILE] = json_find(call->doc, options, S("process_person_profile"));
}

static str type_of(const struct posthog_call *call, str name)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (str_equals(name, str_of(TYPES[i].event)))
            return str_of(TYPES[i].type);
    return call->is_engage && !name.data ? S("identify") : S("track");
}

/* Who */

static str somebody(str id)
{
    for (size_t i = 0; i < sizeof NOBODY / sizeof NOBODY[0]; i++)
        if (NOBODY[i].any_case ? str_equals_nocase(id, str_of(NOBODY[i].id))
                               : str_equals(id, str_of(NOBODY[i].id)))
            return (str){NULL, 0};
    return str_equals(id, S("$posthog_cookieless")) ? (str){NULL, 0} : id;
}

/* Is the distinct_id a user's? Libraries of today say so. Older ones in browsers begin with the
 * device's own id and register $user_id when they learn the user's. One of a server names no
 * device; its ids are users' unless the event is to be without a person. */
static bool is_identified(const struct posthog_call *call, const struct told *told, str id,
                          str device)
{
    uint32_t says = told->at[IS_IDENTIFIED];
    str user = text_at(call, told->at[USER]);

    if (str_equals(told->name, S("$identify")))
        return true;
    if (is_type(call, says, JSON_TRUE) || is_type(call, says, JSON_FALSE))
        return is_type(call, says, JSON_TRUE);
    if (user.data)
        return str_equals(user, id);
    if (device.data)
        return !str_equals(device, id);
    return !is_type(call, told->at[HAS_PROFILE], JSON_FALSE);
}

/* The id that a library gives to a group's own call when nobody made it. */
static bool is_of_group(const struct posthog_call *call, const struct told *told, str id)
{
    str type = text_at(call, told->at[GROUP_TYPE]), key = text_at(call, told->at[GROUP_KEY]);

    return id.len == type.len + key.len + 2 && id.data[0] == '$' &&
           str_starts(str_slice(id, 1, id.len), type) && id.data[1 + type.len] == '_' &&
           str_ends(id, key);
}

static void read_person(const struct posthog_call *call, struct told *told)
{
    struct dialect_event *message = &told->message;
    str id = any_of(call, told->event, "distinct_id", "$distinct_id", "$distinct_id");
    str device = somebody(text_at(call, told->at[DEVICE]));
    str anonymous = somebody(text_at(call, told->at[ANONYMOUS]));

    id = somebody(id.data ? id : text_at(call, told->at[DISTINCT_ID]));
    if (str_equals(message->type, S("group")) && is_of_group(call, told, id))
        message->anonymous = id;
    else if (id.data && is_identified(call, told, id, device))
        message->user = id;
    else
        message->anonymous = id;
    if (anonymous.data)
        message->anonymous = anonymous;
    else if (!message->anonymous.data)
        message->anonymous = device;
}

/* When */

static str millis_text(const struct posthog_call *call, double at)
{
    static const double beyond = 1e15; /* so that it is a millis; dialect_time knows the years */

    return at > -beyond && at < beyond ? dialect_time(call->out, (millis)at) : (str){NULL, 0};
}

str posthog_event_time(const struct posthog_call *call, uint32_t at)
{
    double number;

    if (is_type(call, at, JSON_NUMBER) && json_to_double(call->doc, at, &number))
        return millis_text(call, number);
    return text_at(call, at);
}

/* Older libraries tell how many milliseconds before the sending it was, or seconds since 1970. */
static str read_time(const struct posthog_call *call, const struct told *told)
{
    uint32_t offset = json_find(call->doc, told->event, S("offset"));
    str time = posthog_event_time(call, json_find(call->doc, told->event, S("timestamp")));
    millis sent = call->out->request->received;
    double number;

    if (time.data)
        return time;
    if (is_type(call, offset, JSON_NUMBER) && json_to_double(call->doc, offset, &number)) {
        if (call->out->sent_at.data && time_parse(call->out->sent_at, &sent) != OK)
            sent = call->out->request->received;
        return millis_text(call, (double)sent - number);
    }
    if (is_type(call, told->at[TIME], JSON_NUMBER) &&
        json_to_double(call->doc, told->at[TIME], &number))
        return millis_text(call, number * 1000);
    return (str){NULL, 0};
}

/* Where and with what */

static void read_context(const struct posthog_call *call, struct told *told)
{
    struct dialect_event *message = &told->message;
    bool is_page = str_starts(call->out->request->agent, S("Mozilla/"));

    message->url = text_at(call, told->at[URL]);
    message->title = text_at(call, told->at[TITLE]);
    if (!message->title.data && told->is_view)
        message->title = text_at(call, told->at[PAGE_TITLE]);
    message->referrer = text_at(call, told->at[REFERRER]);
    if (str_equals(message->referrer, S("$direct")))
        message->referrer = (str){NULL, 0};
    message->agent = text_at(call, told->at[AGENT]);
    message->locale = text_at(call, told->at[LANGUAGE]);
    if (!message->locale.data)
        message->locale = text_at(call, told->at[LOCALE]);
    if (!is_page && !message->agent.data) /* a server's or an app's says nothing of her */
        message->agent = S("");
    if (!is_page && !message->locale.data)
        message->locale = S("");
    message->timezone = text_at(call, told->at[ZONE]);
    if (told->at[WIDTH] != JSON_ABSENT && told->at[HEIGHT] != JSON_ABSENT)
        message->screen =
            arena_print(call->out->mem, "%.*sx%.*s", STR_ARG(text_at(call, told->at[WIDTH])),
                        STR_ARG(text_at(call, told->at[HEIGHT])));
    message->address = text_at(call, told->at[ADDRESS]);
    if (str_equals(message->type, S("screen")))
        message->name = text_at(call, told->at[SCREEN]);
}

/* Writing */

static bool is_written(const struct posthog_call *call, const struct told *told, uint32_t key,
                       uint32_t value)
{
    ptrdiff_t known = find_property(call, key);
    enum field field;

    if (known < 0)
        return true;
    field = PROPERTIES[known].field;
    if (field == PAGE_TITLE)
        return !told->is_view;
    if (field == ALIAS)
        return !str_equals(told->message.type, S("alias"));
    if (field == TOKEN || field == API_KEY)
        return !str_equals(text_at(call, value), call->out->key);
    if (field == SCREEN)
        return !str_equals(told->message.type, S("screen"));
    return PROPERTIES[known].is_kept;
}

/* The time from a page's view to its end is the best that PostHog knows of how long it was used. */
static void write_duration(struct json_writer *w, const struct posthog_call *call,
                           const struct told *told)
{
    static const double most = 1e9; /* seconds, against nonsense */
    double seconds;

    if (!is_type(call, told->at[DURATION], JSON_NUMBER) ||
        !json_to_double(call->doc, told->at[DURATION], &seconds) || seconds < 0 || seconds > most)
        return;
    json_key(w, S("engaged_ms"));
    json_u64(w, (uint64_t)(seconds * 1000 + 0.5));
}

static str write_properties(const struct posthog_call *call, const struct told *told)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    json_open(&w, '{');
    if (told->properties != JSON_ABSENT)
        EACH_MEMBER(call->doc, told->properties, key, value)
        {
            if (!is_written(call, told, key, value))
                continue;
            json_key(&w, json_string(call->doc, key, call->out->mem));
            json_verbatim(&w, json_raw(call->doc, value));
        }
    write_duration(&w, call, told);
    json_shut(&w, '}');
    return dialect_keep(call->out, &text);
}

static size_t write_members(struct json_writer *w, const struct posthog_call *call, uint32_t object)
{
    size_t count = 0;

    if (!is_type(call, object, JSON_OBJECT))
        return 0;
    EACH_MEMBER(call->doc, object, key, value)
    {
        json_key(w, json_string(call->doc, key, call->out->mem));
        json_verbatim(w, json_raw(call->doc, value));
        count++;
    }
    return count;
}

/* What is set in the end; absent if nothing is. Of equal names the last counts. */
static fallible write_traits(const struct posthog_call *call, const struct told *told,
                             str *out_traits)
{
    struct buf text = {0};
    struct json_writer w = {.out = &text};
    size_t count;

    json_open(&w, '{');
    count = write_members(&w, call, told->at[SET_ONCE]);
    count += write_members(&w, call, json_find(call->doc, told->event, S("$set_once")));
    count += write_members(&w, call, told->at[SET]);
    count += write_members(&w, call, json_find(call->doc, told->event, S("$set")));
    json_shut(&w, '}');
    *out_traits = dialect_keep(call->out, &text);
    if (!out_traits->data)
        return arena_exhausted();
    if (!count)
        *out_traits = (str){NULL, 0};
    return OK;
}

static str second_id(const struct posthog_call *call, str id, const char *what)
{
    return id.data ? arena_print(call->out->mem, "%.*s/%s", STR_ARG(id), what) : id;
}

/* To PostHog both are ids of one person from now on. Here an id may be known as a device's or be a
 * user's that comes later, so it is said both ways. */
static void add_alias(const struct posthog_call *call, struct told *told)
{
    struct dialect_event *message = &told->message;
    str alias = somebody(text_at(call, told->at[ALIAS])), id = message->user;
    bool is_user = id.data != NULL;

    if (!is_user) {
        message->user = alias;
        alias = message->anonymous;
    }
    message->anonymous = (str){NULL, 0};
    message->previous = alias;
    dialect_add(call->out, message);
    if (!is_user || !alias.data)
        return;
    message->user = alias;
    message->previous = id;
    message->message_id = second_id(call, message->message_id, "alias");
    dialect_add(call->out, message);
}

/* What an event sets of its person besides. */
static void add_traits(const struct posthog_call *call, const struct dialect_event *message,
                       str traits)
{
    struct dialect_event identify = *message;

    identify.type = S("identify");
    identify.name = (str){NULL, 0};
    identify.message_id = second_id(call, message->message_id, "set");
    identify.properties = (str){NULL, 0};
    identify.traits = traits;
    dialect_add(call->out, &identify);
}

static fallible add_event(const struct posthog_call *call, struct told *told)
{
    struct dialect_event *message = &told->message;
    str traits;

    message->properties = write_properties(call, told);
    if (!message->properties.data)
        return arena_exhausted();
    TRY(write_traits(call, told, &traits));
    if (str_equals(message->type, S("alias"))) {
        add_alias(call, told);
        return OK;
    }
    if (str_equals(message->type, S("group"))) {
        message->group = text_at(call, told->at[GROUP_KEY]);
        if (is_type(call, told->at[GROUP_SET], JSON_OBJECT))
            message->traits = json_raw(call->doc, told->at[GROUP_SET]);
        dialect_add(call->out, message);
        return OK;
    }
    if (str_equals(message->type, S("identify"))) {
        message->traits = traits;
        dialect_add(call->out, message);
        return OK;
    }
    dialect_add(call->out, message);
    if (traits.data)
        add_traits(call, message, traits);
    return OK;
}

fallible posthog_event_tell(const struct posthog_call *call, uint32_t event)
{
    struct told told = {.event = event};
    struct dialect_event *message = &told.message;

    if (json_type_of(call->doc, event) != JSON_OBJECT) {
        dialect_add_json(call->out, json_raw(call->doc, event));
        return OK;
    }
    told.properties = json_find(call->doc, event, S("properties"));
    read_properties(call, &told);
    read_options(call, &told);
    told.name = dialect_text(call->out, call->doc, event, "event");
    message->type = type_of(call, told.name);
    told.is_view = str_equals(message->type, S("page")) || str_equals(told.name, S("$pageleave"));
    if (str_equals(message->type, S("track")))
        message->name = told.name;
    message->message_id = dialect_text(call->out, call->doc, event, "uuid");
    if (!message->message_id.data)
        message->message_id = text_at(call, told.at[INSERT_ID]);
    message->timestamp = read_time(call, &told);
    read_person(call, &told);
    read_context(call, &told);
    return add_event(call, &told);
}

str posthog_event_key(const struct posthog_call *call, uint32_t object)
{
    uint32_t properties = json_find(call->doc, object, S("properties"));
    str key = any_of(call, object, "api_key", "token", "$token");

    if (!key.data && properties != JSON_ABSENT)
        key = any_of(call, properties, "token", "api_key", "api_key");
    return key;
}
