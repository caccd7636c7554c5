/* log_check.c - verifies every byte of a log, and mends one so that it opens again.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Salvage rewrites a damaged stretch in place: the records in it that are whole stay, the others
 * become fillers that take their sequence numbers; the stretch as it was found is kept in a file.
 */
#include "base/mem.h"
#include "store/log_int.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { LIST_ARENA = 16 << 20 };

struct checker {
    const struct log_config *config;
    bool salvage;
    void (*report)(void *, const char *);
    void *argument;
    struct log_check *totals;
    struct log_place at;
    struct log_segment segment;
    struct log_segment_head follows; /* of the segment behind, or all zero */
    char *unsealed;
    size_t unsealed_room;
};

static void say(struct checker *checker, uint64_t offset, const char *what, uint64_t from_seq,
                uint64_t to_seq)
{
    char sentence[256];

    snprintf(sentence, sizeof sentence, "log segment %08u, byte %llu: %s (records %llu to %llu)",
             checker->segment.index, (unsigned long long)offset, what, (unsigned long long)from_seq,
             (unsigned long long)to_seq);
    checker->totals->damages++;
    checker->report(checker->argument, sentence);
}

/* Opens the payload: proves that key and bytes still belong together. */
static fallible check_payload(struct checker *checker, const char *record,
                              const struct log_record_head *head, bool *out_sound)
{
    struct log_record_head bound = *head;
    str sealed = str_from(record + sizeof *head + head->clear_bytes, head->sealed_bytes);
    enum err err;

    *out_sound = true;
    if (!head->sealed_bytes)
        return OK;
    if (sealed.len > checker->unsealed_room) {
        char *grown = mem_grow(checker->unsealed, sealed.len);
        if (!grown)
            return mem_exhausted();
        checker->unsealed = grown;
        checker->unsealed_room = sealed.len;
    }
    bound.checksum = 0;
    err = vault_unseal(checker->config->vault, head->node, str_from(&bound, sizeof bound), sealed,
                       checker->unsealed);
    *out_sound = err == OK || err == ERR_EXPIRED;
    return err == ERR_CORRUPT || err == ERR_EXPIRED ? OK : err;
}

static fallible check_records(struct checker *checker, const struct log_group_head *group)
{
    str rest =
        str_from(checker->segment.bytes + checker->at.offset + sizeof *group, group->body_bytes);
    uint64_t seq = group->first_seq;
    struct log_record_head head;

    while (rest.len >= sizeof head) { /* salvage may leave less */
        bool sound = true;

        if (!log_record_is_sound(rest, seq, &head)) {
            say(checker, (uint64_t)(rest.data - checker->segment.bytes), "a record is damaged", seq,
                group->next_seq - 1);
            return OK;
        }
        if (head.kind != LOG_FILLER)
            TRY(check_payload(checker, rest.data, &head, &sound));
        if (!sound)
            say(checker, (uint64_t)(rest.data - checker->segment.bytes),
                "a payload does not open with its key", seq, seq + head.count - 1);
        checker->totals->records++;
        if (head.node >= checker->totals->nodes && head.kind != LOG_FILLER)
            checker->totals->nodes = head.node + 1;
        seq += head.count;
        rest = str_slice(rest, head.bytes, rest.len);
    }
    return OK;
}

/* Salvage */

static size_t least_group(void)
{
    return log_group_size(sizeof(struct log_record_head));
}

/* The end of the damaged stretch: the next sound group, or the end of what is in doubt. */
static uint64_t find_stretch_end(const struct checker *checker, size_t doubt,
                                 struct log_group_head *out_next)
{
    const struct log_segment *segment = &checker->segment;
    uint64_t end = checker->at.offset + doubt;

    *out_next = (struct log_group_head){0};
    for (uint64_t i = checker->at.offset + least_group();
         i + sizeof *out_next <= segment->size && i < end; i += LOG_ALIGN) {
        struct log_group_head head;

        memcpy(&head, segment->bytes + i, sizeof head);
        if (!log_group_head_is_sound(&head) || head.first_seq <= checker->at.seq)
            continue;
        *out_next = head;
        return i;
    }
    return end;
}

