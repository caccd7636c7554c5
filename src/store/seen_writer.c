/* seen_writer.c - writes a run beside its place, in steps, and renames it there once it is synced.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/seen_writer.h"

#include "base/mem.h"
#include "sys/syncer.h"

#include <assert.h>
#include <string.h>

enum {
    PAGES_BETWEEN_SYNCS = 256, /* on the way, so that the last sync is not for the whole file */
    MOST_UNSYNCED = 16 * PAGES_BETWEEN_SYNCS,
    LATE = 16, /* ids between one that comes and the one that the filter takes */
    /* Up to here the filter is made for more ids than come, 16 bits each: of five pages that were
     * read in vain four are not. Larger runs are few. */
    ROOMY_IDS = 32 << 20,
};

/* What was done of a commit; each step but the first begins when the sync before it is done. */
enum stage { STAGE_ADDING, STAGE_WRITTEN, STAGE_SYNCED, STAGE_RENAMED };

struct seen_writer {
    const struct seen_place *place;
    struct syncer_ticket ticket; /* the only sync under way */
    enum stage stage;
    char *path;
    struct file *file;
    struct seen_run *run; /* what it will be */
    struct seen_page *pages;
    uint32_t page_count; /* in memory, the last one not full */
    uint32_t next_page;  /* where those in memory belong */
    uint32_t unsynced;   /* pages written since the last sync was asked for */
    uint64_t most;
    uint64_t index_done; /* fences, then filter blocks, written */
    /* The latest, whose blocks of the filter are being fetched: each is somewhere else. */
    hash128 late[LATE];
    bool is_filtered; /* none is left */
};

static struct seen_page *last_page(struct seen_writer *writer)
{
    return &writer->pages[writer->page_count - 1];
}

/* Writes the full pages out. */
static fallible flush(struct seen_writer *writer)
{
    bool is_synced;

    if (!writer->page_count)
        return OK;
    for (uint32_t i = 0; i < writer->page_count; i++)
        seen_run_seal(&writer->pages[i], &writer->run->head);
    TRY(file_write(writer->file, (uint64_t)writer->next_page * SEEN_PAGE_SIZE, writer->pages,
                   writer->page_count * sizeof *writer->pages));
    writer->next_page += writer->page_count;
    writer->unsynced += writer->page_count;
    writer->page_count = 0;
    if (writer->unsynced < PAGES_BETWEEN_SYNCS)
        return OK;
    TRY(syncer_poll(&writer->ticket, &is_synced));
    if (!is_synced)
        return OK;
    writer->unsynced = 0;
    syncer_file(writer->place->syncer, writer->file, &writer->ticket);
    return syncer_poll(&writer->ticket, &is_synced);
}

static fallible start_page(struct seen_writer *writer, enum seen_page_kind kind)
{
    struct seen_page *page;

    if (writer->page_count == SEEN_PAGES_AT_ONCE)
        TRY(flush(writer));
    page = &writer->pages[writer->page_count];
    memset(page, 0, sizeof *page);
    page->number = writer->next_page + writer->page_count;
    page->kind = kind;
    writer->page_count++;
    return OK;
}

static uint64_t entry_pages_for(uint64_t entries)
{
    return (entries + SEEN_PAGE_ENTRIES - 1) / SEEN_PAGE_ENTRIES;
}

static fallible open_file(struct seen_writer *writer)
{
    uint64_t entry_pages = entry_pages_for(writer->most);
    uint64_t pages = 1 + entry_pages + entry_pages / SEEN_PAGE_FENCES + 1 +
                     writer->run->filter.block_count / SEEN_PAGE_BLOCKS + 1;

    if (pages > UINT32_MAX)
        return fail(ERR_LIMIT, "a run of %llu ids is too large", (unsigned long long)writer->most);
    TRY(file_open(writer->place->sys, writer->path, FILE_READ | FILE_WRITE | FILE_CREATE,
                  &writer->file));
    TRY(file_truncate(writer->file, 0));
    return file_allocate(writer->file, pages * SEEN_PAGE_SIZE);
}

fallible seen_writer_open(const struct seen_place *place, const struct seen_head *head,
                          uint64_t most, struct seen_writer **out_writer)
{
    struct seen_writer *writer = mem_alloc(sizeof *writer);
    struct seen_run *run = mem_alloc(sizeof *run);
    enum err err;

    if (!writer || !run) {
        mem_free(writer);
        mem_free(run);
        return mem_exhausted();
    }
    *run = (struct seen_run){.sys = place->sys, .head = *head};
    run->head.filter_ids = most > ROOMY_IDS ? most : most + most / 3;
    *writer = (struct seen_writer){.place = place, .run = run, .most = most, .next_page = 1};
    writer->path = seen_run_path(place->folder, head->from, head->to, ".new");
    run->path = seen_run_path(place->folder, head->from, head->to, "");
    writer->pages = mem_alloc(SEEN_PAGES_AT_ONCE * sizeof *writer->pages);
    run->fences = mem_alloc((entry_pages_for(most) + 1) * sizeof *run->fences);
    if (!writer->path || !run->path || !writer->pages || !run->fences ||
        !seen_filter_open(&run->filter, run->head.filter_ids))
        err = mem_exhausted();
    else
        err = open_file(writer);
    if (err)
        seen_writer_close(writer);
    else
        *out_writer = writer;
    return err;
}

