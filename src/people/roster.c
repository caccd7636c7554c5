/* roster.c - blocks of copied records, appended and read in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   head     magic 8, workspace id 16, checksum 8
 *   block    struct roster_block_head, then records (roster_block_pack.c)
 *
 * Blocks form a chain by their checksums, and follow one another in the log.
 */
#include "people/roster_int.h"

#include "base/hash.h"
#include "base/mem.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <stdio.h>
#include <string.h>

enum {
    HEAD_SIZE = 8 + VAULT_ID_SIZE + 8,
    WINDOW = 1 << 20,
    AT_ONCE = 64,
    TOLD_ROOM = 32, /* over the clear part of a node */
};

const char roster_name[] = "people";
static const char head_magic[8] = "MYRPEOP3";

/* Reading. */

struct walk {
    struct file *file;
    const char *path;
    char *window;
    size_t room;
    size_t from, to; /* what of the window is ahead */
    struct roster_extent at;
};

uint64_t roster_block_checksum(const struct roster_block_head *head, const char *body)
{
    uint64_t seed = hash_checksum(head, offsetof(struct roster_block_head, checksum));

    return hash_checksum_seeded(body, head->body_bytes, seed);
}

/* `*out_bytes` are the next `need` bytes of the file, or fewer at its end. */
static fallible look_ahead(struct walk *walk, size_t need, str *out_bytes)
{
    size_t ahead = walk->to - walk->from, len;

    if (ahead < need) {
        if (need > walk->room) {
            char *grown = mem_grow(walk->window, need + WINDOW + COLUMNS_PADDING);

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
static fallible read_head(const struct walk *walk, str bytes, struct roster_block_head *out_block)
{
    struct roster_block_head block;

    if (bytes.len < sizeof block)
        return fail(ERR_CORRUPT, "%s ends at record %llu, but there are column files behind it",
                    walk->path, (unsigned long long)walk->at.next_seq);
    memcpy(&block, bytes.data, sizeof block);
    if (block.magic != ROSTER_BLOCK_MAGIC || block.body_bytes > ROSTER_MOST_BODY ||
        block.previous != walk->at.chain || block.first_seq != walk->at.next_seq ||
        block.next_seq < block.first_seq || block.nodes < walk->at.nodes ||
        block.joins < walk->at.joins)
        return damaged(walk);
    *out_block = block;
    return OK;
}

static struct roster_extent behind(const struct roster_extent *at,
                                   const struct roster_block_head *block)
{
    return (struct roster_extent){at->bytes + sizeof *block + block->body_bytes, block->next_seq,
                                  block->checksum, block->nodes, block->joins};
}

/* Steps over one block. */
static fallible walk_block(struct walk *walk, struct roster_block_head *out_block, str *out_body)
{
    struct roster_block_head block;
    str bytes;

    TRY(look_ahead(walk, sizeof block, &bytes));
    TRY(read_head(walk, bytes, &block));
    TRY(look_ahead(walk, sizeof block + block.body_bytes, &bytes));
    if (bytes.len < sizeof block + block.body_bytes ||
        block.checksum != roster_block_checksum(&block, bytes.data + sizeof block))
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
    struct roster_block_head block;
    size_t len;

    TRY(file_read(roster->file, at->bytes, &block, sizeof block, &len));
    TRY(read_head(&walk, str_from(&block, len), &block));
    *at = behind(at, &block);
    return OK;
}

fallible roster_reading_init(struct roster_reading *reading)
{
    return reading->in.zstd ? OK : columns_unpacker_init(&reading->in);
}

void roster_reading_done(struct roster_reading *reading)
{
    columns_unpacker_done(&reading->in);
    roster_block_done(&reading->block);
    buf_done(&reading->clear);
}

/* The records of one block, which begins at `at`. */
static fallible give_block(const struct roster *roster, uint64_t at, struct roster_reading *reading,
                           roster_taker *each, void *argument)
{
    struct roster_entry entries[AT_ONCE];
    size_t count = 0, records = roster_block_count(&reading->block);

    buf_clear(&reading->clear);
    if (!buf_reserve(&reading->clear, AT_ONCE * TOLD_ROOM)) /* so that it stays where it is */
        return mem_exhausted();
    for (size_t i = 0; i < records; i++) {
        struct roster_entry *entry = &entries[count];

        if (!count)
            buf_clear(&reading->clear);
        TRY(roster_block_record(&reading->block, i, &roster->hash, &reading->clear,
                                &entry->record));
        entry->place = roster_place(at, i);
        count++;
        if (count == AT_ONCE || i + 1 == records) {
            TRY(each(argument, entries, count));
            count = 0;
        }
    }
    return OK;
}

static fallible read_block(const struct roster *roster, struct walk *walk,
                           struct roster_reading *reading, roster_taker *each, void *argument)
{
    uint64_t at = walk->at.bytes;
    struct roster_block_head head;
    str body;
    enum err err;

    TRY(walk_block(walk, &head, &body));
    err = roster_block_unpack(&reading->block, head.first_seq, head.next_seq, body, &reading->in);
    if (err == ERR_CORRUPT)
        return damaged(walk);
    return err ? err : give_block(roster, at, reading, each, argument);
}

fallible roster_read_span(const struct roster *roster, const struct roster_extent *from,
                          uint64_t to, roster_taker *each, void *argument)
{
    struct walk walk = {.file = roster->file, .path = roster->path, .at = *from};
    struct roster_reading reading = {0};
    enum err err = roster_reading_init(&reading);

    while (!err && walk.at.bytes < to)
        err = read_block(roster, &walk, &reading, each, argument);
    roster_reading_done(&reading);
    mem_free(walk.window);
    return err;
}

fallible roster_read(const struct roster *roster, roster_taker *each, void *argument)
{
    return roster_read_span(roster, &roster->head, roster->durable.bytes, each, argument);
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
    struct roster_block_head block;
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

/* What a roster needs besides its file. */
static fallible start(struct roster *roster, const struct roster_config *config)
{
    roster->sys = config->sys;
    roster->hash = (struct roster_hash){config->hash, config->argument};
    roster->asked.mutex = mutex_open();
    if (!roster->asked.mutex)
        return mem_exhausted();
    return columns_packer_init(&roster->packer);
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
    err = start(roster, config);
    if (!err)
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
    roster_block_done(&roster->open);
    columns_packer_done(&roster->packer);
    roster_reading_done(&roster->asked.reading);
    mutex_close(roster->asked.mutex);
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

/* Ends the block: it takes no more records. Without memory it stays open. */
static fallible close_block(struct roster *roster, uint64_t next_seq)
{
    struct roster_block_head head = {
        .magic = ROSTER_BLOCK_MAGIC,
        .nodes = roster->nodes,
        .joins = roster->joins,
        .first_seq = roster->closed.next_seq,
        .next_seq = next_seq,
        .previous = roster->closed.chain,
    };
    size_t at = roster->waiting.len, body;
    enum err err;

    if (!buf_reserve(&roster->waiting, sizeof head + COLUMNS_PADDING))
        return mem_exhausted();
    roster->waiting.len = body = at + sizeof head;
    err = roster_block_pack(&roster->open, head.first_seq, &roster->packer, &roster->waiting);
    if (err) {
        roster->waiting.len = at;
        return err;
    }
    head.body_bytes = (uint32_t)(roster->waiting.len - body);
    head.checksum = roster_block_checksum(&head, roster->waiting.data + body);
    memcpy(roster->waiting.data + at, &head, sizeof head);
    roster->closed = (struct roster_extent){roster->closed.bytes + sizeof head + head.body_bytes,
                                            next_seq, head.checksum, head.nodes, head.joins};
    roster_block_clear(&roster->open);
    return OK;
}

fallible roster_reserve(struct roster *roster, const struct log_record *record)
{
    if (record->kind == RECORD_EVENTS)
        return OK;
    if (roster_block_is_full(&roster->open))
        TRY(close_block(roster, roster->added_seq));
    return roster_block_reserve(&roster->open, record) ? OK : mem_exhausted();
}

uint64_t roster_add(struct roster *roster, const struct log_record *record)
{
    uint64_t place = 0;

    if (record->seq < roster->added_seq)
        return 0;
    if (record->kind != RECORD_EVENTS) {
        place = roster_place(roster->closed.bytes, roster_block_count(&roster->open));
        roster_block_add(&roster->open, record, &roster->hash);
    }
    if (record->kind == RECORD_NODE && record->node > roster->nodes)
        roster->nodes = record->node;
    if (record->kind == RECORD_JOIN)
        roster->joins++;
    roster->added_seq = record->seq + record->count;
    return place;
}

uint64_t roster_waiting(const struct roster *roster)
{
    return roster->waiting.room + roster->open.items.room + roster->open.bytes.room;
}

fallible roster_begin_commit(struct roster *roster, uint64_t next_seq, node_id nodes)
{
    if (roster->is_broken)
        return fail(ERR_IO, "%s could not be synced: restart to recover", roster->path);
    if (nodes > roster->nodes)
        roster->nodes = nodes;
    if (next_seq > roster->closed.next_seq) {
        TRY(close_block(roster, next_seq));
        roster->added_seq = next_seq;
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

    TRY(start(roster, config));
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