static fallible keep_stretch(struct checker *checker, uint64_t end)
{
    const struct log_segment *segment = &checker->segment;
    char path[LOG_PATH];

    snprintf(path, sizeof path, "%s/damaged-%08u-%llu", checker->config->folder, segment->index,
             (unsigned long long)checker->at.offset);
    return file_replace(
        checker->config->sys, path,
        str_from(segment->bytes + checker->at.offset, (size_t)(end - checker->at.offset)));
}

static void put_filler(char *place, size_t size, uint64_t seq, uint64_t next_seq)
{
    struct log_record_head head = {
        .bytes = (uint32_t)size,
        .kind = LOG_FILLER,
        .seq = seq,
        .count = (uint32_t)(next_seq - seq),
        .clear_bytes = (uint32_t)(size - sizeof head),
    };

    memset(place + sizeof head, 0xff, size - sizeof head);
    memcpy(place, &head, sizeof head);
    head.checksum = log_record_checksum(place, size);
    memcpy(place, &head, sizeof head);
}

/* Finds the next place in `body` from which a sound record reads; `*out_seq` is its number, or
 * `next_seq` if there is none. */
static size_t find_record(str body, size_t from, uint64_t least_seq, uint64_t next_seq,
                          uint64_t *out_seq)
{
    for (size_t i = from; i + sizeof(struct log_record_head) <= body.len; i += LOG_ALIGN) {
        struct log_record_head head;
        uint64_t seq;

        memcpy(&seq, body.data + i + offsetof(struct log_record_head, seq), sizeof seq);
        if (seq < least_seq || seq >= next_seq ||
            !log_record_is_sound(str_slice(body, i, body.len), seq, &head))
            continue;
        *out_seq = seq;
        return i;
    }
    *out_seq = next_seq;
    return body.len;
}

/* Puts fillers where `body` holds no sound records; returns the sequence number behind it. */
static uint64_t mend_records(struct checker *checker, char *body, size_t size, uint64_t seq,
                             uint64_t next_seq, uint32_t *out_records)
{
    uint32_t records = 0;

    for (size_t at = 0; at < size; records++) {
        struct log_record_head head;
        uint64_t found;
        size_t to;

        if (log_record_is_sound(str_from(body + at, size - at), seq, &head)) {
            at += head.bytes;
            seq += head.count;
            continue;
        }
        to = find_record(str_from(body, size), at + LOG_ALIGN, seq,
                         next_seq ? next_seq : UINT64_MAX, &found);
        if (found == UINT64_MAX)
            found = seq + LOG_MOST_COUNT; /* no number is given twice */
        if (to - at < sizeof head) {      /* too small for a filler: the damage ends the stretch */
            memset(body + at, 0xff, to - at);
            break;
        }
        say(checker, checker->at.offset + sizeof(struct log_group_head) + at,
            "set aside, could not be read", seq, found - 1);
        put_filler(body + at, to - at, seq, found);
        at = to;
        seq = found;
    }
    *out_records = records;
    return seq;
}

/* Makes one group of the stretch [at, end): its head anew if it was hit. */
static fallible mend_stretch(struct checker *checker, uint64_t end,
                             const struct log_group_head *next)
{
    struct log_segment *segment = &checker->segment;
    char *group = segment->bytes + checker->at.offset;
    size_t size = (size_t)(end - checker->at.offset);
    size_t body_bytes = size - log_group_size(0);
    struct log_group_head head;
    uint64_t next_seq, reached;
    uint32_t records;

    TRY(keep_stretch(checker, end));
    memcpy(&head, group, sizeof head);
    next_seq = next->magic ? next->first_seq : 0;
    if (!next_seq && log_group_head_is_sound(&head) && head.first_seq == checker->at.seq)
        next_seq = head.next_seq;
    reached =
        mend_records(checker, group + sizeof head, body_bytes, checker->at.seq, next_seq, &records);
    log_group_close(group, body_bytes, records, checker->at, next_seq ? next_seq : reached);
    if (next->magic) { /* the chain of what follows must hold */
        memcpy(&head, group, sizeof head);
        head.checksum = next->previous;
        head.mended = hash_checksum(&head, offsetof(struct log_group_head, mended));
        memcpy(group, &head, sizeof head);
        log_group_seal_trailer(group, body_bytes);
    }
    TRY(file_write(segment->file, checker->at.offset, group, size));
    return file_sync(segment->file);
}

