/* log_pick.c - finds single records by guessing where they stand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/log_pick.h"

#include "base/mem.h"
#include "store/log_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    NARROW = 768,      /* bytes that are read about a guess, at the least */
    WIDE = 16384,      /* and at first at the most */
    WIDER = 4,         /* times, where no record begins in a window */
    KNOT_EVERY = 8192, /* bytes of a segment between two places that are noted, at the least */
    MOST_OPEN = 192,   /* files */
    MOST_ROUNDS = 48,  /* guesses for one record */
    MOST_STEPS = 4096, /* groups in memory that are looked at for one question */
    MOST_KIND = 255,   /* of records; far above those there are */
};

#define UNKNOWN UINT64_MAX

/* What begins at `offset` is a record or stands between two: all below `seq` lies before it, the
 * others do not. */
struct knot {
    uint64_t seq;
    uint64_t offset;
};

struct part { /* a segment */
    uint64_t first_seq;
    uint64_t end; /* nothing but zeros from there on, as far as is known; or UNKNOWN */
    struct file *file;
    uint32_t holders;   /* of the file */
    struct knot *knots; /* by seq */
    uint32_t knot_count;
    uint32_t knot_room;
};

struct log_picker {
    struct log *log;
    struct mutex *lock; /* over all that follows */
    struct part *parts; /* those in use; segment i + 1 */
    size_t count;
    size_t room;
    size_t open;
    size_t hand; /* whose file is closed next */
};

enum state { LOOKING, WAITING, LOST, DONE };

/* The way to one record. */
struct way {
    uint64_t seq;
    size_t which;
    size_t part;
    struct file *file;
    struct knot low, high;
    uint64_t from; /* the window that is looked at next */
    size_t len;
    unsigned rounds;
    bool is_told; /* the window begins with a record, as the segment's places say */
    enum state state;
};

struct hunt {
    struct log_picker *picker;
    const struct log_picks *picks;
    struct way *ways;
    char *window;
    size_t window_room;
    char *scratch; /* what was unsealed */
    size_t scratch_room;
};

/* Segments */

fallible log_picker_open(struct log *log, struct log_picker **out_picker)
{
    struct log_picker *picker = mem_alloc(sizeof *picker);

    if (!picker)
        return mem_exhausted();
    picker->log = log;
    picker->lock = mutex_open();
    if (!picker->lock) {
        mem_free(picker);
        return mem_exhausted();
    }
    *out_picker = picker;
    return OK;
}

void log_picker_close(struct log_picker *picker)
{
    if (!picker)
        return;
    for (size_t i = 0; i < picker->count; i++) {
        assert(!picker->parts[i].holders);
        file_close(picker->parts[i].file);
        mem_free(picker->parts[i].knots);
    }
    mem_free(picker->parts);
    mutex_close(picker->lock);
    mem_free(picker);
}

static void close_one(struct log_picker *picker)
{
    for (size_t i = 0; i < picker->count; i++) {
        struct part *part = &picker->parts[picker->hand];

        picker->hand = (picker->hand + 1) % picker->count;
        if (!part->file || part->holders)
            continue;
        file_close(part->file);
        part->file = NULL;
        picker->open--;
        return;
    }
}

static fallible open_part(struct log_picker *picker, size_t at)
{
    char path[LOG_PATH];

    if (picker->parts[at].file)
        return OK;
    if (picker->open >= MOST_OPEN)
        close_one(picker);
    log_segment_path(&picker->log->config, (uint32_t)at + 1, path);
    TRY(file_open(picker->log->config.sys, path, FILE_READ, &picker->parts[at].file));
    picker->open++;
    return OK;
}

static fallible add_part(struct log_picker *picker)
{
    struct log_segment_head head;
    struct part *part;
    enum err err;

    if (picker->count == picker->room) {
        size_t room = picker->room ? picker->room * 2 : 64;
        struct part *parts = mem_grow(picker->parts, room * sizeof *parts);

        if (!parts)
            return mem_exhausted();
        picker->parts = parts;
        picker->room = room;
    }
    part = &picker->parts[picker->count];
    *part = (struct part){.end = UNKNOWN};
    TRY(open_part(picker, picker->count));
    err = file_read_all(part->file, 0, &head, sizeof head);
    if (!err && (!log_segment_head_is_sound(&head) || head.index != picker->count + 1))
        err = fail(ERR_CORRUPT, "the head of log segment %08zu is damaged", picker->count + 1);
    if (err) {
        file_close(part->file);
        picker->open--;
        return err;
    }
    part->first_seq = head.first_seq;
    picker->count++;
    return OK;
}

