/* seen_run.c - immutable files of sorted ids: every page is verified before it is believed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/seen_run.h"

#include "base/buf.h"
#include "base/mem.h"

#include <string.h>

_Static_assert(sizeof(struct seen_page) == SEEN_PAGE_SIZE, "a page as it stands on disk");
_Static_assert(sizeof(struct seen_entry) == 32, "an entry as it stands on disk");
_Static_assert(sizeof(struct seen_head) == 80, "a head as it stands on disk");

char *seen_run_path(const char *folder, uint64_t from, uint64_t to, const char *suffix)
{
    struct buf path = {0};
    size_t len;

    buf_print(&path, "%s/run-%016llx-%016llx%s", folder, (unsigned long long)from,
              (unsigned long long)to, suffix);
    buf_add_byte(&path, 0);
    if (buf_is_broken(&path)) {
        buf_done(&path);
        return NULL;
    }
    return buf_take(&path, &len);
}

static bool parse_hex(str text, uint64_t *out_number)
{
    uint64_t number = 0;

    if (text.len != 16)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c >= '0' && c <= '9')
            number = number << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out_number = number;
    return true;
}

bool seen_run_parse_name(str name, uint64_t *out_from, uint64_t *out_to, bool *out_is_unfinished)
{
    bool is_unfinished = str_ends(name, S(".new"));
    uint64_t from, to;

    if (is_unfinished)
        name.len -= S(".new").len;
    if (name.len != 37 || !str_starts(name, S("run-")) || name.data[20] != '-' ||
        !parse_hex(str_slice(name, 4, 20), &from) || !parse_hex(str_slice(name, 21, 37), &to) ||
        from >= to)
        return false;
    *out_from = from;
    *out_to = to;
    *out_is_unfinished = is_unfinished;
    return true;
}

/* Pages of one run do not pass for those of another. */
static uint64_t page_checksum(const struct seen_page *page, uint64_t from, uint64_t to)
{
    uint64_t span[2] = {from, to};

    return hash_checksum_seeded(&page->number, sizeof *page - sizeof page->checksum,
                                hash_checksum(span, sizeof span));
}

void seen_run_seal(struct seen_page *page, const struct seen_head *head)
{
    page->checksum = page_checksum(page, head->from, head->to);
}

static fallible verify(const struct seen_run *run, const struct seen_page *page, uint32_t number,
                       enum seen_page_kind kind, uint32_t most_used)
{
    if (page->checksum != page_checksum(page, run->head.from, run->head.to) ||
        page->number != number || page->kind != kind || page->used > most_used)
        return fail(ERR_CORRUPT,
                    "%s is damaged in page %u: without that file the log fills it in at the next "
                    "start",
                    run->path, number);
    return OK;
}

static fallible read_page(const struct seen_run *run, uint32_t number, enum seen_page_kind kind,
                          uint32_t most_used, struct seen_page *out_page)
{
    TRY(file_read_all(run->file, (uint64_t)number * SEEN_PAGE_SIZE, out_page, sizeof *out_page));
    return verify(run, out_page, number, kind, most_used);
}

static fallible fail_damaged(const struct seen_run *run, const char *what)
{
    return fail(ERR_CORRUPT,
                "%s is damaged: %s; without that file the log fills it in at the next start",
                run->path, what);
}

static uint64_t pages_for(uint64_t things, uint64_t per_page)
{
    return (things + per_page - 1) / per_page;
}

static fallible read_head(struct seen_run *run)
{
    struct seen_page page;
    struct seen_head head;
    uint64_t size;

    TRY(file_size(run->file, &size));
    if (size < sizeof page)
        return fail_damaged(run, "it is shorter than its head");
    TRY(read_page(run, 0, SEEN_HEAD, 1, &page));
    memcpy(&head, page.body, sizeof head);
    if (memcmp(head.magic, SEEN_MAGIC, SEEN_MAGIC_SIZE) != 0)
        return fail_damaged(run, "it is no run of message ids");
    if (head.version != SEEN_RUN_VERSION)
        return fail(ERR_CONFLICT, "%s has format %u; this program knows %u", run->path,
                    head.version, SEEN_RUN_VERSION);
    if (head.from != run->head.from || head.to != run->head.to)
        return fail_damaged(run, "its name belongs to another run");
    if (head.entry_pages != pages_for(head.count, SEEN_PAGE_ENTRIES) ||
        head.fence_pages != pages_for(head.entry_pages, SEEN_PAGE_FENCES) ||
        head.filter_ids > (uint64_t)UINT32_MAX * SEEN_PAGE_ENTRIES ||
        size != (1 + (uint64_t)head.entry_pages + head.fence_pages + head.filter_pages) *
                    SEEN_PAGE_SIZE)
        return fail_damaged(run, "its length does not fit its head");
    run->head = head;
    return OK;
}

