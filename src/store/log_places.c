/* log_places.c - the places of records: noted, stored beside their segment, made anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * File: head, places. Its checksum is over the places, seeded with that of the head.
 */
#include "store/log_places.h"

#include "base/mem.h"
#include "store/log_int.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { FORMAT = 1, ROOM_AT_FIRST = 1024, FETCH_AT_ONCE = 4 << 20, FETCH_BUFFER = 1 << 20 };

#define MAGIC 0x3143504c4452594du /* "MYRDLPC1" */

struct places_head {
    uint64_t magic;
    uint32_t format;
    uint32_t index;
    uint64_t first_seq;
    uint64_t next_seq;
    uint32_t every;
    uint32_t count;
    uint64_t checksum;
};

_Static_assert(sizeof(struct places_head) == 48, "no padding");

fallible log_places_init(struct log_places *places)
{
    *places = (struct log_places){.lock = mutex_open()};
    return places->lock ? OK : mem_exhausted();
}

void log_places_done(struct log_places *places)
{
    for (size_t i = 0; i < places->count; i++)
        mem_free(places->lists[i].places);
    mem_free(places->lists);
    mem_free(places->begun.places);
    mutex_close(places->lock);
    *places = (struct log_places){0};
}

/* Under the lock: the segment's, or NULL without memory. */
static struct log_places_list *list_of(struct log_places *places, uint32_t index)
{
    if (index > places->count) {
        size_t count = index + 63u;
        struct log_places_list *lists = mem_grow(places->lists, count * sizeof *lists);

        if (!lists)
            return NULL;
        memset(lists + places->count, 0, (count - places->count) * sizeof *lists);
        places->lists = lists;
        places->count = count;
    }
    return &places->lists[index - 1];
}

static bool make_room(struct log_places_list *list, size_t more)
{
    size_t room = list->room ? list->room : ROOM_AT_FIRST;
    uint32_t *grown;

    if (list->count + more <= list->room)
        return true;
    while (room < list->count + more)
        room *= 2;
    grown = mem_grow(list->places, room * sizeof *grown);
    if (!grown)
        return false;
    list->places = grown;
    list->room = room;
    return true;
}

/* --- The writer --- */

void log_places_begin(struct log_places *places, uint32_t index, uint64_t first_seq)
{
    struct log_places_list *list;

    mutex_lock(places->lock);
    list = list_of(places, index);
    if (list) {
        mem_free(list->places);
        *list = (struct log_places_list){
            .first_seq = first_seq, .next_seq = first_seq, .is_tried = true};
    }
    places->is_broken = !list;
    mutex_unlock(places->lock);
    places->begun.first_seq = places->begun.next_seq = first_seq;
    places->begun.count = 0;
}

void log_places_note(struct log_places *places, uint64_t seq, uint64_t count, uint64_t offset)
{
    struct log_places_list *begun = &places->begun;

    while (begun->next_seq < seq + count) {
        if (places->is_broken || !make_room(begun, 1)) {
            places->is_broken = true;
            return;
        }
        begun->places[begun->count++] = (uint32_t)(offset / LOG_ALIGN);
        begun->next_seq += LOG_PLACES_EVERY;
    }
}

void log_places_note_group(struct log_places *places, const char *group, uint64_t offset)
{
    struct log_group_head head;
    struct log_record_head record;
    uint64_t seq;

    memcpy(&head, group, sizeof head);
    seq = head.first_seq;
    for (size_t at = sizeof head; at + sizeof record <= sizeof head + head.body_bytes;
         at += record.bytes) {
        memcpy(&record, group + at, sizeof record);
        if (record.bytes < sizeof record || record.seq < seq || record.count > head.next_seq ||
            record.seq > head.next_seq - record.count)
            return; /* damaged: who wants one of these finds it by other means */
        seq = record.seq + record.count;
        log_places_note(places, record.seq, record.count, offset + at);
    }
}

