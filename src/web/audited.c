/* audited.c - a watcher of the answer writes the record.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/audited.h"

#include "sys/clock.h"
#include "web/journal.h"
#include "web/visitor.h"
#include "web/web.h"

enum { OBJECT_MOST = 64 };

struct row {
    enum http_method method;
    const char *path, *action, *noun, *parameter;
    bool tells;
};

static const struct row ROWS[] = {
#define AUDITED(method, path, action, noun, parameter, tells)                                      \
    {HTTP_##method, path, action, noun, parameter, tells},
#include "web/audited.def"
#undef AUDITED
};

struct call {
    struct exchange *x;
    const struct row *row;
    struct audit_by by;
    str id; /* of the path, or absent */
};

static const struct row *find(const struct exchange *x)
{
    const struct route *route = exchange_route(x);

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (ROWS[i].method == route->method &&
            str_equals(str_of(ROWS[i].path), str_of(route->path)))
            return &ROWS[i];
    return NULL;
}

/* {"id":3,...} or {"id":"w3",...} */
static str id_of(struct exchange *x, str body)
{
    struct json_reader *reader = web_take_reader(web_of(x));
    struct json doc;
    str id = {NULL, 0};
    uint32_t at = JSON_ABSENT;

    if (!reader)
        return id;
    if (json_parse_copy(reader, exchange_mem(x), body, &doc) == OK)
        at = json_find(&doc, 0, S("id"));
    if (at != JSON_ABSENT && json_type_of(&doc, at) == JSON_STRING)
        id = arena_dup(exchange_mem(x), json_string(&doc, at, exchange_mem(x)));
    else if (at != JSON_ABSENT && json_type_of(&doc, at) == JSON_NUMBER)
        id = arena_dup(exchange_mem(x), json_raw(&doc, at));
    web_give_reader(web_of(x), reader);
    return id;
}

static fallible record(const struct call *call, str body)
{
    const struct web_config *config = web_config(web_of(call->x));
    struct arena *mem = exchange_mem(call->x);
    str noun = str_of(call->row->noun), id = call->id.data ? call->id : id_of(call->x, body);
    struct audit_entry entry = {
        .by = &call->by,
        .action = call->row->action,
        .object = id.len && id.len <= OBJECT_MOST
                      ? arena_print(mem, "%.*s:%.*s", STR_ARG(noun), STR_ARG(id))
                      : noun,
        .details = call->row->tells ? body : (str){NULL, 0},
    };

    return entry.object.data ? audit_write(config->catalog, clock_now(config->sys), &entry)
                             : arena_exhausted();
}

static void watch(void *argument, int status, str media, str body)
{
    const struct call *call = argument;

    (void)media;
    if (status < 200 || status >= 300 || record(call, body) == OK)
        return;
    journal_error(web_config(web_of(call->x))->sys, "the audit log misses what was done",
                  err_text());
}

static fallible prepare(struct exchange *x, const struct row *row, struct call *call)
{
    *call = (struct call){.x = x, .row = row};
    TRY(visitor_by(x, &call->by));
    if (!row->parameter[0])
        return OK;
    call->id = arena_dup(exchange_mem(x), exchange_path_value(x, str_of(row->parameter)));
    return call->id.data ? OK : arena_exhausted();
}

void audited_run(struct exchange *x, void (*handler)(struct exchange *x))
{
    const struct row *row = find(x);
    struct call *call = row ? arena_take(exchange_mem(x), sizeof *call) : NULL;
    enum err err = OK;

    if (row)
        err = call ? prepare(x, row, call) : arena_exhausted();
    if (err) {
        web_fail(x, err);
        return;
    }
    if (row)
        exchange_watch(x, watch, call);
    handler(x);
}