/* Reads consecutive pages of one kind into an array of `count` things of `size` bytes. */
static fallible read_array(struct seen_run *run, uint32_t first_page, enum seen_page_kind kind,
                           void *out, uint64_t count, size_t size)
{
    uint64_t per_page = SEEN_BODY_SIZE / size;
    char *at = out;
    struct seen_page page;

    for (uint64_t done = 0; done < count; done += per_page, first_page++) {
        uint64_t here = count - done < per_page ? count - done : per_page;

        TRY(read_page(run, first_page, kind, (uint32_t)here, &page));
        if (page.used != here)
            return fail_damaged(run, "a page is not full");
        memcpy(at + done * size, page.body, here * size);
    }
    return OK;
}

static fallible read_index(struct seen_run *run)
{
    uint32_t filter_page = 1 + run->head.entry_pages + run->head.fence_pages;

    if (!run->head.count)
        return OK;
    if (run->head.filter_pages !=
        pages_for(seen_filter_blocks(run->head.filter_ids), SEEN_PAGE_BLOCKS))
        return fail_damaged(run, "its filter has another size");
    run->fences = mem_alloc((size_t)run->head.entry_pages * sizeof *run->fences);
    if (!run->fences || !seen_filter_open(&run->filter, run->head.filter_ids))
        return mem_exhausted();
    TRY(read_array(run, 1 + run->head.entry_pages, SEEN_FENCES, run->fences, run->head.entry_pages,
                   sizeof *run->fences));
    return read_array(run, filter_page, SEEN_FILTER, run->filter.blocks, run->filter.block_count,
                      sizeof *run->filter.blocks);
}

fallible seen_run_open(struct sys *sys, const char *folder, uint64_t from, uint64_t to,
                       struct seen_run **out_run)
{
    struct seen_run *run = mem_alloc(sizeof *run);
    enum err err;

    if (!run)
        return mem_exhausted();
    *run = (struct seen_run){.sys = sys, .head = {.from = from, .to = to}};
    run->path = seen_run_path(folder, from, to, "");
    err = run->path ? file_open(sys, run->path, FILE_READ, &run->file) : mem_exhausted();
    if (err)
        goto done;
    err = read_head(run);
    if (err)
        goto done;
    err = read_index(run);

done:
    if (err)
        seen_run_close(run);
    else
        *out_run = run;
    return err;
}

void seen_run_close(struct seen_run *run)
{
    if (!run)
        return;
    file_close(run->file);
    seen_filter_close(&run->filter);
    mem_free(run->fences);
    mem_free(run->path);
    mem_free(run);
}

static struct seen_entry entry_at(const struct seen_page *page, uint32_t at)
{
    struct seen_entry entry;

    memcpy(&entry, page->body + (size_t)at * sizeof entry, sizeof entry);
    return entry;
}

