/* roster.c - blocks of copied records, appended and read in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   head     magic 8, workspace id 16, checksum 8
 *   block    struct block, then records (roster_record.c)
 *
 * Blocks form a chain by their checksums, and follow one another in the log.
 */
#include "people/roster_int.h"
#include "people/roster_record.h"

#include "base/hash.h"
#include "base/mem.h"
#include "sys/file.h"

#include <stdio.h>
#include <string.h>

enum {
    HEAD_SIZE = 8 + VAULT_ID_SIZE + 8,
    BLOCK_FULL = 256 << 10,
    MOST_BODY = 64 << 20,
    WINDOW = 1 << 20,
    AT_ONCE = 64,
    SHORT_TEXT = 512,
};

#define BLOCK_MAGIC 0x314b4c425052594du /* "MYRPBLK1" */

const char roster_name[] = "people";
static const char head_magic[8] = "MYRPEOP2";

struct block {
    uint64_t magic;
    uint32_t body_bytes;
    uint32_t nodes; /* ids taken so far */
    uint32_t joins; /* so far */
    uint32_t reserved;
    uint64_t first_seq;
    uint64_t next_seq;
    uint64_t previous; /* checksum of the block before, or of the file's head */
    uint64_t checksum; /* over the bytes before it and the body */
};

_Static_assert(sizeof(struct block) == 56, "no padding");

/* Reading. */

struct walk {
    struct file *file;
    const char *path;
    char *window;
    size_t room;
    size_t from, to; /* what of the window is ahead */
    struct roster_extent at;
};

static uint64_t checksum_of(const struct block *block, const char *body)
{
    uint64_t seed = hash_checksum(block, offsetof(struct block, checksum));

    return hash_checksum_seeded(body, block->body_bytes, seed);
}

/* `*out_bytes` are the next `need` bytes of the file, or fewer at its end. */
static fallible look_ahead(struct walk *walk, size_t need, str *out_bytes)
{
    size_t ahead = walk->to - walk->from, len;

    if (ahead < need) {
        if (need > walk->room) {
            char *grown = mem_grow(walk->window, need + WINDOW);

            if (!grown)
                return mem_exhausted();
            walk->window = grown;
            walk->room = need + WINDOW;
        }
        memmove(walk->window, walk->window + walk->from, ahead);
        TRY(file_read(walk->file, walk->at.bytes + ahead, walk->window + ahead, walk->room - ahead,
                      &len));
        walk->from = 0;
        walk->to = ahead + len;
    }
    *out_bytes = str_from(walk->window + walk->from, walk->to - walk->from);
    return OK;
}

static fallible damaged(const struct walk *walk)
{
    return fail(ERR_CORRUPT, "%s is damaged at byte %llu (record %llu)", walk->path,
                (unsigned long long)walk->at.bytes, (unsigned long long)walk->at.next_seq);
}

static fallible walk_start(struct walk *walk, const unsigned char *workspace)
{
    uint64_t checksum;
    str head;

    walk->at = (struct roster_extent){.next_seq = 1};
    TRY(look_ahead(walk, HEAD_SIZE, &head));
    if (head.len < HEAD_SIZE)
        return damaged(walk);
    memcpy(&checksum, head.data + HEAD_SIZE - sizeof checksum, sizeof checksum);
    if (memcmp(head.data, head_magic, sizeof head_magic) != 0 ||
        checksum != hash_checksum(head.data, HEAD_SIZE - sizeof checksum))
        return damaged(walk);
    if (workspace && memcmp(head.data + sizeof head_magic, workspace, VAULT_ID_SIZE) != 0)
        return fail(ERR_CORRUPT, "%s belongs elsewhere", walk->path);
    walk->at.bytes = HEAD_SIZE;
    walk->at.chain = checksum;
    walk->from += HEAD_SIZE;
    return OK;
}

/* The head at the front of `bytes`, if it can stand here. */
static fallible read_head(const struct walk *walk, str bytes, struct block *out_block)
{
    struct block block;

    if (bytes.len < sizeof block)
        return fail(ERR_CORRUPT, "%s ends at record %llu, but there are column files behind it",
                    walk->path, (unsigned long long)walk->at.next_seq);
    memcpy(&block, bytes.data, sizeof block);
    if (block.magic != BLOCK_MAGIC || block.body_bytes > MOST_BODY ||
        block.previous != walk->at.chain || block.first_seq != walk->at.next_seq ||
        block.next_seq < block.first_seq || block.nodes < walk->at.nodes ||
        block.joins < walk->at.joins)
        return damaged(walk);
    *out_block = block;
    return OK;
}

