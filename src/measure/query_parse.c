/* query_parse.c - reads the members of a question: the common ones, then those of its kind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "measure/operator.h"
#include "measure/query_int.h"

#include <assert.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const common[] = {"kind", "from",  "to",       "timezone", "where",
                                     "by",   "limit", "audience", "traffic",  "as_of"};

static const struct {
    const char *name;
    bool is_all;
    enum zone_interval interval;
} intervals[] = {
    {"minute", false, ZONE_MINUTE}, {"hour", false, ZONE_HOUR},   {"day", false, ZONE_DAY},
    {"week", false, ZONE_WEEK},     {"month", false, ZONE_MONTH}, {"all", true, ZONE_DAY},
};

static const struct {
    const char *name;
    enum query_measure measure;
    bool has_property;
} measures[] = {
    {"events", MEASURE_EVENTS, false},
    {"people", MEASURE_PEOPLE, false},
    {"per_person", MEASURE_PER_PERSON, false},
    {"sum", MEASURE_SUM, true},
    {"mean", MEASURE_MEAN, true},
    {"min", MEASURE_MIN, true},
    {"max", MEASURE_MAX, true},
    {"median", MEASURE_MEDIAN, true},
};

/* "a, b, c" into `mem`, for a sentence. */
static str list_choices(struct arena *mem, const char *const *choices)
{
    str list = S("");

    for (size_t i = 0; choices[i] && list.data; i++)
        list = arena_print(mem, "%.*s%s%s", STR_ARG(list), i ? ", " : "", choices[i]);
    return list;
}

/* The index of the text among the choices, which a NULL ends. */
static fallible read_choice(struct query_reader *reader, uint32_t at, const char *name,
                            const char *const *choices, unsigned *out_choice)
{
    str list;

    for (unsigned i = 0; choices[i]; i++)
        if (json_is_string(reader->doc, at, str_of(choices[i]))) {
            *out_choice = i;
            return OK;
        }
    list = list_choices(reader->mem, choices);
    if (!list.data)
        return arena_exhausted();
    return fail(ERR_INVALID, "\"%s\" must be one of %.*s", name, STR_ARG(list));
}

static fallible read_interval(struct query_reader *reader, const struct query_param *param,
                              uint32_t at, struct query *query)
{
    static const char *const all[] = {"minute", "hour", "day", "week", "month", "all", NULL};
    const char *const *choices = param->choices ? param->choices : all;
    unsigned choice;

    TRY(read_choice(reader, at, param->name, choices, &choice));
    for (size_t i = 0; i < COUNT(intervals); i++)
        if (str_equals(str_of(choices[choice]), str_of(intervals[i].name))) {
            query->interval = intervals[i].interval;
            query->is_all_time = intervals[i].is_all;
        }
    return OK;
}

static fallible read_measure(struct query_reader *reader, uint32_t at, struct query_argument *out)
{
    const struct json *doc = reader->doc;
    bool is_object = json_type_of(doc, at) == JSON_OBJECT && doc->nodes[at].next > at + 1;
    uint32_t name = is_object ? at + 1 : at;

    for (size_t i = 0; i < COUNT(measures); i++) {
        if (measures[i].has_property != is_object ||
            !json_is_string(doc, name, str_of(measures[i].name)))
            continue;
        out->choice = measures[i].measure;
        if (!is_object)
            return OK;
        TRY(query_condition_refuse_others(reader, at, "measure", &measures[i].name, 1));
        return query_condition_read_text(reader, json_find(doc, at, str_of(measures[i].name)),
                                         "measure", measures[i].name, &out->text);
    }
    return fail(ERR_INVALID, "\"measure\" must be one of events, people, per_person, or an object "
                             "with one of sum, mean, min, max, median and a property, such as "
                             "{\"sum\":\"revenue\"}");
}

static fallible read_event(struct query_reader *reader, const char *name, uint32_t at,
                           struct query_argument *out)
{
    struct query_event *event = arena_take(reader->mem, sizeof *event);

    if (!event)
        return arena_exhausted();
    TRY(query_condition_read_event(reader, at, name, event));
    out->events = event;
    out->event_count = 1;
    return OK;
}

static fallible read_events(struct query_reader *reader, const char *name, uint32_t at,
                            struct query_argument *out)
{
    struct query_event *events = arena_array(reader->mem, QUERY_STEPS, sizeof *events);
    size_t count = 0;
    str label;

