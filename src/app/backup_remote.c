/* backup_remote.c - a running server as the source of a backup.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/backup_remote.h"

#include "base/json.h"
#include "sys/clock.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 10, RETRY_MS = 500, PIECE_MEMORY = 64 << 20 };

static fallible get_piece(struct backup_remote *remote, size_t part, uint64_t offset, void *out,
                          size_t len)
{
    const char *path;
    str body;

    arena_reset(remote->piece);
    path = arena_print(remote->piece, "/api/backup/%.*s/parts/%zu?offset=%llu&length=%zu",
                       STR_ARG(remote->id), part, (unsigned long long)offset, len)
               .data;
    if (!path)
        return arena_exhausted();
    TRY(remote_get(&remote->server, remote->piece, path, &body));
    if (body.len != len)
        return fail(ERR_IO, "the server gave %zu bytes instead of %zu", body.len, len);
    memcpy(out, body.data, len);
    return OK;
}

/* Reading twice does no harm: a busy server or a broken connection is tried again. */
static enum err read_part(void *argument, const struct backup_part *part, uint64_t offset,
                          void *out, size_t len)
{
    struct backup_remote *remote = argument;
    size_t index = (size_t)(part - remote->source.parts);
    enum err err = OK;

    for (int tries = 0; tries < TRIES; tries++) {
        if (tries)
            clock_sleep(remote->sys, RETRY_MS);
        err = get_piece(remote, index, offset, out, len);
        if (err != ERR_BUSY && err != ERR_IO)
            break;
    }
    return err;
}

/* The listing */

static fallible not_understood(void)
{
    return fail(ERR_INVALID, "the server's list of what to back up is not understood: is this "
                             "program older?");
}

static fallible read_one(const struct json *doc, uint32_t at, struct arena *mem,
                         struct backup_part *out_part)
{
    uint32_t name = json_find(doc, at, S("name")), size = json_find(doc, at, S("size"));
    uint32_t is_key = json_find(doc, at, S("is_key"));
    int64_t bytes;

    if (name == JSON_ABSENT || size == JSON_ABSENT || is_key == JSON_ABSENT ||
        json_type_of(doc, name) != JSON_STRING || !json_to_i64(doc, size, &bytes) || bytes < 0)
        return not_understood();
    out_part->name = arena_dup(mem, json_string(doc, name, mem));
    out_part->size = (uint64_t)bytes;
    out_part->is_key = json_type_of(doc, is_key) == JSON_TRUE;
    return out_part->name.data ? OK : arena_exhausted();
}

static str text_of(const struct json *doc, str name, struct arena *mem)
{
    uint32_t at = json_find(doc, 0, name);

    return at == JSON_ABSENT ? (str){NULL, 0} : json_string(doc, at, mem);
}

static fallible read_listing(struct backup_remote *remote, const struct json *doc,
                             struct arena *mem)
{
    struct backup_source *source = &remote->source;
    uint32_t parts = json_find(doc, 0, S("parts"));
    str workspace = text_of(doc, S("workspace"), mem), id = text_of(doc, S("id"), mem);
    size_t len;

    if (!id.data || !workspace.data || parts == JSON_ABSENT ||
        json_type_of(doc, parts) != JSON_ARRAY ||
        sodium_hex2bin(source->workspace, sizeof source->workspace, workspace.data, workspace.len,
                       NULL, &len, NULL) != 0 ||
        len != sizeof source->workspace)
        return not_understood();
    remote->id = arena_dup(mem, id);
    source->parts = arena_array(mem, doc->nodes[parts].next - parts, sizeof *source->parts);
    if (!remote->id.data || !source->parts)
        return arena_exhausted();
    EACH_ELEMENT(doc, parts, at)
    {
        TRY(read_one(doc, at, mem, &source->parts[source->count]));
        source->count++;
    }
    return OK;
}

static fallible begin(struct backup_remote *remote, struct arena *mem)
{
    struct json_reader *reader = json_reader_open();
    struct json doc;
    str body;
    enum err err = reader ? OK : arena_exhausted();

    if (!err)
        err = remote_get(&remote->server, mem, "/api/backup", &body);
    if (!err)
        err = json_parse_copy(reader, mem, body, &doc);
    if (!err)
        err = read_listing(remote, &doc, mem);
    json_reader_close(reader);
    return err;
}

fallible backup_remote_open(struct sys *sys, const char *url, str key, struct arena *mem,
                            struct backup_remote *out_remote)
{
    struct backup_remote *remote = out_remote;

    *remote = (struct backup_remote){.sys = sys, .server = {url, key, REMOTE_BEARER}};
    remote->source.read = read_part;
    remote->source.argument = remote;
    remote->piece = arena_open(PIECE_MEMORY);
    return remote->piece ? begin(remote, mem) : arena_exhausted();
}

static fallible end(struct backup_remote *remote)
{
    const char *path;

    arena_reset(remote->piece);
    path = arena_print(remote->piece, "/api/backup/%.*s", STR_ARG(remote->id)).data;
    return path ? remote_delete(&remote->server, remote->piece, path) : arena_exhausted();
}

void backup_remote_close(struct backup_remote *remote)
{
    char sentence[512];

    snprintf(sentence, sizeof sentence, "%s", err_text());
    if (remote->id.data && end(remote) != OK)
        fail(ERR_IO, "%s", sentence); /* it ends by itself; what went wrong before matters more */
    arena_close(remote->piece);
}