static struct roster_extent behind(const struct roster_extent *at, const struct block *block)
{
    return (struct roster_extent){at->bytes + sizeof *block + block->body_bytes, block->next_seq,
                                  block->checksum, block->nodes, block->joins};
}

/* Steps over one block. */
static fallible walk_block(struct walk *walk, struct block *out_block, str *out_body)
{
    struct block block;
    str bytes;

    TRY(look_ahead(walk, sizeof block, &bytes));
    TRY(read_head(walk, bytes, &block));
    TRY(look_ahead(walk, sizeof block + block.body_bytes, &bytes));
    if (bytes.len < sizeof block + block.body_bytes ||
        block.checksum != checksum_of(&block, bytes.data + sizeof block))
        return damaged(walk);
    walk->from += sizeof block + block.body_bytes;
    walk->at = behind(&walk->at, &block);
    *out_block = block;
    *out_body = str_slice(bytes, sizeof block, sizeof block + block.body_bytes);
    return OK;
}

fallible roster_step_over(const struct roster *roster, struct roster_extent *at)
{
    const struct walk walk = {.file = roster->file, .path = roster->path, .at = *at};
    struct block block;
    size_t len;

    TRY(file_read(roster->file, at->bytes, &block, sizeof block, &len));
    TRY(read_head(&walk, str_from(&block, len), &block));
    *at = behind(at, &block);
    return OK;
}

/* The records of one block; the first one's number counts from `at`, where the block begins. */
static fallible give_block(const struct walk *walk, const struct block *block, str body,
                           roster_taker *each, void *argument)
{
    struct roster_entry entries[AT_ONCE];
    char uuids[AT_ONCE][ROSTER_UUID_TEXT];
    struct roster_taken taken = {.latest.seq = block->first_seq};
    const struct log_record *record = &taken.record;
    const char *at = body.data, *end = body.data + body.len;
    size_t count = 0;

    while (at < end) {
        uint64_t place = walk->at.bytes - (uint64_t)(end - at);

        at = roster_record_take(at, end, &taken);
        if (!at || record->seq >= block->next_seq)
            return damaged(walk);
        entries[count].record = *record;
        if (record->payload.data == taken.uuid) {
            memcpy(uuids[count], taken.uuid, ROSTER_UUID_TEXT);
            entries[count].record.payload.data = uuids[count];
        }
        entries[count++].place = place;
        if (count == AT_ONCE || at == end) {
            TRY(each(argument, entries, count));
            count = 0;
        }
    }
    return OK;
}

fallible roster_read_span(const struct roster *roster, const struct roster_extent *from,
                          uint64_t to, roster_taker *each, void *argument)
{
    struct walk walk = {.file = roster->file, .path = roster->path, .at = *from};
    enum err err = OK;

    while (!err && walk.at.bytes < to) {
        struct block block;
        str body;

        err = walk_block(&walk, &block, &body);
        if (!err)
            err = give_block(&walk, &block, body, each, argument);
    }
    mem_free(walk.window);
    return err;
}

fallible roster_read(const struct roster *roster, roster_taker *each, void *argument)
{
    return roster_read_span(roster, &roster->head, roster->durable.bytes, each, argument);
}

static fallible damaged_text(const struct roster *roster, node_id node)
{
    return fail(ERR_CORRUPT, "%s is damaged: it does not hold the identifier of node %u",
                roster->path, node);
}

/* `*is_short`: the record goes on behind `bytes`. */
static fallible read_text(const struct roster *roster, str bytes, node_id node, bool *is_short,
                          struct buf *out_text)
{
    struct roster_taken taken = {0};

    *is_short = !roster_record_take(bytes.data, bytes.data + bytes.len, &taken);
    if (*is_short)
        return OK;
    if (taken.record.kind != RECORD_NODE || (taken.has_node && taken.record.node != node))
        return damaged_text(roster, node);
    if (!taken.record.payload.data)
        return fail(ERR_ABSENT, "the identifier of node %u was erased", node);
    buf_add(out_text, taken.record.payload);
    return OK;
}