/* What is left of a stretch too short to hold a group is cleared. */
static fallible clear_stretch(struct checker *checker, uint64_t end)
{
    struct log_segment *segment = &checker->segment;
    size_t size = (size_t)(end - checker->at.offset);

    TRY(keep_stretch(checker, end));
    memset(segment->bytes + checker->at.offset, 0, size);
    TRY(file_write(segment->file, checker->at.offset, segment->bytes + checker->at.offset, size));
    return file_sync(segment->file);
}

/* Goes on behind the stretch without changing it; false: nothing more in this segment. */
static bool skip_stretch(struct checker *checker, uint64_t end, const struct log_group_head *next)
{
    const struct log_segment_head *follows = &checker->follows;

    if (next->magic)
        checker->at = (struct log_place){end, next->first_seq, next->previous};
    else if (follows->magic)
        checker->at = (struct log_place){end, follows->first_seq, follows->previous};
    return next->magic;
}

/* Records must lie between here and the segment behind, or there is no such segment. */
static bool is_complete(const struct checker *checker)
{
    const struct log_segment_head *follows = &checker->follows;

    return !follows->magic ||
           (follows->first_seq == checker->at.seq && follows->previous == checker->at.chain);
}

/* What is read again must be a group now, or it would be mended for ever. */
static bool is_mended(const struct checker *checker)
{
    const struct log_segment *segment = &checker->segment;
    size_t size;

    return log_group_find(str_from(segment->bytes + checker->at.offset,
                                   segment->size - (size_t)checker->at.offset),
                          checker->at, &size) == LOG_GROUP;
}

static fallible damaged_group(struct checker *checker, size_t doubt, bool *out_goes_on)
{
    struct log_group_head next;
    uint64_t end = find_stretch_end(checker, doubt, &next), from = checker->at.offset;
    uint64_t behind = next.magic ? next.first_seq : checker->follows.first_seq;

    say(checker, from, "a group of records is damaged", checker->at.seq,
        behind > checker->at.seq ? behind - 1 : checker->at.seq);
    *out_goes_on = checker->salvage || skip_stretch(checker, end, &next);
    if (!checker->salvage)
        return OK;
    if (!next.magic && doubt && (is_complete(checker) && (behind || doubt < least_group())))
        return clear_stretch(checker, end);
    if (!next.magic && behind) { /* up to the segment behind */
        next.magic = LOG_GROUP_MAGIC;
        next.first_seq = behind;
        next.previous = checker->follows.previous;
        if (end < from + least_group())
            end = from + least_group();
    }
    end -= (end - from) % LOG_ALIGN; /* of a file that ends anywhere */
    if (end < from + least_group() || end > checker->segment.size ||
        (behind && behind < checker->at.seq))
        return fail(ERR_CORRUPT, "log segment %08u cannot be mended: restore a backup",
                    checker->segment.index);
    TRY(mend_stretch(checker, end, &next));
    return is_mended(checker)
               ? OK
               : fail(ERR_CORRUPT, "log segment %08u cannot be mended: restore a backup",
                      checker->segment.index);
}

/* Segments */

static fallible mend_head(struct checker *checker)
{
    struct log_segment *segment = &checker->segment;

    segment->head = (struct log_segment_head){
        .magic = LOG_SEGMENT_MAGIC,
        .format = LOG_FORMAT,
        .index = segment->index,
        .first_seq = checker->at.seq,
        .previous = checker->at.chain,
    };
    memcpy(segment->head.workspace, vault_workspace_id(checker->config->vault), VAULT_ID_SIZE);
    log_segment_head_close(&segment->head);
    memcpy(segment->bytes, &segment->head, sizeof segment->head);
    segment->has_head = true;
    TRY(file_write(segment->file, 0, &segment->head, sizeof segment->head));
    return file_sync(segment->file);
}