    if (!events)
        return arena_exhausted();
    if (json_type_of(reader->doc, at) == JSON_ARRAY) {
        EACH_ELEMENT(reader->doc, at, element)
        {
            if (++count > QUERY_STEPS)
                break;
            label = arena_print(reader->mem, "%s[%zu]", name, count - 1);
            if (!label.data)
                return arena_exhausted();
            TRY(query_condition_read_event(reader, element, label.data, &events[count - 1]));
        }
    }
    if (count < 1 || count > QUERY_STEPS)
        return fail(ERR_INVALID, "\"%s\" must be a list of 1 to %d events", name, QUERY_STEPS);
    out->events = events;
    out->event_count = count;
    return OK;
}

static fallible read_span(struct query_reader *reader, const char *kind, const char *name,
                          uint32_t at, struct query_argument *out)
{
    str text;

    TRY(query_condition_read_text(reader, at, kind, name, &text));
    if (time_parse_span(text, &out->span) || out->span <= 0)
        return fail(ERR_INVALID, "\"%s\" must be a span such as 90s, 5m, 36h, 14d or 2w", name);
    return OK;
}

static fallible read_number(struct query_reader *reader, const struct query_param *param,
                            uint32_t at, struct query_argument *out)
{
    int64_t number;

    if (!json_to_i64(reader->doc, at, &number) || number < 0 || (uint64_t)number < param->least ||
        (uint64_t)number > param->most)
        return fail(ERR_INVALID, "\"%s\" must be a whole number from %llu to %llu", param->name,
                    (unsigned long long)param->least, (unsigned long long)param->most);
    out->number = (uint64_t)number;
    return OK;
}

static fallible read_param(struct query_reader *reader, const struct query_param *param,
                           uint32_t at, struct query *query, struct query_argument *out)
{
    const char *kind = query->kind->kind;

    switch (param->type) {
    case PARAM_EVENT:
        return read_event(reader, param->name, at, out);
    case PARAM_EVENTS:
        return read_events(reader, param->name, at, out);
    case PARAM_MEASURE:
        return read_measure(reader, at, out);
    case PARAM_INTERVAL:
        return read_interval(reader, param, at, query);
    case PARAM_SEGMENT:
        return query_segment_read(reader, at, param->name, &out->segment);
    case PARAM_PROPERTY:
    case PARAM_TEXT:
    case PARAM_CURSOR:
        return query_condition_read_text(reader, at, kind, param->name, &out->text);
    case PARAM_SPAN:
        return read_span(reader, kind, param->name, at, out);
    case PARAM_NUMBER:
        return read_number(reader, param, at, out);
    case PARAM_CHOICE:
        return read_choice(reader, at, param->name, param->choices, &out->choice);
    }
    return OK;
}

/* Is a null where the parameter stands as good as none? */
static bool may_be_null(enum query_param_type type)
{
    return type == PARAM_EVENTS || type == PARAM_PROPERTY || type == PARAM_CURSOR;
}

fallible query_parse_params(struct query_reader *reader, struct query *query)
{
    const struct operator* kind = query->kind;

    assert(kind->param_count <= QUERY_MOST_PARAMS);
    for (size_t i = 0; i < kind->param_count; i++) {
        const struct query_param *param = &kind->params[i];
        struct query_argument *argument = &query->arguments[i];
        uint32_t at = json_find(reader->doc, 0, str_of(param->name));

        argument->is_given = at != JSON_ABSENT && !(may_be_null(param->type) &&
                                                    json_type_of(reader->doc, at) == JSON_NULL);
        if (argument->is_given)
            TRY(read_param(reader, param, at, query, argument));
        else if (param->is_required)
            return fail(ERR_INVALID, "a %s question needs \"%s\": %s", kind->kind, param->name,
                        param->help);
    }
    return OK;
}