fallible roster_text(const struct roster *roster, uint64_t place, node_id node,
                     struct buf *out_text)
{
    uint64_t ahead = roster->durable.bytes;
    size_t room = SHORT_TEXT, len;
    bool is_short = false;
    enum err err = OK;
    char *bytes;

    if (place >= ahead) {
        size_t at = (size_t)(place - ahead) < roster->waiting.len ? (size_t)(place - ahead)
                                                                  : roster->waiting.len;

        TRY(read_text(roster, str_slice(buf_str(&roster->waiting), at, roster->waiting.len), node,
                      &is_short, out_text));
        return is_short ? damaged_text(roster, node) : OK;
    }
    do {
        bytes = mem_grow(NULL, room);
        if (!bytes)
            return mem_exhausted();
        err = file_read(roster->file, place, bytes, room, &len);
        if (!err)
            err = read_text(roster, str_from(bytes, len), node, &is_short, out_text);
        mem_free(bytes);
        if (!err && is_short && (len < room || room > MOST_BODY))
            err = damaged_text(roster, node);
        room *= 16;
    } while (!err && is_short);
    return err;
}

/* Opening. */

static fallible path_in(const char *folder, const char *suffix, char *out_path)
{
    int len = snprintf(out_path, ROSTER_PATH, "%s/%s%s", folder, roster_name, suffix);

    return len < ROSTER_PATH ? OK : fail(ERR_LIMIT, "the path of the data folder is too long");
}

/* Goes on to the end of what covers the records below `next_seq`. */
static fallible walk_to(struct walk *walk, uint64_t next_seq)
{
    struct block block;
    str body;

    while (walk->at.next_seq < next_seq)
        TRY(walk_block(walk, &block, &body));
    return walk->at.next_seq == next_seq ? OK : damaged(walk);
}

static fallible find_extent(struct roster *roster, const unsigned char *workspace,
                            uint64_t next_seq)
{
    struct walk walk = {.file = roster->file, .path = roster->path};
    enum err err = walk_start(&walk, workspace);

    roster->head = walk.at;
    if (!err)
        err = walk_to(&walk, next_seq);
    roster->durable = roster->closed = walk.at;
    mem_free(walk.window);
    return err;
}

static fallible write_head(struct roster *roster, const unsigned char *workspace)
{
    char head[HEAD_SIZE];
    uint64_t checksum;

    memcpy(head, head_magic, sizeof head_magic);
    memcpy(head + sizeof head_magic, workspace, VAULT_ID_SIZE);
    checksum = hash_checksum(head, HEAD_SIZE - sizeof checksum);
    memcpy(head + HEAD_SIZE - sizeof checksum, &checksum, sizeof checksum);
    TRY(file_truncate(roster->file, 0));
    TRY(file_write(roster->file, 0, head, sizeof head));
    roster->head = (struct roster_extent){HEAD_SIZE, 1, checksum, 0, 0};
    roster->durable = roster->closed = roster->head;
    return OK;
}

static fallible open_file(struct roster *roster, const struct roster_config *config,
                          uint64_t next_seq)
{
    uint64_t size;

    TRY(path_in(config->folder, "", roster->path));
    if (next_seq > 1) {
        TRY(file_open(config->sys, roster->path, FILE_READ | FILE_WRITE, &roster->file));
        TRY(find_extent(roster, config->workspace, next_seq));
    } else {
        TRY(file_open(config->sys, roster->path, FILE_READ | FILE_WRITE | FILE_CREATE,
                      &roster->file));
        TRY(write_head(roster, config->workspace));
        TRY(folder_sync(config->sys, config->folder));
    }
    TRY(file_size(roster->file, &size));
    return size > roster->durable.bytes ? file_truncate(roster->file, roster->durable.bytes) : OK;
}

static void start_from(struct roster *roster)
{
    roster->added_seq = roster->durable.next_seq;
    roster->nodes = roster->durable.nodes;
    roster->joins = roster->durable.joins;
}

fallible roster_open(const struct roster_config *config, uint64_t next_seq,
                     struct roster **out_roster)
{
    struct roster *roster = mem_alloc(sizeof *roster);
    enum err err;

    if (!roster)
        return mem_exhausted();
    roster->sys = config->sys;
    err = open_file(roster, config, next_seq);
    if (err) {
        roster_close(roster);
        return err;
    }
    start_from(roster);
    *out_roster = roster;
    return OK;
}

