/* quarantine_look.c - entries read from the log, some at a time, and counted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/quarantine_look.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/log_pick.h"

#include <stdlib.h>

enum { PAGE = 256, PAGE_MEMORY = 64 << 20, SLOTS = 4096 };

struct taking {
    const struct quarantine_entry *entries;
    quarantine_look_taker *take;
    void *argument;
};

static enum err take_record(void *argument, size_t which, const struct log_record *record)
{
    const struct taking *taking = argument;
    struct record_quarantine entry;

    if (record->kind != RECORD_QUARANTINE || record->seq != taking->entries[which].seq)
        return fail(ERR_ABSENT, "no event with that number waits in quarantine");
    TRY(record_read_quarantine(record->clear, record->payload, &entry));
    return taking->take(taking->argument, which, &entry);
}

fallible quarantine_look_read(struct log_picker *picker, struct arena *mem,
                              const struct quarantine_entry *entries, size_t count,
                              quarantine_look_taker *take, void *argument)
{
    struct taking taking = {entries, take, argument};
    uint64_t *seqs = arena_array(mem, count + 1, sizeof *seqs);
    struct log_picks picks = {
        .seqs = seqs, .count = count, .may_wait = true, .take = take_record, .argument = &taking};

    if (!seqs)
        return arena_exhausted();
    for (size_t i = 0; i < count; i++)
        seqs[i] = entries[i].seq;
    return count ? log_pick(picker, &picks, mem) : OK;
}

fallible quarantine_look_event(struct json_reader *reader, struct arena *mem, str body,
                               str *out_name)
{
    struct json doc;
    uint32_t at;
    str name = {NULL, 0};
    enum err err = json_parse_copy(reader, mem, body, &doc);

    if (err == ERR_LIMIT)
        return err;
    if (!err && json_type_of(&doc, 0) == JSON_OBJECT) {
        at = json_find(&doc, 0, S("event"));
        if (at == JSON_ABSENT)
            at = json_find(&doc, 0, S("type"));
        if (at != JSON_ABSENT)
            name = json_string(&doc, at, mem);
    }
    *out_name = name;
    return OK;
}

/* Finding */

struct finding {
    const struct quarantine_wish *wish;
    struct arena *page; /* of what is read at a time */
    struct json_reader *reader;
    bool is_found[PAGE];
};

static enum err match_entry(void *argument, size_t which, const struct record_quarantine *entry)
{
    struct finding *finding = argument;
    const struct quarantine_wish *wish = finding->wish;
    str event;

    finding->is_found[which] = !wish->reason.data || str_equals(wish->reason, entry->reason);
    if (!finding->is_found[which] || !wish->event.data)
        return OK;
    TRY(quarantine_look_event(finding->reader, finding->page, entry->body, &event));
    finding->is_found[which] = str_equals(wish->event, event);
    return OK;
}

static fallible find_pages(struct quarantine *quarantine, struct log_picker *picker,
                           struct finding *finding, struct quarantine_page *out, uint64_t *out_next)
{
    const struct quarantine_wish *wish = finding->wish;
    uint64_t after = wish->after;
    struct quarantine_page page = {0};

    for (size_t looked = 0; looked < QUARANTINE_LOOK_MOST; looked += page.count) {
        arena_reset(finding->page);
        TRY(quarantine_list(quarantine, finding->page, after, PAGE, &page));
        out->total = page.total;
        TRY(quarantine_look_read(picker, finding->page, page.entries, page.count, match_entry,
                                 finding));
        for (size_t i = 0; i < page.count; i++) {
            after = page.entries[i].seq;
            if (finding->is_found[i])
                out->entries[out->count++] = page.entries[i];
            if (out->count == wish->limit) {
                *out_next = after;
                return OK;
            }
        }
        if (page.count < PAGE) {
            *out_next = 0;
            return OK;
        }
    }
    *out_next = after;
    return OK;
}

fallible quarantine_look_find(struct quarantine *quarantine, struct log_picker *picker,
                              const struct quarantine_wish *wish, struct arena *mem,
                              struct quarantine_page *out_page, uint64_t *out_next)
{
    struct quarantine_page found = {.entries =
                                        arena_array(mem, wish->limit, sizeof *found.entries)};
    struct finding *finding = arena_take(mem, sizeof *finding);
    enum err err;