void log_places_keep(struct log_places *places, uint32_t index, uint64_t next_seq)
{
    struct log_places_list *begun = &places->begun, *list;

    mutex_lock(places->lock);
    list = list_of(places, index);
    if (!list || places->is_broken || !make_room(list, begun->count)) {
        places->is_broken = true;
    } else {
        if (begun->count)
            memcpy(list->places + list->count, begun->places, begun->count * sizeof *list->places);
        list->count += begun->count;
        list->next_seq = next_seq;
    }
    mutex_unlock(places->lock);
    begun->first_seq = begun->next_seq;
    begun->count = 0;
}

void log_places_drop(struct log_places *places)
{
    places->begun.next_seq = places->begun.first_seq;
    places->begun.count = 0;
}

void log_places_end(struct log_places *places, uint32_t index)
{
    struct log_places_list *list;

    mutex_lock(places->lock);
    list = list_of(places, index);
    if (list)
        list->is_whole = !places->is_broken;
    mutex_unlock(places->lock);
}

/* --- Finding --- */

bool log_places_find(struct log_places *places, uint32_t index, uint64_t seq, uint64_t *out_from,
                     uint64_t *out_to)
{
    bool is_known = false;

    mutex_lock(places->lock);
    if (index <= places->count) {
        const struct log_places_list *list = &places->lists[index - 1];
        uint64_t at = (seq - list->first_seq) / LOG_PLACES_EVERY;

        is_known = seq >= list->first_seq && seq < list->next_seq && at < list->count;
        if (is_known) {
            *out_from = (uint64_t)list->places[at] * LOG_ALIGN;
            *out_to = at + 1 < list->count ? (uint64_t)list->places[at + 1] * LOG_ALIGN : 0;
        }
    }
    mutex_unlock(places->lock);
    return is_known;
}

/* --- Files --- */

static void path_of(const struct log_config *config, uint32_t index, char *out_path)
{
    snprintf(out_path, LOG_PATH, "%s/%08u.places", config->folder, index);
}

static uint64_t checksum_of(const struct places_head *head, const uint32_t *places)
{
    return hash_checksum_seeded(places, head->count * sizeof *places,
                                hash_checksum(head, offsetof(struct places_head, checksum)));
}

static fallible unfit(uint32_t index)
{
    return fail(ERR_CORRUPT, "what tells the places of records in log segment %08u is damaged",
                index);
}

/* Its list is the caller's. ERR_BUSY without a sentence: it would have to wait. */
static fallible read_list(struct file *file, uint32_t index, bool may_wait,
                          struct log_places_list *out_list)
{
    struct places_head head;
    struct log_places_list list;
    uint64_t size;
    size_t bytes;

    TRY(file_size(file, &size));
    if (size < sizeof head || (size - sizeof head) % sizeof *list.places)
        return unfit(index);
    if (!may_wait && file_read_ready(file, 0, &head, sizeof head) < sizeof head)
        return ERR_BUSY;
    TRY(file_read_all(file, 0, &head, sizeof head));
    bytes = (size_t)(size - sizeof head);
    if (head.magic != MAGIC || head.format != FORMAT || head.every != LOG_PLACES_EVERY ||
        head.index != index || head.count != bytes / sizeof *list.places)
        return unfit(index);
    list = (struct log_places_list){.first_seq = head.first_seq,
                                    .next_seq = head.next_seq,
                                    .places = mem_alloc(bytes + 1),
                                    .count = head.count,
                                    .is_whole = true,
                                    .is_stored = true,
                                    .is_tried = true};
    if (!list.places)
        return mem_exhausted();
    if (!may_wait && file_read_ready(file, sizeof head, list.places, bytes) < bytes) {
        mem_free(list.places);
        return ERR_BUSY;
    }
    if (may_wait && file_read_all(file, sizeof head, list.places, bytes) != OK) {
        mem_free(list.places);
        return unfit(index);
    }
    if (checksum_of(&head, list.places) != head.checksum) {
        mem_free(list.places);
        return unfit(index);
    }
    *out_list = list;
    return OK;
}

static fallible load(const struct log_config *config, uint32_t index, bool may_wait,
                     struct log_places_list *out_list)
{
    char path[LOG_PATH];
    struct file *file;
    enum err err;

    path_of(config, index, path);
    TRY(file_open(config->sys, path, FILE_READ, &file));
    err = read_list(file, index, may_wait, out_list);
    file_close(file);
    return err;
}

