/* combine.c - which column files become one, and what is needed to know of the persons meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Files are immutable and only who combines removes any, so they are read without a lock, through
 * handles and a small cache of their own: questions keep what they have in theirs. Who belongs to
 * whom is copied in one short hold of the lock, of those who changed alone. Joins that come later
 * stay among the changes that the new file does not know of.
 */
#include "measure/combine_int.h"

#include "base/mem.h"
#include "measure/events.h"
#include "measure/history.h"
#include "measure/mask.h"
#include "measure/strays.h"
#include "people/identity.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/file.h"

enum {
    CACHE = 128 << 20, /* for what each stripe of a file needs of all its rows */
    PATHS = 16 << 20,
    STRAY_SHARE = 16, /* of a file's rows, before it is written anew */
    DELETED_SHARE = 8,
    IDLE_SHARE = 8, /* of the largest file: what others need to have together */
    FEWEST = 16 << 10,
    FEW_ROWS = 4 << 20,
    MOST_STRAYS = 512 << 10,
    MOST_CHANGES = 2 << 20, /* they take 24 bytes each */
    SPARE_BYTES = 256 << 20,
};

/* Choosing */

static uint64_t within(uint64_t number, uint64_t least, uint64_t most)
{
    return number < least ? least : number > most ? most : number;
}

static bool is_worn(const struct combine_file *file)
{
    return file->deleted > file->rows / DELETED_SHARE ||
           file->strays > within(file->rows / STRAY_SHARE, FEWEST, MOST_STRAYS) ||
           file->changes > MOST_CHANGES;
}

/* Persons who stand in one file alone are read several times as fast as those put together of
 * many, so where nothing else is to be done all become one, unless that is nearly so. */
static bool is_worth_all(const struct combine_file *files, size_t count)
{
    uint64_t most = 0, all = 0;

    for (size_t i = 0; i < count; i++) {
        most = files[i].rows > most ? files[i].rows : most;
        all += files[i].rows;
    }
    return count > 1 && all - most >= most / IDLE_SHARE;
}

/* The longest row of `fewest` files or more up to the last of which the first is no larger than the
 * average of the others, nearly. What is left of each other choice has a file larger than an eighth
 * of all from it on, so that there are never more files than a few times the logarithm of all rows.
 */
static size_t find_row(const struct combine_file *files, size_t count, size_t fewest)
{
    uint64_t behind = 0;
    size_t at = count, best = count;

    while (at--) {
        if (count - at >= fewest && files[at].rows * (fewest - 1) <= behind + behind / 4)
            best = at;
        behind += files[at].rows;
    }
    return best;
}

bool combine_choose(const struct combine_file *files, size_t count, bool is_busy, size_t *out_at,
                    size_t *out_count)
{
    size_t fewest = is_busy ? COMBINE_BUSY_FILES : COMBINE_FILES;
    size_t at = !is_busy && is_worth_all(files, count) ? 0 : find_row(files, count, fewest);
    size_t found = count - at;

    if (!found) {
        for (at = 0; at < count && !is_worn(&files[at]);)
            at++;
        if (at == count)
            return false;
        found = 1;
    }
    *out_at = at;
    *out_count = found;
    return true;
}

/* While the log is still read again, persons are as they were before a file was written. */
static bool is_behind(const struct source *source)
{
    for (size_t i = 0; i < history_count(source->history); i++)
        if (columns_about(history_file(source->history, i))->identity_seq > source->next_seq)
            return true;
    return false;
}

static void look_at(const struct source *source, size_t file, bool is_busy,
                    struct combine_file *out)
{
    const struct columns *columns = history_file(source->history, file);
    const struct columns_about *about = columns_about(columns);
    const struct strays_rows *strays;
    const struct mask_rows *mask;

    *out = (struct combine_file){.rows = about->rows};
    if (history_mask(source->history, file, source, &mask) == OK)
        out->deleted = mask->masked;
    if (is_busy && about->rows < FEW_ROWS)
        return; /* worn or not, it can wait */
    out->strays = history_strays(source->history, file, source, &strays) == OK
                      ? strays->rows
                      : about->rows; /* too many to be told */
    for (size_t i = 0; i < source->change_count; i++)
        out->changes += source->changes[i].seq >= about->identity_seq;
}

bool combine_find(struct events *events, bool is_busy, size_t *out_at, size_t *out_count)
{
    struct combine_file *files = NULL;
    struct source source;
    bool is_found = false;
    size_t count;

    events_begin(events, &source);
    count = source.history ? history_count(source.history) : 0;
    if (count && !is_behind(&source)) {
        files = mem_alloc(count * sizeof *files);
        for (size_t i = 0; files && i < count; i++)
            look_at(&source, i, is_busy, &files[i]);
        is_found = files && combine_choose(files, count, is_busy, out_at, out_count);
    }
    events_end(events);
    mem_free(files);
    return is_found;
}

fallible combine_room(struct events *events, struct sys *sys, size_t at, size_t count)
{
    const struct history *history = events_history(events);
    struct source source;
    uint64_t bytes = 0, room;

    events_begin(events, &source);
    for (size_t i = at; i < at + count; i++)
        bytes += columns_about(history_file(history, i))->bytes;
    events_end(events);
    TRY(folder_room(sys, history_folder(history), &room));
    bytes += bytes / 2; /* some of it is written twice */
    if (room < bytes + SPARE_BYTES)
        return fail(ERR_FULL, "to combine column files takes %llu MiB of the disk; %llu are free",
                    (unsigned long long)(bytes + SPARE_BYTES) >> 20,
                    (unsigned long long)room >> 20);
    return OK;
}