fallible seen_writer_add(struct seen_writer *writer, const struct seen_entry *entry)
{
    struct seen_head *head = &writer->run->head;
    struct seen_page *page;

    assert(head->count < writer->most);
    if (head->count % SEEN_PAGE_ENTRIES == 0) {
        TRY(start_page(writer, SEEN_ENTRIES));
        writer->run->fences[head->entry_pages++] = entry->id.high;
    }
    page = last_page(writer);
    memcpy(page->body + page->used * sizeof *entry, entry, sizeof *entry);
    page->used++;
    if (head->count >= LATE)
        seen_filter_add(&writer->run->filter, writer->late[head->count % LATE]);
    writer->late[head->count % LATE] = entry->id;
    seen_filter_prefetch(&writer->run->filter, entry->id);
    head->oldest = head->count && head->oldest < entry->received ? head->oldest : entry->received;
    head->newest = head->count && head->newest > entry->received ? head->newest : entry->received;
    head->count++;
    return OK;
}

/* Adds one page with things from number `from` on, of `count`. */
static fallible write_array_page(struct seen_writer *writer, enum seen_page_kind kind,
                                 const void *things, uint64_t from, uint64_t count, size_t size)
{
    uint64_t per_page = SEEN_BODY_SIZE / size;
    uint64_t here = count - from < per_page ? count - from : per_page;

    TRY(start_page(writer, kind));
    memcpy(last_page(writer)->body, (const char *)things + from * size, here * size);
    last_page(writer)->used = (uint32_t)here;
    writer->index_done += here;
    return OK;
}

/* Adds one page of what stands behind the entries; false when all of it does. */
static fallible write_index_page(struct seen_writer *writer, bool *out_more)
{
    struct seen_run *run = writer->run;
    uint64_t fences = run->head.entry_pages;
    uint64_t blocks = run->head.count ? run->filter.block_count : 0;

    *out_more = writer->index_done < fences + blocks;
    if (!*out_more)
        return OK;
    if (writer->index_done < fences) {
        run->head.fence_pages++;
        return write_array_page(writer, SEEN_FENCES, run->fences, writer->index_done, fences,
                                sizeof *run->fences);
    }
    run->head.filter_pages++;
    return write_array_page(writer, SEEN_FILTER, run->filter.blocks, writer->index_done - fences,
                            blocks, sizeof *run->filter.blocks);
}

static void filter_late(struct seen_writer *writer)
{
    uint64_t count = writer->run->head.count;

    for (uint64_t i = count < LATE ? 0 : count - LATE; i < count && !writer->is_filtered; i++)
        seen_filter_add(&writer->run->filter, writer->late[i % LATE]);
    writer->is_filtered = true;
}

fallible seen_writer_finish(struct seen_writer *writer, uint64_t pages, bool *out_is_done)
{
    bool more = true;

    filter_late(writer);
    for (; more && pages; pages--)
        TRY(write_index_page(writer, &more));
    *out_is_done = !more;
    return OK;
}

static fallible write_head(struct seen_writer *writer)
{
    struct seen_head *head = &writer->run->head;
    struct seen_page page = {.kind = SEEN_HEAD, .used = 1};

    memcpy(head->magic, SEEN_MAGIC, SEEN_MAGIC_SIZE);
    head->version = SEEN_RUN_VERSION;
    memcpy(page.body, head, sizeof *head);
    seen_run_seal(&page, head);
    return file_write(writer->file, 0, &page, sizeof page);
}

static fallible write_rest(struct seen_writer *writer)
{
    TRY(flush(writer));
    TRY(write_head(writer));
    return file_truncate(writer->file, (uint64_t)writer->next_page * SEEN_PAGE_SIZE);
}

/* The next step of a commit, when nothing is under way. */
static fallible advance(struct seen_writer *writer)
{
    const struct seen_place *place = writer->place;

    switch (writer->stage) {
    case STAGE_ADDING:
        TRY(write_rest(writer));
        writer->stage = STAGE_WRITTEN;
        break;
    case STAGE_WRITTEN:
        syncer_file(place->syncer, writer->file, &writer->ticket);
        writer->stage = STAGE_SYNCED;
        break;
    case STAGE_SYNCED:
        TRY(file_rename(place->sys, writer->path, writer->run->path));
        syncer_folder(place->syncer, place->folder, &writer->ticket);
        writer->stage = STAGE_RENAMED;
        break;
    case STAGE_RENAMED:
        break;
    }
    return OK;
}

fallible seen_writer_commit(struct seen_writer *writer, struct seen_run **out_run)
{
    bool is_done;

    *out_run = NULL;
    TRY(syncer_poll(&writer->ticket, &is_done));
    while (is_done && writer->stage != STAGE_RENAMED) {
        TRY(advance(writer));
        TRY(syncer_poll(&writer->ticket, &is_done));
    }
    if (!is_done)
        return OK;
    writer->run->file = writer->file;
    *out_run = writer->run;
    writer->file = NULL;
    writer->run = NULL;
    return OK;
}

fallible seen_writer_is_behind(const struct seen_writer *writer, bool *out_is_behind)
{
    bool is_done;

    TRY(syncer_poll(&writer->ticket, &is_done));
    *out_is_behind = !is_done && writer->unsynced >= MOST_UNSYNCED;
    return OK;
}

void seen_writer_wait(const struct seen_writer *writer)
{
    enum err err = syncer_wait(&writer->ticket);

    (void)err;
}

void seen_writer_close(struct seen_writer *writer)
{
    if (!writer)
        return;
    seen_writer_wait(writer); /* it reads the file */
    if (writer->file && writer->stage != STAGE_RENAMED) {
        /* Only to give room back: an unfinished file is removed at the next start anyway. */
        enum err err = file_remove(writer->place->sys, writer->path);

        (void)err;
    }
    file_close(writer->file);
    seen_run_close(writer->run);
    mem_free(writer->pages);
    mem_free(writer->path);
    mem_free(writer);
}