/* The list becomes the segment's, unless it has one. */
static void put(struct log_places *places, uint32_t index, const struct log_places_list *list)
{
    struct log_places_list *mine;

    mutex_lock(places->lock);
    mine = list_of(places, index);
    if (mine && !mine->is_whole) {
        mem_free(mine->places);
        *mine = *list;
    } else {
        mem_free(list->places);
    }
    mutex_unlock(places->lock);
}

static struct log_places_list get(struct log_places *places, uint32_t index)
{
    struct log_places_list list = {0};

    mutex_lock(places->lock);
    if (index <= places->count)
        list = places->lists[index - 1];
    mutex_unlock(places->lock);
    return list;
}

bool log_places_load(struct log *log, uint32_t index, bool may_wait)
{
    struct log_places_list list = get(&log->places, index);
    enum err err;

    if (list.is_tried)
        return true;
    err = load(&log->config, index, may_wait, &list);
    if (err == ERR_BUSY)
        return false;
    if (err == ERR_CORRUPT)
        atomic_store(&log->places.damaged, index);
    if (err)
        list = (struct log_places_list){.is_tried = true};
    put(&log->places, index, &list);
    return true;
}

/* Synced before it has its name; the name itself may be lost, and the file is made anew then. */
static fallible put_file(struct sys *sys, const char *path, str content)
{
    char beside[LOG_PATH + 8];
    struct file *file;
    enum err err;

    snprintf(beside, sizeof beside, "%s.new", path);
    TRY(file_open(sys, beside, FILE_WRITE | FILE_CREATE, &file));
    err = file_truncate(file, 0);
    if (!err)
        err = file_write(file, 0, content.data, content.len);
    if (!err)
        err = file_sync(file);
    file_close(file);
    return err ? err : file_rename(sys, beside, path);
}

static fallible store(const struct log_config *config, uint32_t index,
                      const struct log_places_list *list)
{
    struct places_head head = {.magic = MAGIC,
                               .format = FORMAT,
                               .index = index,
                               .first_seq = list->first_seq,
                               .next_seq = list->next_seq,
                               .every = LOG_PLACES_EVERY,
                               .count = (uint32_t)list->count};
    char path[LOG_PATH];
    struct buf content = {0};
    enum err err;

    head.checksum = checksum_of(&head, list->places);
    buf_add_bytes(&content, &head, sizeof head);
    buf_add_bytes(&content, list->places, list->count * sizeof *list->places);
    path_of(config, index, path);
    err =
        buf_is_broken(&content) ? mem_exhausted() : put_file(config->sys, path, buf_str(&content));
    buf_done(&content);
    return err;
}

/* A list that is whole does not change any more. */
static fallible store_one(struct log *log, uint32_t index)
{
    struct log_places *places = &log->places;
    struct log_places_list list = get(places, index);
    enum err err;

    if (!list.is_whole || list.is_stored)
        return OK;
    err = store(&log->config, index, &list);
    mutex_lock(places->lock);
    places->lists[index - 1].is_stored = !err;
    mutex_unlock(places->lock);
    return err;
}

void log_places_store(struct log *log)
{
    for (size_t i = log->places.tended; i < log->places.count; i++)
        if (store_one(log, (uint32_t)i + 1) != OK)
            return; /* they are made anew when somebody serves the folder */
}

/* --- Making anew --- */

/* Of a segment whose groups are sound. */
static fallible make(const struct log_segment *segment, struct log_places_list *out_list)
{
    struct log_places own = {0};
    struct log_group_head group;

    own.begun.next_seq = segment->head.first_seq;
    *out_list = (struct log_places_list){.first_seq = segment->head.first_seq,
                                         .next_seq = segment->head.first_seq};
    for (uint64_t at = sizeof segment->head; at + sizeof group <= segment->size;
         at += log_group_size(group.body_bytes)) {
        memcpy(&group, segment->bytes + at, sizeof group);
        if (!log_group_head_is_sound(&group) ||
            at + log_group_size(group.body_bytes) > segment->size)
            break;
        log_places_note_group(&own, segment->bytes + at, at);
        out_list->next_seq = group.next_seq;
    }
    out_list->places = own.begun.places;
    out_list->count = out_list->room = own.begun.count;
    out_list->is_whole = out_list->is_tried = true;
    if (!own.is_broken)
        return OK;
    mem_free(own.begun.places);
    return mem_exhausted();
}