    if (!found.entries || !finding)
        return arena_exhausted();
    finding->wish = wish;
    finding->page = arena_open(PAGE_MEMORY);
    finding->reader = json_reader_open();
    err = finding->page && finding->reader
              ? find_pages(quarantine, picker, finding, &found, out_next)
              : mem_exhausted();
    json_reader_close(finding->reader);
    arena_close(finding->page);
    if (!err)
        *out_page = found;
    return err;
}

/* Counting */

struct summing {
    struct arena *mem;  /* of the groups */
    struct arena *page; /* of what is read at a time */
    struct json_reader *reader;
    const struct quarantine_entry *entries;
    struct quarantine_summary *summary;
    uint32_t slots[SLOTS]; /* 1 + index of a group */
};

static fallible find_group(struct summing *summing, str event, str reason,
                           struct quarantine_group **out_group)
{
    struct quarantine_summary *summary = summing->summary;
    uint64_t seed = hash_checksum(event.data, event.len);
    size_t slot = hash_checksum_seeded(reason.data, reason.len, seed) % SLOTS;
    struct quarantine_group *group;

    for (; summing->slots[slot]; slot = (slot + 1) % SLOTS) {
        group = &summary->groups[summing->slots[slot] - 1];
        if (str_equals(group->reason, reason) && str_equals(group->event, event)) {
            *out_group = group;
            return OK;
        }
    }
    *out_group = NULL;
    if (summary->count == QUARANTINE_LOOK_GROUPS)
        return OK;
    group = &summary->groups[summary->count];
    group->reason = arena_dup(summing->mem, reason);
    group->event = event.data ? arena_dup(summing->mem, event) : event;
    if (!group->reason.data || (event.data && !group->event.data))
        return arena_exhausted();
    summing->slots[slot] = (uint32_t)++summary->count;
    *out_group = group;
    return OK;
}

static enum err count_entry(void *argument, size_t which, const struct record_quarantine *entry)
{
    struct summing *summing = argument;
    uint64_t seq = summing->entries[which].seq;
    struct quarantine_group *group;
    str event;

    TRY(quarantine_look_event(summing->reader, summing->page, entry->body, &event));
    TRY(find_group(summing, event, entry->reason, &group));
    summing->summary->total++;
    if (!group) {
        summing->summary->others++;
        return OK;
    }
    if (!group->count || seq < group->first_seq) {
        group->first_seq = seq;
        group->first = entry->received;
    }
    if (!group->count || seq > group->last_seq) {
        group->last_seq = seq;
        group->last = entry->received;
    }
    group->count++;
    return OK;
}

static int by_count(const void *a, const void *b)
{
    const struct quarantine_group *left = a, *right = b;

    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    return left->first_seq < right->first_seq ? -1 : left->first_seq > right->first_seq;
}

static fallible sum_pages(struct quarantine *quarantine, struct log_picker *picker,
                          bool (*is_over)(void *argument), void *argument, struct summing *summing)
{
    struct quarantine_page page;
    uint64_t after = 0;

    do {
        arena_reset(summing->page);
        if (is_over(argument))
            return fail(ERR_EXPIRED, "stopped while reading quarantine");
        TRY(quarantine_list(quarantine, summing->page, after, PAGE, &page));
        summing->entries = page.entries;
        TRY(quarantine_look_read(picker, summing->page, page.entries, page.count, count_entry,
                                 summing));
        if (page.count)
            after = page.entries[page.count - 1].seq;
    } while (page.count == PAGE);
    return OK;
}

fallible quarantine_look_sum(struct quarantine *quarantine, struct log_picker *picker,
                             bool (*is_over)(void *argument), void *argument, struct arena *mem,
                             struct quarantine_summary *out_summary)
{
    struct quarantine_summary summary = {
        .groups = arena_array(mem, QUARANTINE_LOOK_GROUPS, sizeof *summary.groups)};
    struct summing *summing = arena_take(mem, sizeof *summing);
    enum err err = summary.groups && summing ? OK : arena_exhausted();

    if (err)
        return err;
    summing->mem = mem;
    summing->summary = &summary;
    summing->page = arena_open(PAGE_MEMORY);
    summing->reader = json_reader_open();
    err = summing->page && summing->reader
              ? sum_pages(quarantine, picker, is_over, argument, summing)
              : mem_exhausted();
    json_reader_close(summing->reader);
    arena_close(summing->page);
    if (err)
        return err;
    if (summary.count)
        qsort(summary.groups, summary.count, sizeof *summary.groups, by_count);
    *out_summary = summary;
    return OK;
}