static fallible read_instant(struct query_reader *reader, const char *name, struct query *query,
                             bool *out_is_given, millis *out_at)
{
    uint32_t at = json_find(reader->doc, 0, str_of(name));
    str text = {NULL, 0};
    int64_t days;

    if (at == JSON_ABSENT || json_type_of(reader->doc, at) == JSON_NULL)
        return OK;
    if (json_type_of(reader->doc, at) == JSON_STRING)
        text = json_string(reader->doc, at, reader->mem);
    if (text.data && text.len == 10 && !time_parse_date(text, &days))
        *out_at = zone_midnight(query->zone, days);
    else if (!text.data || time_parse(text, out_at))
        return fail(ERR_INVALID,
                    "\"%s\" must be a date such as 2026-11-21 or an instant such as "
                    "2026-11-21T09:30:00Z",
                    name);
    *out_is_given = true;
    return OK;
}

static fallible read_zone(struct query_reader *reader, struct query *query)
{
    uint32_t at = json_find(reader->doc, 0, S("timezone"));
    str name = S("UTC");
    enum err err;

    if (at != JSON_ABSENT && json_type_of(reader->doc, at) != JSON_NULL)
        name = json_string(reader->doc, at, reader->mem);
    err = name.data ? zone_open(name, &query->zone) : ERR_INVALID;
    if (err && err != ERR_LIMIT)
        err = fail(ERR_INVALID, "\"timezone\" must be an IANA name such as Europe/Vienna or UTC");
    return err;
}

static fallible read_limit(struct query_reader *reader, struct query *query)
{
    uint32_t at = json_find(reader->doc, 0, S("limit"));
    int64_t limit;

    if (at == JSON_ABSENT || json_type_of(reader->doc, at) == JSON_NULL)
        return OK;
    if (!json_to_i64(reader->doc, at, &limit) || limit < 0 || limit > QUERY_MOST_ROWS)
        return fail(ERR_INVALID, "\"limit\" must be a whole number from 0 to %d", QUERY_MOST_ROWS);
    query->has_limit = true;
    query->limit = (uint64_t)limit;
    return OK;
}

static fallible read_common(struct query_reader *reader, struct query *query)
{
    const struct json *doc = reader->doc;
    uint32_t by = json_find(doc, 0, S("by"));
    uint32_t audience = json_find(doc, 0, S("audience"));
    uint32_t traffic = json_find(doc, 0, S("traffic"));

    TRY(read_zone(reader, query));
    TRY(read_instant(reader, "from", query, &query->has_from, &query->from));
    TRY(read_instant(reader, "to", query, &query->has_to, &query->to));
    TRY(read_instant(reader, "as_of", query, &query->has_as_of, &query->as_of));
    TRY(read_limit(reader, query));
    TRY(query_condition_read(reader, json_find(doc, 0, S("where")), "where", &query->where));
    if (by != JSON_ABSENT && json_type_of(doc, by) != JSON_NULL)
        TRY(query_condition_read_text(reader, by, "the question", "by", &query->by));
    if (audience != JSON_ABSENT && json_type_of(doc, audience) != JSON_NULL)
        TRY(query_segment_read(reader, audience, "audience", &query->audience));
    query->is_raw = traffic != JSON_ABSENT && json_is_string(doc, traffic, S("raw"));
    if (traffic != JSON_ABSENT && !query->is_raw && !json_is_string(doc, traffic, S("human")))
        return fail(ERR_INVALID, "\"traffic\" must be \"human\" or \"raw\"");
    return OK;
}

static fallible read_kind(struct query_reader *reader, struct query *query)
{
    uint32_t at = json_find(reader->doc, 0, S("kind"));
    struct buf kinds = {0};

    if (at != JSON_ABSENT && json_type_of(reader->doc, at) == JSON_STRING)
        query->kind = operator_find(json_string(reader->doc, at, reader->mem));
    if (query->kind)
        return OK;
    operator_list(&kinds);
    (void)fail(ERR_INVALID, "\"kind\" must be one of %.*s", STR_ARG(buf_str(&kinds)));
    buf_done(&kinds);
    return ERR_INVALID;
}

/* Refuses what neither all questions nor this kind have. */
static fallible refuse_unknown(struct query_reader *reader, const struct operator* kind)
{
    EACH_MEMBER(reader->doc, 0, key, value)
    {
        bool is_known = false;

        for (size_t i = 0; i < COUNT(common) && !is_known; i++)
            is_known = json_is_string(reader->doc, key, str_of(common[i]));
        for (size_t i = 0; i < kind->param_count && !is_known; i++)
            is_known = json_is_string(reader->doc, key, str_of(kind->params[i].name));
        if (!is_known) {
            str raw = str_slice(json_raw(reader->doc, key), 0, 80);

            return fail(ERR_INVALID, "a %s question has no member %.*s: leave it out", kind->kind,
                        STR_ARG(raw));
        }
    }
    return OK;
}

