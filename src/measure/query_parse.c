/* query_parse.c - reads the members of a question: the common ones, then those of its kind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "measure/operator.h"
#include "measure/query_int.h"

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

static fallible read_interval(struct query_reader *reader, uint32_t at, struct query *query)
{
    for (size_t i = 0; i < COUNT(intervals); i++)
        if (json_is_string(reader->doc, at, str_of(intervals[i].name))) {
            query->interval = intervals[i].interval;
            query->is_all_time = intervals[i].is_all;
            return OK;
        }
    return fail(ERR_INVALID, "\"interval\" must be one of minute, hour, day, week, month, all");
}

static fallible read_measure(struct query_reader *reader, uint32_t at, struct query *query)
{
    const struct json *doc = reader->doc;
    bool is_object = json_type_of(doc, at) == JSON_OBJECT && doc->nodes[at].next > at + 1;
    uint32_t name = is_object ? at + 1 : at;

    for (size_t i = 0; i < COUNT(measures); i++) {
        if (measures[i].has_property != is_object ||
            !json_is_string(doc, name, str_of(measures[i].name)))
            continue;
        query->measure = measures[i].measure;
        if (!is_object)
            return OK;
        TRY(query_condition_refuse_others(reader, at, "measure", &measures[i].name, 1));
        return query_condition_read_text(reader, json_find(doc, at, str_of(measures[i].name)),
                                         "measure", measures[i].name, &query->measured);
    }
    return fail(ERR_INVALID, "\"measure\" must be one of events, people, per_person, or an object "
                             "with one of sum, mean, min, max, median and a property, such as "
                             "{\"sum\":\"revenue\"}");
}

static fallible read_param(struct query_reader *reader, const struct query_param *param,
                           uint32_t at, struct query *query)
{
    switch (param->type) {
    case PARAM_EVENT:
        return query_condition_read_event(reader, at, param->name, &query->event);
    case PARAM_MEASURE:
        return read_measure(reader, at, query);
    case PARAM_INTERVAL:
        return read_interval(reader, at, query);
    case PARAM_SEGMENT:
        return query_segment_read(reader, at, param->name, &query->segment);
    case PARAM_PERSON:
        return query_condition_read_text(reader, at, "timeline", param->name, &query->person);
    case PARAM_CURSOR:
        if (json_type_of(reader->doc, at) == JSON_NULL)
            return OK;
        return query_condition_read_text(reader, at, "a page", param->name, &query->cursor);
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

    if (at != JSON_ABSENT && json_type_of(reader->doc, at) != JSON_NULL)
        name = json_string(reader->doc, at, reader->mem);
    if (!name.data || zone_open(name, &query->zone))
        return fail(ERR_INVALID, "\"timezone\" must be an IANA name such as Europe/Vienna or UTC");
    return OK;
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
    if (traffic != JSON_ABSENT && !json_is_string(doc, traffic, S("human")) &&
        !json_is_string(doc, traffic, S("raw")))
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
    const struct operator* kind;

    TRY(read_kind(reader, query));
    kind = query->kind;
    TRY(refuse_unknown(reader, kind));
    TRY(read_common(reader, query));
    for (size_t i = 0; i < kind->param_count; i++) {
        const struct query_param *param = &kind->params[i];
        uint32_t at = json_find(reader->doc, 0, str_of(param->name));

        if (at != JSON_ABSENT)
            TRY(read_param(reader, param, at, query));
        else if (param->is_required)
            return fail(ERR_INVALID, "a %s question needs \"%s\": %s", kind->kind, param->name,
                        param->help);
    }
    return OK;
}

fallible query_parse(struct json_reader *json, struct arena *mem, str text, struct query *out_query)
{
    struct json doc;
    struct query_reader reader = {.doc = &doc, .mem = mem};
    struct query query = {0};
    enum err err;

    if (text.len > QUERY_BYTES)
        return fail(ERR_LIMIT, "a question may have at most %d bytes", QUERY_BYTES);
    TRY(json_parse_copy(json, mem, text, &doc));
    if (doc.defect_count)
        return fail(ERR_INVALID, "the question is not sound JSON: %s",
                    json_defect_text(doc.defects[0].kind));
    if (json_type_of(&doc, 0) != JSON_OBJECT)
        return fail(ERR_INVALID, "a question must be a JSON object");
    err = read_all(&reader, &query);
    if (err)
        query_done(&query);
    else
        *out_query = query;
    return err;
}

void query_done(struct query *query)
{
    zone_close(query->zone);
    query->zone = NULL;
}
