/* backup.c - a backup of this server, begun, fetched piece by piece and ended.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET /api/backup begins it and lists its parts; GET /api/backup/ID/parts/N?offset&length gives the
 * bytes of one, N being its place in the list; DELETE /api/backup/ID ends it. The keys are parts
 * too: whoever has an admin key may take them along.
 */
#include "store/backup_desk.h"

#include "base/mem.h"
#include "web/api/api.h"
#include "web/journal.h"
#include "web/visitor.h"
#include "web/parameters.h"
#include "web/web.h"

#include <assert.h>
#include <sodium.h>

static void write_parts(struct json_writer *w, const struct backup_listing *listing)
{
    json_open(w, '[');
    for (size_t i = 0; i < listing->count; i++) {
        json_open(w, '{');
        json_key(w, S("name"));
        json_text(w, listing->parts[i].name);
        json_key(w, S("size"));
        json_u64(w, listing->parts[i].size);
        json_key(w, S("is_key"));
        json_bool(w, listing->parts[i].is_key);
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

void backup_begin(struct exchange *x)
{
    const struct web_config *config = web_config(web_of(x));
    char workspace[2 * VAULT_ID_SIZE + 1];
    struct backup_listing listing;
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    enum err err = visitor_audit(x, "backup.begin", S("backup"), (str){NULL, 0});

    if (!err)
        err = backup_desk_begin(config->backups, exchange_mem(x), &listing);
    if (err) {
        web_fail(x, err);
        return;
    }
    journal_info(config->sys, "a backup was begun over HTTP", listing.id.data);
    sodium_bin2hex(workspace, sizeof workspace, listing.workspace, sizeof listing.workspace);
    json_open(&w, '{');
    json_key(&w, S("id"));
    json_text(&w, listing.id);
    json_key(&w, S("workspace"));
    json_text(&w, str_of(workspace));
    json_key(&w, S("parts"));
    write_parts(&w, &listing);
    json_shut(&w, '}');
    exchange_add_header(x, S("Cache-Control"), S("no-store"));
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

static fallible read_piece(struct exchange *x, char *piece, size_t *out_len)
{
    uint64_t part, offset, len;

    if (!str_to_u64(exchange_path_value(x, S("part")), &part))
        return fail(ERR_ABSENT, "the parts of a backup are numbered from 0");
    TRY(parameters_number(x, S("offset"), &offset));
    TRY(parameters_number(x, S("length"), &len));
    assert(len <= BACKUP_PIECE);
    TRY(backup_desk_read(web_config(web_of(x))->backups, exchange_path_value(x, S("id")), part,
                         offset, piece, len));
    *out_len = len;
    return OK;
}

void backup_piece(struct exchange *x)
{
    char *piece = mem_alloc(BACKUP_PIECE);
    size_t len = 0;
    enum err err = piece ? read_piece(x, piece, &len) : mem_exhausted();

    if (err) {
        web_fail(x, err);
    } else {
        exchange_add_header(x, S("Cache-Control"), S("no-store"));
        exchange_answer(x, 200, S("application/octet-stream"), str_from(piece, len));
        sodium_memzero(piece, len); /* it may have been keys */
    }
    mem_free(piece);
}

void backup_end(struct exchange *x)
{
    enum err err = backup_desk_end(web_config(web_of(x))->backups, exchange_path_value(x, S("id")));

    if (err)
        web_fail(x, err);
    else
        exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}
