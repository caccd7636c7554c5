/* seen_run.h - immutable files of sorted message ids.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A run is a file of 4 KiB pages: a head, entries sorted by id, the first id of each page of
 * entries (fences), a filter. It covers the sequence numbers [from, to), which make its name. Runs
 * cover one unbroken span; only at its beginning may a run simply vanish. For seen*.c alone.
 */
#pragma once
#include "base/time.h"
#include "store/seen_filter.h"
#include "sys/file.h"

/* As it stands in a run. Entries are in the order of (id.high, id.low). */
struct seen_entry {
    hash128 id;
    uint64_t body_hash;
    millis received;
};

static inline int seen_run_compare(hash128 a, hash128 b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return (a.low > b.low) - (a.low < b.low);
}

enum {
    SEEN_PAGE_SIZE = 4096,
    SEEN_BODY_SIZE = 4064,
    SEEN_RUN_VERSION = 1,
    SEEN_PAGES_AT_ONCE = 16
};
enum { SEEN_PAGE_ENTRIES = SEEN_BODY_SIZE / 32, SEEN_PAGE_FENCES = SEEN_BODY_SIZE / 8 };
enum { SEEN_PAGE_BLOCKS = SEEN_BODY_SIZE / 32, SEEN_MAGIC_SIZE = 8 };
#define SEEN_MAGIC "myrseen\n"
enum seen_page_kind { SEEN_HEAD = 1, SEEN_ENTRIES, SEEN_FENCES, SEEN_FILTER };

struct seen_page {
    uint64_t checksum; /* over all that follows, seeded by the run's span */
    uint32_t number;   /* in the file */
    uint32_t kind;
    uint32_t used; /* things in the body; what is behind them is zero */
    uint32_t unused[3];
    unsigned char body[SEEN_BODY_SIZE];
};

struct seen_head {
    char magic[SEEN_MAGIC_SIZE];
    uint32_t version;
    uint32_t entry_pages;
    uint32_t fence_pages;
    uint32_t filter_pages;
    uint64_t from;
    uint64_t to;
    uint64_t count;
    uint64_t filter_ids; /* what the filter was made for: count and what fell out on the way */
    millis oldest;       /* least and greatest `received`; 0 without entries */
    millis newest;
    millis forgotten; /* newest `received` that was given up for want of room, or INT64_MIN */
};

struct seen_run {
    struct sys *sys;
    char *path;
    struct file *file;
    struct seen_head head;
    uint64_t *fences; /* id.high of the first entry of each page */
    struct seen_filter filter;
    uint32_t merge;  /* number of the merge that reads it, 0 for none */
    bool is_damaged; /* found out while reading: not merged any more */
};

char *seen_run_path(const char *folder, uint64_t from, uint64_t to, const char *suffix);
bool seen_run_parse_name(str name, uint64_t *out_from, uint64_t *out_to, bool *out_is_unfinished);
void seen_run_seal(struct seen_page *page, const struct seen_head *head);
/* ERR_CORRUPT for damage, ERR_CONFLICT when a newer program wrote it. */
fallible seen_run_open(struct sys *sys, const char *folder, uint64_t from, uint64_t to,
                       struct seen_run **out_run);
void seen_run_close(struct seen_run *run); /* NULL is fine */
fallible seen_run_find(struct seen_run *run, hash128 id, bool *out_found,
                       struct seen_entry *out_entry);
/* Reads every page; ERR_CORRUPT for the first damage. */
fallible seen_run_check(struct seen_run *run);

struct seen_run_cursor {
    struct seen_run *run;
    struct seen_page *pages;
    uint32_t next_page; /* of entries, still to be read */
    uint32_t have;      /* pages in memory, of which `at` is read now, from `entry` on */
    uint32_t at;
    uint32_t entry;
};
fallible seen_run_cursor_start(struct seen_run_cursor *cursor, struct seen_run *run);
void seen_run_cursor_done(struct seen_run_cursor *cursor);
fallible seen_run_cursor_next(struct seen_run_cursor *cursor, struct seen_entry *out_entry,
                              bool *out_more);