/* How many of the page's entries come before `id`. */
static uint32_t count_below(const struct seen_page *page, hash128 id)
{
    uint32_t low = 0, high = page->used;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (seen_run_compare(entry_at(page, middle).id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first page that can hold an id with these upper bits. */
static uint32_t first_page_for(const struct seen_run *run, uint64_t id_high)
{
    uint32_t low = 0, high = run->head.entry_pages;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (run->fences[middle] < id_high)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? low - 1 : 0;
}

fallible seen_run_find(struct seen_run *run, hash128 id, bool *out_found,
                       struct seen_entry *out_entry)
{
    struct seen_page page;
    uint32_t at;

    /* Usually one page; two where the id shares its upper bits with a page's first. */
    for (uint32_t i = first_page_for(run, id.high);
         i < run->head.entry_pages && run->fences[i] <= id.high; i++) {
        enum err err = read_page(run, 1 + i, SEEN_ENTRIES, SEEN_PAGE_ENTRIES, &page);

        if (err) {
            run->is_damaged = run->is_damaged || err == ERR_CORRUPT;
            return err;
        }
        at = count_below(&page, id);
        if (at < page.used && hash_equals(entry_at(&page, at).id, id)) {
            *out_entry = entry_at(&page, at);
            *out_found = true;
            return OK;
        }
    }
    *out_found = false;
    return OK;
}

fallible seen_run_cursor_start(struct seen_run_cursor *cursor, struct seen_run *run)
{
    struct seen_page *pages = mem_alloc(SEEN_PAGES_AT_ONCE * sizeof *pages);

    if (!pages)
        return mem_exhausted();
    *cursor = (struct seen_run_cursor){.run = run, .pages = pages, .next_page = 1};
    return OK;
}

void seen_run_cursor_done(struct seen_run_cursor *cursor)
{
    mem_free(cursor->pages);
    *cursor = (struct seen_run_cursor){0};
}

static fallible read_ahead(struct seen_run_cursor *cursor)
{
    struct seen_run *run = cursor->run;
    uint32_t left = run->head.entry_pages - (cursor->next_page - 1);
    uint32_t count = left < SEEN_PAGES_AT_ONCE ? left : SEEN_PAGES_AT_ONCE;

    cursor->have = cursor->at = cursor->entry = 0;
    if (!count)
        return OK;
    TRY(file_read_all(run->file, (uint64_t)cursor->next_page * SEEN_PAGE_SIZE, cursor->pages,
                      count * sizeof *cursor->pages));
    for (uint32_t i = 0; i < count; i++)
        TRY(verify(run, &cursor->pages[i], cursor->next_page + i, SEEN_ENTRIES, SEEN_PAGE_ENTRIES));
    cursor->next_page += count;
    cursor->have = count;
    return OK;
}

fallible seen_run_cursor_next(struct seen_run_cursor *cursor, struct seen_entry *out_entry,
                              bool *out_more)
{
    if (cursor->at < cursor->have && cursor->entry == cursor->pages[cursor->at].used) {
        cursor->at++;
        cursor->entry = 0;
    }
    if (cursor->at == cursor->have) {
        enum err err = read_ahead(cursor);

        if (err) {
            cursor->run->is_damaged = cursor->run->is_damaged || err == ERR_CORRUPT;
            return err;
        }
    }
    *out_more = cursor->have > 0;
    if (*out_more)
        *out_entry = entry_at(&cursor->pages[cursor->at], cursor->entry++);
    return OK;
}

/* What checksums cannot tell: order, fences, filter and totals belong to the entries. */
static fallible check_entries(struct seen_run *run, struct seen_run_cursor *cursor)
{
    struct seen_entry entry, before = {0};
    struct seen_filter_bits bits;
    millis oldest = INT64_MAX, newest = INT64_MIN;
    uint64_t count = 0;
    bool more;

    for (;;) {
        TRY(seen_run_cursor_next(cursor, &entry, &more));
        if (!more)
            break;
        if (count && seen_run_compare(before.id, entry.id) >= 0)
            return fail_damaged(run, "its ids are out of order");
        if (count % SEEN_PAGE_ENTRIES == 0 &&
            run->fences[count / SEEN_PAGE_ENTRIES] != entry.id.high)
            return fail_damaged(run, "a fence does not fit its page");
        bits = seen_filter_bits_of(entry.id);
        if (!seen_filter_may_hold(&run->filter, entry.id, &bits))
            return fail_damaged(run, "its filter leaves out an id");
        oldest = entry.received < oldest ? entry.received : oldest;
        newest = entry.received > newest ? entry.received : newest;
        before = entry;
        count++;
    }
    if (count != run->head.count ||
        (count && (oldest != run->head.oldest || newest != run->head.newest)))
        return fail_damaged(run, "its totals do not fit its entries");
    return OK;
}

fallible seen_run_check(struct seen_run *run)
{
    struct seen_run_cursor cursor;
    enum err err;

    TRY(seen_run_cursor_start(&cursor, run));
    err = check_entries(run, &cursor);
    seen_run_cursor_done(&cursor);
    return err;
}
