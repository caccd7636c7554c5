/* tail.c - GET /api/tail?cursor&event&limit&newest: follows the log by server-sent events.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * `cursor`, or Last-Event-ID of a client that comes again, is the newest event the client has:
 * what is behind follows, the old log first, then what arrives. Without it only what arrives. With
 * `newest` of that only the newest, from the present on, also for a client that comes again.
 */
#include "http/event_stream.h"
#include "proto/form.h"
#include "store/log.h"
#include "web/api/api.h"
#include "web/parameters.h"
#include "web/tails.h"
#include "web/web.h"

#include <inttypes.h>

enum { NAMES_MOST = 32 };

static fallible read_after(struct exchange *x, uint64_t *out_after)
{
    uint64_t newest = log_durable_seq(web_config(web_of(x))->log) - 1, after = newest;
    str again = exchange_header(x, S("Last-Event-ID"));
    const char *source = again.len ? "Last-Event-ID" : "cursor";

    if (again.len && !str_to_u64(again, &after))
        return fail(ERR_INVALID, "\"Last-Event-ID\" must be the id of an event of this stream");
    if (!again.len && exchange_query_value(x, S("cursor")).data)
        TRY(parameters_number(x, S("cursor"), &after));
    if (after > newest)
        return fail(ERR_CONFLICT,
                    "\"%s\" is %" PRIu64 ", but the newest event here is %" PRIu64
                    ": start again from an older one",
                    source, after, newest);
    *out_after = after;
    return OK;
}

static fallible read_names(struct exchange *x, struct tail_wish *wish)
{
    struct arena *mem = exchange_mem(x);
    str rest = exchange_request(x)->query, name, value;
    str *names = arena_array(mem, NAMES_MOST, sizeof *names);

    if (!names)
        return arena_exhausted();
    while (form_next(&rest, &name, &value)) {
        if (!str_equals(name, S("event")))
            continue;
        if (wish->name_count == NAMES_MOST)
            return fail(ERR_INVALID, "\"event\" may be given %d times at the most", NAMES_MOST);
        value = form_decode(mem, value, true);
        names[wish->name_count] = value.data ? arena_dup(mem, value) : value;
        if (!names[wish->name_count].data)
            return arena_exhausted();
        wish->name_count++;
    }
    wish->names = names;
    return OK;
}

static fallible read_secret(struct exchange *x, struct tail_wish *wish)
{
    wish->secret = arena_dup(exchange_mem(x), gate_secret(x));
    return wish->secret.data ? OK : arena_exhausted();
}

static fallible read_newest(struct exchange *x, struct tail_wish *wish)
{
    static const char *const refused[] = {"cursor", "event"};

    TRY(parameters_number(x, S("newest"), &wish->newest));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (exchange_query_value(x, str_of(refused[i])).data)
            return fail(ERR_INVALID,
                        "\"%s\" cannot go with \"newest\", which tells what is newest of all that "
                        "arrives: leave out one of them",
                        refused[i]);
    return OK;
}

static fallible read_wish(struct exchange *x, struct tail_wish *out_wish)
{
    *out_wish = (struct tail_wish){0};
    TRY(parameters_number(x, S("limit"), &out_wish->limit));
    TRY(read_secret(x, out_wish));
    if (exchange_query_value(x, S("newest")).data)
        return read_newest(x, out_wish);
    TRY(read_after(x, &out_wish->after));
    return read_names(x, out_wish);
}

void tail_follow(struct exchange *x)
{
    struct tail_wish wish;
    enum err err = read_wish(x, &wish);

    if (!err && exchange_request(x)->method == HTTP_HEAD) {
        exchange_answer(x, 200, S("text/event-stream"), (str){NULL, 0});
        return;
    }
    if (!err)
        err = tails_add(web_config(web_of(x))->tails, x, &wish);
    if (err)
        web_fail(x, err);
}