static fallible read_all(struct query_reader *reader, struct query *query)
{
    TRY(read_kind(reader, query));
    TRY(refuse_unknown(reader, query->kind));
    TRY(read_common(reader, query));
    return query_parse_params(reader, query);
}

static fallible read_document(struct json_reader *json, struct arena *mem, str text,
                              struct json *out_doc)
{
    if (text.len > QUERY_BYTES)
        return fail(ERR_LIMIT, "a question may have at most %d bytes", QUERY_BYTES);
    TRY(json_parse_copy(json, mem, text, out_doc));
    if (out_doc->defect_count)
        return fail(ERR_INVALID, "the question is not sound JSON: %s",
                    json_defect_text(out_doc->defects[0].kind));
    if (json_type_of(out_doc, 0) != JSON_OBJECT)
        return fail(ERR_INVALID, "a question must be a JSON object");
    return OK;
}

fallible query_parse(struct json_reader *json, struct arena *mem, str text, struct query *out_query)
{
    struct json doc;
    struct query_reader reader = {.doc = &doc, .mem = mem};
    struct query query = {0};
    enum err err;

    TRY(read_document(json, mem, text, &doc));
    err = read_all(&reader, &query);
    if (err)
        query_done(&query);
    else
        *out_query = query;
    return err;
}

static bool is_empty(const struct query_condition *where)
{
    return !where || (where->kind == CONDITION_ALL && !where->child_count);
}

static fallible read_choice_of_events(struct query_reader *reader, struct query *query,
                                      struct query_event *out_event)
{
    uint32_t event = json_find(reader->doc, 0, S("event"));

    TRY(read_common(reader, query));
    if (event != JSON_ABSENT)
        TRY(query_condition_read_event(reader, event, "event", out_event));
    if (is_empty(query->where) && !query->has_from && !query->has_to && !out_event->name.data)
        return fail(ERR_INVALID, "say which events: by \"event\", \"where\", \"from\" or \"to\"");
    return OK;
}

/* With "verdict", if that is wanted. */
static fallible read_request(struct query_reader *reader, struct query *query,
                             struct query_event *out_event, bool *out_is_machine)
{
    static const char *const names[] = {"event", "where", "from", "to", "timezone", "verdict"};
    static const char *const verdicts[] = {"human", "machine", NULL};
    uint32_t verdict = json_find(reader->doc, 0, S("verdict"));
    unsigned choice;

    TRY(query_condition_refuse_others(reader, 0, "the request", names,
                                      out_is_machine ? COUNT(names) : COUNT(names) - 1));
    TRY(read_choice_of_events(reader, query, out_event));
    if (!out_is_machine)
        return OK;
    if (verdict == JSON_ABSENT)
        return fail(ERR_INVALID, "say what the events are: \"verdict\" must be human or machine");
    TRY(read_choice(reader, verdict, "verdict", verdicts, &choice));
    *out_is_machine = choice;
    return OK;
}

static fallible parse_request(struct json_reader *json, struct arena *mem, str text,
                              struct query *out_query, struct query_event *out_event,
                              bool *out_is_machine)
{
    struct json doc;
    struct query_reader reader = {.doc = &doc, .mem = mem};
    struct query query = {0};
    struct query_event event = {.name = {NULL, 0}};
    enum err err;

    TRY(read_document(json, mem, text, &doc));
    err = read_request(&reader, &query, &event, out_is_machine);
    if (err) {
        query_done(&query);
        return err;
    }
    *out_query = query;
    *out_event = event;
    return OK;
}

fallible query_parse_events(struct json_reader *json, struct arena *mem, str text,
                            struct query *out_query, struct query_event *out_event)
{
    return parse_request(json, mem, text, out_query, out_event, NULL);
}

fallible query_parse_revision(struct json_reader *json, struct arena *mem, str text,
                              struct query *out_query, struct query_event *out_event,
                              bool *out_is_machine)
{
    return parse_request(json, mem, text, out_query, out_event, out_is_machine);
}

void query_done(struct query *query)
{
    zone_close(query->zone);
    query->zone = NULL;
}