static fallible check_groups(struct checker *checker)
{
    struct log_segment *segment = &checker->segment;
    bool goes_on = true;

    while (goes_on) {
        str rest = str_from(segment->bytes + checker->at.offset,
                            segment->size - (size_t)checker->at.offset);
        struct log_group_head head;
        size_t size;

        switch (log_group_find(rest, checker->at, &size)) {
        case LOG_GROUP:
            memcpy(&head, rest.data, sizeof head);
            TRY(check_records(checker, &head));
            checker->totals->groups++;
            checker->totals->bytes += size;
            checker->at =
                (struct log_place){checker->at.offset + size, head.next_seq, head.checksum};
            break;
        case LOG_DAMAGED:
            TRY(damaged_group(checker, size, &goes_on));
            break;
        case LOG_TORN:
        case LOG_END:
            if (!is_complete(checker) || (size && checker->follows.magic)) {
                TRY(damaged_group(checker, size, &goes_on));
                break;
            }
            checker->totals->torn_bytes += size;
            return OK;
        }
    }
    return OK;
}

/* What the segment behind continues, if there is one with a sound head. */
static fallible find_follows(struct checker *checker, uint32_t index)
{
    struct log_segment_head head;
    char path[LOG_PATH];
    struct file *file;
    size_t len;
    enum err err;

    checker->follows = (struct log_segment_head){0};
    log_segment_path(checker->config, index, path);
    err = file_open(checker->config->sys, path, FILE_READ, &file);
    if (err)
        return err == ERR_ABSENT ? OK : err;
    err = file_read(file, 0, &head, sizeof head, &len);
    if (!err && len == sizeof head && log_segment_head_is_sound(&head))
        checker->follows = head;
    file_close(file);
    return err;
}

/* What tells places tells nothing of a segment that is damaged; it is made anew once it is gone. */
static fallible check_places(struct checker *checker, uint64_t damages)
{
    bool is_sound = checker->totals->damages == damages;
    enum err err = is_sound ? log_places_check(checker->config, &checker->segment) : ERR_CORRUPT;

    if (err != ERR_CORRUPT)
        return err;
    if (is_sound) {
        checker->totals->damages++;
        checker->report(checker->argument, err_text());
    }
    return checker->salvage ? log_places_forget(checker->config, checker->segment.index) : OK;
}

static fallible check_segment(struct checker *checker, uint32_t index, bool is_first)
{
    struct log_segment *segment = &checker->segment;
    uint64_t damages = checker->totals->damages;
    unsigned modes = checker->salvage ? FILE_READ | FILE_WRITE : FILE_READ;
    enum err err = find_follows(checker, index + 1);

    if (!err)
        err = log_segment_load(checker->config, index, modes, segment);
    if (err == ERR_CORRUPT && segment->bytes) {
        say(checker, 0, "the segment's head is damaged", checker->at.seq, checker->at.seq);
        if (checker->salvage)
            TRY(mend_head(checker));
        else
            segment->head = (struct log_segment_head){.first_seq = checker->at.seq,
                                                      .previous = checker->at.chain};
        err = OK;
    } else if (err) {
        return err;
    } else if (!segment->has_head) {
        if (!log_is_zero(segment->bytes, segment->size))
            checker->totals->torn_bytes += segment->size;
        return OK; /* prepared, nothing was committed to it */
    }
    if (!is_first &&
        (segment->head.first_seq != checker->at.seq || segment->head.previous != checker->at.chain))
        say(checker, 0, "records before this segment are missing", checker->at.seq,
            segment->head.first_seq - 1);
    checker->at =
        (struct log_place){sizeof segment->head, segment->head.first_seq, segment->head.previous};
    checker->totals->bytes += sizeof segment->head;
    TRY(check_groups(checker));
    return check_places(checker, damages);
}

fallible log_check(const struct log_config *config, bool salvage,
                   void (*report)(void *, const char *), void *argument,
                   struct log_check *out_check)
{
    struct log_check totals = {0};
    struct checker checker = {
        .config = config,
        .salvage = salvage,
        .report = report,
        .argument = argument,
        .totals = &totals,
        .at = {.seq = 1},
    };
    struct arena *mem = arena_open(LIST_ARENA);
    uint32_t *indexes;
    size_t count = 0;
    enum err err = mem ? log_segments_list(config, mem, &indexes, &count) : mem_exhausted();

    for (size_t i = 0; !err && i < count; i++) {
        err = check_segment(&checker, indexes[i], i == 0);
        log_segment_unload(&checker.segment);
    }
    mem_free(checker.unsealed);
    arena_close(mem);
    if (!err)
        *out_check = totals;
    return err;
}
