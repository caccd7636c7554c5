/* stats.c - POST /api/stats/proportion: intervals of shares, one or a table of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/proportion.h"

#include "web/api/api.h"
#include "web/web.h"

enum { ROWS_MOST = 1000 };

struct request {
    uint32_t count, of, rows; /* where they stand, or JSON_ABSENT */
    struct proportion_interval interval;
};

static fallible read_member(const struct json *doc, uint32_t key, uint32_t value, struct arena *mem,
                            struct request *request)
{
    str method;

    if (json_is_string(doc, key, S("count"))) {
        request->count = value;
    } else if (json_is_string(doc, key, S("of"))) {
        request->of = value;
    } else if (json_is_string(doc, key, S("rows"))) {
        request->rows = value;
    } else if (json_is_string(doc, key, S("method"))) {
        method = json_string(doc, value, mem);
        return proportion_parse_method(method, &request->interval.method);
    } else if (json_is_string(doc, key, S("confidence"))) {
        if (!json_to_double(doc, value, &request->interval.confidence))
            return fail(ERR_INVALID, "\"confidence\" must be a number, such as 0.95");
    } else {
        return fail(ERR_INVALID, "there is no %.*s here: count, of, rows, method, confidence",
                    STR_ARG(str_slice(json_raw(doc, key), 0, 80)));
    }
    return OK;
}

static fallible read_whole(const struct json *doc, uint32_t at, const char *name,
                           int64_t *out_number)
{
    if (at == JSON_ABSENT)
        return fail(ERR_INVALID, "\"%s\" is missing", name);
    if (json_type_of(doc, at) != JSON_NUMBER || !json_to_i64(doc, at, out_number))
        return fail(ERR_INVALID, "\"%s\" must be a whole number", name);
    return OK;
}

static fallible write_one(const struct json *doc, const struct request *request,
                          struct json_writer *w)
{
    struct proportion proportion;
    int64_t count, of;

    TRY(read_whole(doc, request->count, "count", &count));
    TRY(read_whole(doc, request->of, "of", &of));
    TRY(proportion_estimate(count, of, &request->interval, &proportion));
    json_open(w, '{');
    json_key(w, S("estimate"));
    json_double(w, proportion.estimate);
    json_key(w, S("ci"));
    json_open(w, '[');
    json_double(w, proportion.low);
    json_double(w, proportion.high);
    json_shut(w, ']');
    json_shut(w, '}');
    return OK;
}

static fallible read_row(const struct json *doc, uint32_t at, struct request *row)
{
    row->count = row->of = JSON_ABSENT;
    if (json_type_of(doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID, "each of \"rows\" must be an object of \"count\" and \"of\"");
    EACH_MEMBER(doc, at, key, value)
    {
        if (json_is_string(doc, key, S("count")))
            row->count = value;
        else if (json_is_string(doc, key, S("of")))
            row->of = value;
        else
            return fail(ERR_INVALID, "there is no %.*s in \"rows\": count, of",
                        STR_ARG(str_slice(json_raw(doc, key), 0, 80)));
    }
    return OK;
}

static fallible write_rows(const struct json *doc, struct request *request, struct json_writer *w)
{
    size_t count = 0;

    if (request->count != JSON_ABSENT || request->of != JSON_ABSENT)
        return fail(ERR_INVALID, "give \"rows\", or \"count\" and \"of\", not both");
    if (json_type_of(doc, request->rows) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"rows\" must be a list of objects of \"count\" and \"of\"");
    json_open(w, '{');
    json_key(w, S("rows"));
    json_open(w, '[');
    EACH_ELEMENT(doc, request->rows, at)
    {
        if (count++ == ROWS_MOST)
            return fail(ERR_LIMIT, "\"rows\" has at most %d elements", ROWS_MOST);
        TRY(read_row(doc, at, request));
        TRY(write_one(doc, request, w));
    }
    json_shut(w, ']');
    json_shut(w, '}');
    return OK;
}

static fallible read_and_write(struct exchange *x, struct json_reader *reader, struct buf *out)
{
    struct request request = {
        JSON_ABSENT, JSON_ABSENT, JSON_ABSENT, {PROPORTION_WILSON, PROPORTION_CONFIDENCE}};
    struct json_writer w = {.out = out};
    struct json doc;

    TRY(web_read_object(x, reader, &doc));
    EACH_MEMBER(&doc, 0, key, value)
    TRY(read_member(&doc, key, value, exchange_mem(x), &request));
    return request.rows == JSON_ABSENT ? write_one(&doc, &request, &w)
                                       : write_rows(&doc, &request, &w);
}

void stats_proportion(struct exchange *x)
{
    struct json_reader *reader = web_take_reader(web_of(x));
    struct buf out = {0};
    enum err err = reader ? read_and_write(x, reader, &out) : arena_exhausted();

    if (reader)
        web_give_reader(web_of(x), reader);
    if (err)
        web_fail(x, err);
    else
        web_answer_json(x, 200, &out);
    buf_done(&out);
}