/* Those that came into use since. */
static fallible add_parts(struct log_picker *picker, bool may_wait)
{
    struct log_stats stats;

    log_stats_read(picker->log, &stats);
    if (picker->count < stats.segments && !may_wait)
        return ERR_BUSY;
    while (picker->count < stats.segments)
        TRY(add_part(picker));
    return OK;
}

/* The last that begins at or before `seq`; false where there is none. */
static bool find_part(const struct log_picker *picker, uint64_t seq, size_t *out_at)
{
    size_t low = 0, high = picker->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (picker->parts[middle].first_seq <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    *out_at = low - 1;
    return low;
}

/* Knots */

/* How many have a number up to `seq`. */
static uint32_t knots_until(const struct part *part, uint64_t seq)
{
    uint32_t low = 0, high = part->knot_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (part->knots[middle].seq <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Without memory it is not noted, and others are found more slowly. */
static void note(struct log_picker *picker, size_t at, struct knot knot)
{
    struct part *part = &picker->parts[at];
    uint32_t place = knots_until(part, knot.seq);

    if ((place && knot.offset < part->knots[place - 1].offset + KNOT_EVERY) ||
        (place < part->knot_count && knot.offset + KNOT_EVERY > part->knots[place].offset))
        return;
    if (part->knot_count == part->knot_room) {
        uint32_t room = part->knot_room ? part->knot_room * 2 : 32;
        struct knot *knots = mem_grow(part->knots, room * sizeof *knots);

        if (!knots)
            return;
        part->knots = knots;
        part->knot_room = room;
    }
    if (place < part->knot_count)
        memmove(part->knots + place + 1, part->knots + place,
                (part->knot_count - place) * sizeof *part->knots);
    part->knots[place] = knot;
    part->knot_count++;
}

static void note_locked(const struct hunt *hunt, const struct way *way, struct knot knot)
{
    if (way->high.offset - way->low.offset < 2 * KNOT_EVERY)
        return; /* it would be too near to one of the two */
    mutex_lock(hunt->picker->lock);
    note(hunt->picker, way->part, knot);
    mutex_unlock(hunt->picker->lock);
}

/* What stands behind all records of the segment. */
static fallible end_of(struct log_picker *picker, size_t at, struct knot *out_end)
{
    struct log *log = picker->log;

    if (at + 1 == picker->count) {
        mutex_lock(log->lock);
        *out_end = (struct knot){log_durable_seq(log), log->newest_bytes};
        mutex_unlock(log->lock);
        return OK;
    }
    out_end->seq = picker->parts[at + 1].first_seq;
    if (picker->parts[at].end == UNKNOWN)
        TRY(file_size(picker->parts[at].file, &picker->parts[at].end));
    out_end->offset = picker->parts[at].end;
    return OK;
}

/* Ways */

/* Where the record would stand if those between the two places were all alike. */
static void guess(struct way *way)
{
    double bytes = (double)(way->high.offset - way->low.offset);
    double numbers = (double)(way->high.seq - way->low.seq);
    double share = way->rounds % 8 == 7 ? 0.5 : (double)(way->seq - way->low.seq) / numbers;
    uint64_t at = (uint64_t)(bytes * share) / LOG_ALIGN * LOG_ALIGN, ahead;

    way->len = bytes / numbers < WIDE / 3 ? 3 * (size_t)(bytes / numbers) : WIDE;
    if (way->len < NARROW)
        way->len = NARROW;
    ahead = way->len / 3 / LOG_ALIGN * LOG_ALIGN;
    way->from = way->low.offset + (at > ahead ? at - ahead : 0);
}

/* From where the segment's places lead to. False: they are not known. */
static bool be_told(struct log_picker *picker, struct way *way)
{
    uint64_t from, to;

    if (!log_places_find(&picker->log->places, (uint32_t)way->part + 1, way->seq, &from, &to) ||
        from < way->low.offset || from >= way->high.offset)
        return false;
    way->from = from;
    way->len = to > from ? (size_t)(to - from) : NARROW;
    way->is_told = true;
    return true;
}

static fallible begin(struct log_picker *picker, struct way *way, bool may_wait)
{
    const struct part *part;
    uint32_t until;

    if (!find_part(picker, way->seq, &way->part)) {
        way->state = LOST;
        return OK;
    }
    TRY(open_part(picker, way->part));
    part = &picker->parts[way->part];
    way->low = (struct knot){part->first_seq, sizeof(struct log_segment_head)};
    TRY(end_of(picker, way->part, &way->high));
    way->file = part->file;
    picker->parts[way->part].holders++;
    if (be_told(picker, way))
        return OK;
    if (way->part + 1 < picker->count) {
        if (!log_places_load(picker->log, (uint32_t)way->part + 1, may_wait))
            return ERR_BUSY;
        if (be_told(picker, way))
            return OK;
    }
    until = knots_until(part, way->seq);
    if (until)
        way->low = part->knots[until - 1];
    if (until < part->knot_count)
        way->high = part->knots[until];
    if (way->low.offset >= way->high.offset || way->seq >= way->high.seq)
        way->state = LOST;
    else
        guess(way);
    return OK;
}

static void end_ways(struct hunt *hunt)
{
    mutex_lock(hunt->picker->lock);
    for (size_t i = 0; i < hunt->picks->count; i++)
        if (hunt->ways[i].file)
            hunt->picker->parts[hunt->ways[i].part].holders--;
    mutex_unlock(hunt->picker->lock);
}

static fallible begin_ways(struct hunt *hunt)
{
    struct log_picker *picker = hunt->picker;
    enum err err;

    mutex_lock(picker->lock);
    err = add_parts(picker, hunt->picks->may_wait);
    for (size_t i = 0; !err && i < hunt->picks->count; i++)
        if (hunt->ways[i].state == LOOKING)
            err = begin(picker, &hunt->ways[i], hunt->picks->may_wait);
    mutex_unlock(picker->lock);
    return err;
}

/* Looking */

static bool is_plausible(const struct log_record_head *head)
{
    uint64_t content = sizeof *head + (uint64_t)head->clear_bytes + head->sealed_bytes;

    return head->bytes % LOG_ALIGN == 0 && head->bytes >= content &&
           head->bytes - content < LOG_ALIGN && head->reserved == 0 && head->kind <= MOST_KIND &&
           head->count <= LOG_MOST_COUNT;
}

/* The first sound record with a number from `seq` on in bytes[at, len): its place, or `len`. */
static size_t find_record(const char *bytes, size_t at, size_t len, uint64_t seq,
                          struct log_record_head *out_head)
{
    for (; at + sizeof *out_head <= len; at += LOG_ALIGN) {
        memcpy(out_head, bytes + at, sizeof *out_head);
        if (is_plausible(out_head) && out_head->seq >= seq &&
            log_record_is_sound(str_from(bytes + at, len - at), out_head->seq, out_head))
            return at;
    }
    return len;
}

static bool holds(const struct log_record_head *head, uint64_t seq)
{
    return head->kind != LOG_FILLER && head->seq <= seq && seq - head->seq < head->count;
}

static fallible make_room(char **memory, size_t *room, size_t need)
{
    char *grown;

    if (need <= *room)
        return OK;
    grown = mem_grow(*memory, need);
    if (!grown)
        return mem_exhausted();
    *memory = grown;
    *room = need;
    return OK;
}

/* The record is sound and holds the number. */
static fallible give(struct hunt *hunt, struct way *way, const char *bytes,
                     const struct log_record_head *head)
{
    struct log_record record = {.seq = head->seq,
                                .count = head->count,
                                .kind = (enum record_kind)head->kind,
                                .node = head->node,
                                .clear = str_from(bytes + sizeof *head, head->clear_bytes)};
    struct vault *vault = hunt->picker->log->config.vault;
    str sealed = str_from(bytes + sizeof *head + head->clear_bytes, head->sealed_bytes);
    struct log_record_head bound = *head;
    enum err err = OK;

    way->state = DONE;
    if (sealed.len) {
        if (sealed.len < VAULT_OVERHEAD) {
            way->state = LOST;
            return OK;
        }
        TRY(make_room(&hunt->scratch, &hunt->scratch_room, sealed.len));
        bound.checksum = 0;
        err =
            vault_unseal(vault, head->node, str_from(&bound, sizeof bound), sealed, hunt->scratch);
        record.is_erased = err == ERR_EXPIRED;
        if (!err)
            record.payload = str_from(hunt->scratch, sealed.len - VAULT_OVERHEAD);
    }
    if (err && err != ERR_EXPIRED)
        return err;
    return hunt->picks->take(hunt->picks->argument, way->which, &record);
}

/* No record begins in the window: it lies behind all of them, or within a large one. */
static void look_wider(struct hunt *hunt, struct way *way, size_t len)
{
    struct part *part;

    if (way->from > way->low.offset && log_is_zero(hunt->window, len)) {
        way->high.offset = way->from;
        mutex_lock(hunt->picker->lock);
        part = &hunt->picker->parts[way->part];
        if (way->part + 1 < hunt->picker->count && way->from < part->end)
            part->end = way->from;
        mutex_unlock(hunt->picker->lock);
        guess(way);
        return;
    }
    if (way->from == way->low.offset && way->from + len >= way->high.offset) {
        way->state = LOST;
        return;
    }
    way->len *= WIDER;
    way->from =
        way->from - way->low.offset > way->len / 2 ? way->from - way->len / 2 : way->low.offset;
}

/* Goes from the sound record at `at` of the window to the one that holds the number. */
static fallible walk(struct hunt *hunt, struct way *way, size_t at, size_t len,
                     struct log_record_head head)
{
    const char *bytes = hunt->window;

    while (!holds(&head, way->seq)) {
        uint64_t next = head.seq + head.count;

        at += head.bytes;
        way->low = (struct knot){next, way->from + at};
        if (head.kind == LOG_FILLER || next > way->seq || way->low.offset >= way->high.offset) {
            way->state = LOST;
            return OK;
        }
        if (at + sizeof head <= len)
            memcpy(&head, bytes + at, sizeof head);
        if (at + sizeof head > len || !is_plausible(&head) || head.seq != next)
            at = find_record(bytes, at < len ? at : len, len, next, &head);
        if (at == len || head.seq > way->seq) {
            way->rounds += 1;
            guess(way);
            way->from = way->low.offset; /* what follows a record is near */
            return OK;
        }
    }
    if (head.bytes > len - at) {
        way->from += at;
        way->len = head.bytes;
        return OK;
    }
    if (!log_record_is_sound(str_from(bytes + at, len - at), head.seq, &head)) {
        way->state = LOST;
        return OK;
    }
    return give(hunt, way, bytes + at, &head);
}

/* The same where a record is said to begin. If there is none, it is looked for as any other. */
static fallible look_there(struct hunt *hunt, struct way *way, size_t len)
{
    struct log_record_head head = {0};

    way->is_told = false;
    if (len >= sizeof head)
        memcpy(&head, hunt->window, sizeof head);
    if (len >= sizeof head && is_plausible(&head) && head.seq <= way->seq &&
        head.seq >= way->low.seq)
        return walk(hunt, way, 0, len, head);
    guess(way);
    return OK;
}

/* Looks at the window, of which `len` bytes are there, and goes a step on. */
static fallible look(struct hunt *hunt, struct way *way, size_t len)
{
    struct log_record_head head;
    size_t at;

    if (way->is_told)
        return look_there(hunt, way, len);
    at = find_record(hunt->window, 0, len, way->low.seq, &head);
    if (++way->rounds > MOST_ROUNDS) {
        way->state = LOST;
        return OK;
    }
    if (at == len) {
        look_wider(hunt, way, len);
        return OK;
    }
    note_locked(hunt, way, (struct knot){head.seq, way->from + at});
    if (head.seq <= way->seq)
        return walk(hunt, way, at, len, head);
    if (way->from <= way->low.offset || head.seq >= way->high.seq) {
        way->state = LOST;
        return OK;
    }
    way->high = (struct knot){head.seq, way->from + at};
    guess(way);
    return OK;
}

/* Goes on as far as bytes are at hand. */
static fallible go_on(struct hunt *hunt, struct way *way)
{
    while (way->state == LOOKING || way->state == WAITING) {
        size_t wanted = way->len, len;

        if (way->from >= way->high.offset) {
            way->state = LOST;
            return OK;
        }
        if (wanted > way->high.offset - way->from)
            wanted = (size_t)(way->high.offset - way->from);
        TRY(make_room(&hunt->window, &hunt->window_room, wanted));
        if (way->state == LOOKING) {
            len = file_read_ready(way->file, way->from, hunt->window, wanted);
            if (len < wanted) {
                way->state = WAITING;
                return OK;
            }
        } else {
            TRY(file_read(way->file, way->from, hunt->window, wanted, &len));
            way->state = LOOKING;
        }
        TRY(look(hunt, way, len));
    }
    return OK;
}

/* From memory */

/* The recent group that holds `seq`, held; `before` is let go. Numbers come in ascending order. */
static struct log_plain *hold_plain(struct log *log, uint64_t seq, struct log_plain *before,
                                    unsigned *steps)
{
    struct log_plain *found = NULL;

    mutex_lock(log->lock);
    if (log->oldest && log->oldest->first_seq <= seq) {
        found = before && before->first_seq >= log->oldest->first_seq ? before : log->oldest;
        for (; found && found->next_seq <= seq && *steps < MOST_STEPS; ++*steps)
            found = found->next;
        if (found && found->next_seq <= seq)
            found = NULL;
        if (found)
            atomic_fetch_add(&found->holders, 1);
    }
    mutex_unlock(log->lock);
    log_plain_release(before);
    return found;
}

static fallible give_plain(struct hunt *hunt, struct way *way, const struct log_plain *plain)
{
    size_t low = 0, high = plain->count;
    const struct log_plain_record *found;
    struct log_record record;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (plain->records[middle].seq <= way->seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return OK;
    found = &plain->records[low - 1];
    record = (struct log_record){found->seq,
                                 found->entry.count,
                                 found->entry.kind,
                                 found->entry.node,
                                 found->entry.clear,
                                 found->entry.payload,
                                 false};
    way->state = DONE;
    return hunt->picks->take(hunt->picks->argument, way->which, &record);
}

static fallible take_plain(struct hunt *hunt)
{
    struct log_plain *plain = NULL;
    unsigned steps = 0;
    enum err err = OK;

    for (size_t i = 0; !err && i < hunt->picks->count; i++) {
        plain = hold_plain(hunt->picker->log, hunt->ways[i].seq, plain, &steps);
        if (plain)
            err = give_plain(hunt, &hunt->ways[i], plain);
    }
    log_plain_release(plain);
    return err;
}

/* All of them */

/* The long way, which also says what is wrong. */
static fallible read_long(struct hunt *hunt, struct way *way)
{
    struct log_reader *reader;
    struct log_record record;
    enum err err;

    TRY(log_reader_open(hunt->picker->log, way->seq, LOG_PLAIN, &reader));
    err = log_reader_next(reader, &record);
    if (!err)
        err = hunt->picks->take(hunt->picks->argument, way->which, &record);
    log_reader_close(reader);
    return err;
}

/* What lies on the disk is fetched all at once, then taken one by one. */
static fallible wait_for(struct hunt *hunt)
{
    bool is_waiting = true;

    while (is_waiting) {
        is_waiting = false;
        for (size_t i = 0; i < hunt->picks->count; i++)
            if (hunt->ways[i].state == WAITING)
                file_will_pick(hunt->ways[i].file, hunt->ways[i].from, hunt->ways[i].len);
        for (size_t i = 0; i < hunt->picks->count; i++)
            if (hunt->ways[i].state == WAITING) {
                TRY(go_on(hunt, &hunt->ways[i]));
                is_waiting |= hunt->ways[i].state == WAITING;
            }
    }
    return OK;
}

static fallible pick(struct hunt *hunt)
{
    const struct log_picks *picks = hunt->picks;
    bool is_ready = true;

    TRY(take_plain(hunt));
    TRY(begin_ways(hunt));
    for (size_t i = 0; i < picks->count; i++) {
        TRY(go_on(hunt, &hunt->ways[i]));
        is_ready &= hunt->ways[i].state == DONE;
        if (!is_ready && !picks->may_wait)
            return ERR_BUSY;
    }
    if (is_ready)
        return OK;
    TRY(wait_for(hunt));
    for (size_t i = 0; i < picks->count; i++)
        if (hunt->ways[i].state == LOST)
            TRY(read_long(hunt, &hunt->ways[i]));
    return OK;
}

static int by_seq(const void *a, const void *b)
{
    const struct way *left = a;
    const struct way *right = b;

    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

fallible log_pick(struct log_picker *picker, const struct log_picks *picks, struct arena *mem)
{
    struct hunt hunt = {.picker = picker, .picks = picks};
    enum err err;

    hunt.ways = arena_array(mem, picks->count + 1, sizeof *hunt.ways);
    if (!hunt.ways)
        return arena_exhausted();
    for (size_t i = 0; i < picks->count; i++)
        hunt.ways[i] = (struct way){.seq = picks->seqs[i], .which = i};
    qsort(hunt.ways, picks->count, sizeof *hunt.ways, by_seq);
    err = pick(&hunt);
    end_ways(&hunt);
    mem_free(hunt.window);
    mem_free(hunt.scratch);
    return err;
}