/* Who was joined or parted */

struct snapshot {
    struct arena *mem;
    const char **paths; /* of the files */
    str path;           /* of the new one */
    struct combine_place *places;
    size_t place_count;
    uint64_t identity_seq;
};

static void mark_person(const struct source *source, uint64_t *bits, node_id node, size_t *count)
{
    node_id at = node;

    while (!(bits[at / 64] >> at % 64 & 1)) {
        bits[at / 64] |= UINT64_C(1) << at % 64;
        ++*count;
        at = identity_next(source->identity, at);
    }
}

/* Every node of hers stands in a ring with an end of some change, on whichever side she was left
 * by each; so nodes and rows of a changed person are found whole. */
static fallible take_places(const struct source *source, uint64_t since, struct snapshot *snapshot)
{
    node_id end = source_end(source);
    uint64_t *bits = mem_alloc((end / 64 + 1u) * sizeof *bits);
    size_t count = 0, at = 0;

    if (!bits)
        return mem_exhausted();
    for (size_t i = 0; i < source->change_count; i++) {
        if (source->changes[i].seq < since)
            continue;
        mark_person(source, bits, source->changes[i].a, &count);
        mark_person(source, bits, source->changes[i].b, &count);
    }
    snapshot->places = mem_alloc((count + 1) * sizeof *snapshot->places);
    for (node_id word = 0; snapshot->places && word <= end / 64; word++)
        for (uint64_t left = bits[word]; left; left &= left - 1) {
            node_id node = word * 64 + (node_id)__builtin_ctzll(left);

            snapshot->places[at++] =
                (struct combine_place){node, identity_person(source->identity, node)};
        }
    mem_free(bits);
    snapshot->place_count = count;
    return snapshot->places ? OK : mem_exhausted();
}

static fallible take_paths(const struct history *history, size_t at, size_t count,
                           struct snapshot *snapshot)
{
    snapshot->paths = arena_array(snapshot->mem, count, sizeof *snapshot->paths);
    if (!snapshot->paths)
        return arena_exhausted();
    for (size_t i = 0; i < count; i++) {
        str path;

        TRY(history_path(history, history_number(history, at + i), snapshot->mem, &path));
        snapshot->paths[i] = path.data;
    }
    return OK;
}

static fallible take_snapshot(struct events *events, size_t at, size_t count,
                              struct snapshot *snapshot)
{
    uint64_t since = UINT64_MAX;
    struct source source;
    enum err err;

    events_begin(events, &source);
    snapshot->identity_seq = source.next_seq;
    err = is_behind(&source) ? fail(ERR_BUSY, "the log is still being read") : OK;
    for (size_t i = 0; i < count; i++) {
        uint64_t seq = columns_about(history_file(source.history, at + i))->identity_seq;

        since = seq < since ? seq : since;
    }
    if (!err)
        err = take_paths(source.history, at, count, snapshot);
    if (!err)
        err = take_places(&source, since, snapshot);
    events_end(events);
    return err;
}

/* Combining */

static fallible write_file(struct events *events, const struct snapshot *snapshot,
                           struct combine_job *job)
{
    struct columns_cache *cache;
    enum err err = columns_cache_open(CACHE, &cache);
    size_t opened = 0;

    if (err)
        return err;
    for (; !err && opened < job->count; opened += !err)
        err = columns_open(job->sys, snapshot->paths[opened], job->workspace, cache,
                           &job->files[opened]);
    entropy_fill(job->sys, job->key.bytes, sizeof job->key.bytes);
    job->path = snapshot->path.data;
    job->places = snapshot->places;
    job->place_count = snapshot->place_count;
    job->identity_seq = snapshot->identity_seq;
    if (!err && events_deleted(events, columns_about(job->files[0])->first_seq,
                               columns_about(job->files[job->count - 1])->next_seq))
        job->deletes = events;
    if (!err)
        err = combine_write(job);
    for (size_t i = 0; i < opened; i++)
        columns_close(job->files[i]);
    columns_cache_close(cache);
    return err;
}

fallible combine_run(struct events *events, struct sys *sys, size_t at, size_t count,
                     combine_pace *pace, void *argument)
{
    struct history *history = events_history(events);
    struct snapshot snapshot = {.mem = arena_open(PATHS)};
    struct combine_job job = {
        .sys = sys,
        .workspace = history_workspace(history),
        .count = count,
        .pace = pace,
        .argument = argument,
    };
    uint32_t number = history_next_number(history);
    int64_t began = clock_mono_ns(sys);
    enum err err = snapshot.mem ? take_snapshot(events, at, count, &snapshot) : arena_exhausted();

    if (!err)
        err = history_path(history, number, snapshot.mem, &snapshot.path);
    if (!err) {
        job.files = arena_array(snapshot.mem, count, sizeof(struct columns *));
        err = job.files ? write_file(events, &snapshot, &job) : arena_exhausted();
    }
    if (!err)
        err = events_swap(events, number, at, count, clock_mono_ns(sys) - began);
    mem_free(snapshot.places);
    arena_close(snapshot.mem);
    return err;
}