static fallible make_one(struct log *log, uint32_t index)
{
    struct log_segment segment;
    struct log_places_list list;
    enum err err = log_segment_load(&log->config, index, FILE_READ, &segment);

    if (!err)
        err = make(&segment, &list);
    log_segment_unload(&segment);
    if (!err)
        put(&log->places, index, &list);
    return err;
}

/* Does the system seem to have what is read next? Two places tell it. */
static bool is_fetched(struct file *file, uint64_t offset)
{
    char byte;

    return file_read_ready(file, offset, &byte, 1) == 1 &&
           file_read_ready(file, offset + FETCH_BUFFER / 2, &byte, 1) == 1;
}

/* Reads the next bytes of the segment, in order: of what comes so the system makes larger pages,
 * which are found faster. False: that was all of it, or it cannot be read. */
static bool fetch(struct log *log, uint32_t index)
{
    struct log_places *places = &log->places;
    char path[LOG_PATH], *buffer = mem_alloc_slab(FETCH_BUFFER);
    uint64_t end = places->fetched + FETCH_AT_ONCE;
    size_t len = buffer ? FETCH_BUFFER : 0;
    struct file *file;

    log_segment_path(&log->config, index, path);
    if (len && file_open(log->config.sys, path, FILE_READ, &file) == OK) {
        for (; len == FETCH_BUFFER && places->fetched < end; places->fetched += len)
            if (is_fetched(file, places->fetched))
                len = FETCH_BUFFER;
            else if (file_read(file, places->fetched, buffer, FETCH_BUFFER, &len) != OK)
                len = 0;
        file_close(file);
    } else {
        len = 0;
    }
    mem_free(buffer);
    return len == FETCH_BUFFER;
}

static fallible obtain(struct log *log, uint32_t index)
{
    log_places_load(log, index, true);
    if (!get(&log->places, index).is_whole)
        TRY(make_one(log, index));
    return store_one(log, index);
}

bool log_places_tend(struct log *log, uint64_t most_bytes, uint32_t *out_damaged)
{
    struct log_places *places = &log->places;
    uint32_t index = (uint32_t)places->tended + 1, newest;
    enum err err = OK;

    *out_damaged = 0;
    mutex_lock(log->lock);
    newest = log->newest_index;
    mutex_unlock(log->lock);
    if (index >= newest)
        return false;
    if (!places->fetched)
        err = obtain(log, index);
    *out_damaged = atomic_exchange(&places->damaged, 0);
    if (err == ERR_FULL || err == ERR_LIMIT)
        return false; /* for now */
    if ((newest - index) * log->config.segment_bytes <= most_bytes && fetch(log, index))
        return true;
    places->tended++; /* what cannot be read now is left to who asks for it */
    places->fetched = 0;
    return true;
}

/* --- Checking --- */

fallible log_places_check(const struct log_config *config, const struct log_segment *segment)
{
    struct log_places_list stored, made;
    bool is_fit;
    enum err err = load(config, segment->index, true, &stored);

    if (err)
        return err == ERR_ABSENT ? OK : err;
    err = make(segment, &made);
    if (err) {
        mem_free(stored.places);
        return err;
    }
    /* It was full when it was stored; after a crash its last records may have been written anew. */
    is_fit = stored.first_seq == made.first_seq && stored.next_seq <= made.next_seq &&
             stored.count <= made.count &&
             (!stored.count ||
              memcmp(stored.places, made.places, stored.count * sizeof *made.places) == 0);
    mem_free(stored.places);
    mem_free(made.places);
    return is_fit ? OK : unfit(segment->index);
}

fallible log_places_forget(const struct log_config *config, uint32_t index)
{
    char path[LOG_PATH];
    enum err err;

    path_of(config, index, path);
    err = file_remove(config->sys, path);
    return err == ERR_ABSENT ? OK : err;
}
