/* audit_page.c - GET /api/audit: what was done, the newest first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/audit.h"

#include "base/json.h"
#include "web/api/api.h"
#include "web/parameters.h"
#include "web/web.h"

static void write_hash(struct json_writer *w, str hash)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * AUDIT_HASH];

    for (size_t i = 0; i < AUDIT_HASH; i++) {
        text[2 * i] = digits[(unsigned char)hash.data[i] >> 4];
        text[2 * i + 1] = digits[(unsigned char)hash.data[i] & 15];
    }
    json_key(w, S("hash"));
    json_text(w, (str){text, sizeof text});
}

static void write_record(struct json_writer *w, const struct audit_record *record)
{
    json_open(w, '{');
    json_key(w, S("seq"));
    json_i64(w, record->seq);
    write_hash(w, record->hash);
    json_key(w, S("record"));
    json_verbatim(w, record->json);
    json_shut(w, '}');
}

static void write_page(struct exchange *x, struct json_writer *w, const struct audit_page *page)
{
    json_key(w, S("records"));
    json_open(w, '[');
    for (size_t i = 0; i < page->count; i++)
        write_record(w, &page->records[i]);
    json_shut(w, ']');
    json_key(w, S("cursor"));
    if (page->count && page->records[page->count - 1].seq > 1)
        json_text(
            w, arena_print(exchange_mem(x), "%lld", (long long)page->records[page->count - 1].seq));
    else
        json_null(w);
    json_key(w, S("head"));
    json_open(w, '{');
    json_key(w, S("seq"));
    json_i64(w, page->head_seq);
    write_hash(w, page->head_hash);
    json_shut(w, '}');
}

void audit_page(struct exchange *x)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct audit_page page;
    uint64_t limit, before;
    enum err err = parameters_number(x, S("limit"), &limit);

    if (!err)
        err = parameters_number(x, S("cursor"), &before);
    if (!err)
        err = audit_list(web_config(web_of(x))->catalog, before ? (int64_t)before : INT64_MAX,
                         limit, exchange_mem(x), &page);
    if (err) {
        web_fail(x, err);
        return;
    }
    json_open(&w, '{');
    write_page(x, &w, &page);
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}
