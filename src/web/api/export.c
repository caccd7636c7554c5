/* export.c - the events of this server as lines of JSON, fetched piece by piece.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET /api/export says how far there are events to export by now, {"until":N};
 * GET /api/export/events?from&until gives the next lines, about PIECE bytes of them, from sequence
 * number `from` to below `until`, with `traffic=human` without those of machines. Each line begins
 * with its number: the next piece is from the one behind the last. An empty answer is the end.
 */
#include "measure/export.h"

#include "store/log.h"
#include "web/api/api.h"
#include "web/web.h"

enum { PIECE = 4 << 20 };

void export_begin(struct exchange *x)
{
    struct buf out = {0};

    buf_print(&out, "{\"until\":%llu}",
              (unsigned long long)log_durable_seq(web_config(web_of(x))->log));
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

static fallible read_piece(struct exchange *x, struct export *export, struct buf *out)
{
    bool is_end = false;

    while (!is_end && !out->len) {
        TRY(export_read(export, PIECE, out, &is_end));
        if (exchange_is_abandoned(x))
            return fail(ERR_EXPIRED, "the client has gone");
    }
    return OK;
}

static fallible read_traffic(struct exchange *x, bool *out_is_human)
{
    str traffic = exchange_query_value(x, S("traffic"));

    *out_is_human = traffic.data && str_equals(traffic, S("human"));
    if (traffic.data && !*out_is_human && !str_equals(traffic, S("raw")))
        return fail(ERR_INVALID, "\"traffic\" must be human or raw");
    return OK;
}

static fallible read_range(struct exchange *x, struct buf *out)
{
    struct log *log = web_config(web_of(x))->log;
    struct export *export;
    uint64_t from, until;
    bool is_human;
    enum err err;

    TRY(web_query_number(x, S("from"), 1, UINT64_MAX, 1, &from));
    TRY(web_query_number(x, S("until"), 1, UINT64_MAX, UINT64_MAX, &until));
    TRY(read_traffic(x, &is_human));
    if (from >= log_durable_seq(log))
        return OK;
    TRY(export_open(log, from, until, &export));
    export_without(export, web_config(web_of(x))->deletions);
    export_verdicts(export, web_config(web_of(x))->verdicts, is_human);
    err = read_piece(x, export, out);
    export_close(export);
    return err;
}

void export_events(struct exchange *x)
{
    struct buf out = {0};
    enum err err = read_range(x, &out);

    if (err) {
        web_fail(x, err);
    } else {
        exchange_add_header(x, S("Cache-Control"), S("no-store"));
        exchange_answer(x, 200, S("application/x-ndjson"), buf_str(&out));
    }
    buf_done(&out);
}