void roster_close(struct roster *roster)
{
    if (!roster)
        return;
    roster_unload(roster);
    file_close(roster->file);
    buf_done(&roster->waiting);
    mem_free(roster);
}

uint64_t roster_next_seq(const struct roster *roster)
{
    return roster->durable.next_seq;
}

node_id roster_nodes(const struct roster *roster)
{
    return roster->durable.nodes;
}

uint32_t roster_joins(const struct roster *roster)
{
    return roster->durable.joins;
}

/* Adding. */

fallible roster_reserve(struct roster *roster, const struct log_record *record)
{
    size_t need = sizeof(struct block) + ROSTER_MOST_RECORD + record->clear.len;

    if (record->kind == RECORD_EVENTS)
        return OK;
    if (record->kind == RECORD_NODE)
        need += record->payload.len;
    return buf_reserve(&roster->waiting, need) ? OK : mem_exhausted();
}

/* Gives the block its head: it takes no more records. */
static void close_block(struct roster *roster, uint64_t next_seq)
{
    char *at = roster->waiting.data + roster->open_at;
    struct block block = {
        .magic = BLOCK_MAGIC,
        .body_bytes = (uint32_t)(roster->waiting.len - roster->open_at - sizeof block),
        .nodes = roster->nodes,
        .joins = roster->joins,
        .first_seq = roster->closed.next_seq,
        .next_seq = next_seq,
        .previous = roster->closed.chain,
    };

    block.checksum = checksum_of(&block, at + sizeof block);
    memcpy(at, &block, sizeof block);
    roster->closed = (struct roster_extent){roster->closed.bytes + sizeof block + block.body_bytes,
                                            next_seq, block.checksum, block.nodes, block.joins};
    roster->open_at = roster->waiting.len;
}

/* What stands behind `open_at` begins with room for the block's head. */
static void open_block(struct roster *roster)
{
    static const struct block none;

    if (roster->waiting.len > roster->open_at)
        return;
    buf_add_bytes(&roster->waiting, &none, sizeof none);
    roster->latest = (struct roster_latest){.seq = roster->closed.next_seq};
}

uint64_t roster_add(struct roster *roster, const struct log_record *record)
{
    uint64_t place = 0;
    struct buf *out = &roster->waiting;

    if (record->seq < roster->added_seq)
        return 0;
    if (record->kind != RECORD_EVENTS) {
        open_block(roster);
        place = roster->durable.bytes + out->len;
        roster_record_put(out, record, &roster->latest);
    }
    if (record->kind == RECORD_NODE && record->node > roster->nodes)
        roster->nodes = record->node;
    if (record->kind == RECORD_JOIN)
        roster->joins++;
    roster->added_seq = record->seq + record->count;
    if (out->len - roster->open_at > BLOCK_FULL)
        close_block(roster, roster->added_seq);
    return place;
}

uint64_t roster_waiting(const struct roster *roster)
{
    return roster->waiting.room;
}

fallible roster_begin_commit(struct roster *roster, uint64_t next_seq, node_id nodes)
{
    if (roster->is_broken)
        return fail(ERR_IO, "%s could not be synced: restart to recover", roster->path);
    if (!buf_reserve(&roster->waiting, sizeof(struct block)))
        return mem_exhausted();
    if (nodes > roster->nodes)
        roster->nodes = nodes;
    if (next_seq > roster->closed.next_seq) {
        open_block(roster);
        roster->added_seq = next_seq;
        close_block(roster, next_seq);
    }
    return OK;
}

/* On a full disk what waits goes on waiting. */
fallible roster_write(struct roster *roster)
{
    if (!roster->waiting.len)
        return OK;
    TRY(file_write(roster->file, roster->durable.bytes, roster->waiting.data, roster->waiting.len));
    if (file_sync(roster->file) == OK)
        return OK;
    roster->is_broken = true;
    return fail(ERR_IO, "%s could not be synced", roster->path);
}

void roster_end_commit(struct roster *roster)
{
    roster->durable = roster->closed;
    buf_done(&roster->waiting);
    roster->open_at = 0;
}

fallible roster_commit(struct roster *roster, uint64_t next_seq, node_id nodes)
{
    TRY(roster_begin_commit(roster, next_seq, nodes));
    TRY(roster_write(roster));
    roster_end_commit(roster);
    return OK;
}

/* Anew from the log. */

struct making {
    struct roster *roster;
    uint64_t next_seq;
    bool (*progress)(void *argument, uint64_t seq, uint64_t of);
    void *argument;
    uint64_t said;
};

enum { PROGRESS_EVERY = 65536, COMMIT_AT = 16 << 20 };

static fallible take_from_log(struct making *making, const struct log_record *record)
{
    struct roster *roster = making->roster;
    node_id nodes = record->node > roster->nodes ? record->node : roster->nodes;

    if (making->progress && record->seq >= making->said + PROGRESS_EVERY) {
        making->said = record->seq;
        if (!making->progress(making->argument, record->seq, making->next_seq))
            return fail(ERR_EXPIRED, "stopped while reading the log");
    }
    TRY(roster_reserve(roster, record));
    roster_add(roster, record);
    roster->nodes = nodes; /* of a node whose own record was lost, its events tell */
    return roster->waiting.len < COMMIT_AT
               ? OK
               : roster_commit(roster, record->seq + record->count, nodes);
}

static fallible copy_log(struct making *making, struct log *log)
{
    struct log_reader *reader;
    struct log_record record;
    enum err err;

    TRY(log_reader_open(log, 1, LOG_NAMES, &reader));
    while ((err = log_reader_next(reader, &record)) == OK && record.seq < making->next_seq) {
        err = take_from_log(making, &record);
        if (err)
            break;
    }
    log_reader_close(reader);
    if (err && err != ERR_ABSENT)
        return err;
    return roster_commit(making->roster, making->next_seq, making->roster->nodes);
}

static fallible make_file(struct making *making, const struct roster_config *config)
{
    struct roster *roster = making->roster;
    char path[ROSTER_PATH];

    TRY(path_in(config->folder, "", path));
    TRY(path_in(config->folder, ".new", roster->path));
    TRY(file_open(config->sys, roster->path, FILE_READ | FILE_WRITE | FILE_CREATE, &roster->file));
    TRY(write_head(roster, config->workspace));
    start_from(roster);
    TRY(copy_log(making, config->log));
    TRY(file_rename(config->sys, roster->path, path));
    return folder_sync(config->sys, config->folder);
}

fallible roster_make(const struct roster_config *config, uint64_t next_seq,
                     bool (*progress)(void *argument, uint64_t seq, uint64_t of), void *argument)
{
    struct making making = {.roster = mem_alloc(sizeof *making.roster),
                            .next_seq = next_seq,
                            .progress = progress,
                            .argument = argument};
    enum err err = making.roster ? make_file(&making, config) : mem_exhausted();

    roster_close(making.roster);
    return err;
}

fallible roster_obtain(const struct roster_config *config, uint64_t next_seq,
                       bool (*progress)(void *argument, uint64_t seq, uint64_t of), void *argument,
                       char *out_reason, struct roster **out_roster)
{
    uint64_t end = log_durable_seq(config->log);
    enum err err;

    out_reason[0] = 0;
    if (next_seq > end)
        return fail(ERR_CORRUPT,
                    "column files cover the records up to %llu but the log ends at %llu: its end "
                    "is missing, restore it",
                    (unsigned long long)next_seq - 1, (unsigned long long)end - 1);
    err = roster_open(config, next_seq, out_roster);
    if (err != ERR_ABSENT && err != ERR_CORRUPT)
        return err;
    snprintf(out_reason, ROSTER_REASON, "%s", err_text());
    TRY(roster_make(config, next_seq, progress, argument));
    return roster_open(config, next_seq, out_roster);
}

/* Checking. */

fallible roster_check(const struct roster_config *config, uint64_t next_seq,
                      void (*report)(void *, const char *), void *argument)
{
    char path[ROSTER_PATH];
    struct walk walk = {.path = path};
    enum err err;

    if (next_seq == 1)
        return OK;
    TRY(path_in(config->folder, "", path));
    err = file_open(config->sys, path, FILE_READ, &walk.file);
    if (!err)
        err = walk_start(&walk, config->workspace);
    if (!err)
        err = walk_to(&walk, next_seq);
    file_close(walk.file);
    mem_free(walk.window);
    if (err == ERR_ABSENT)
        err = fail(ERR_CORRUPT, "%s is missing", path);
    if (err == ERR_CORRUPT)
        report(argument, err_text());
    return err;
}
