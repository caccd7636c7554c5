/* seen_job.c - writes a run from a table or from older runs, a little at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/seen_int.h"

#include "base/mem.h"
#include "store/seen_writer.h"

#include <assert.h>

struct input {
    struct seen_run_cursor cursor;
    struct seen_entry entry; /* the next one */
    bool more;
};

struct seen_job {
    struct seen_writer *writer;
    struct seen_table_cursor table; /* of a freeze */
    struct input inputs[SEEN_MOST_INPUTS];
    uint32_t input_count; /* 0 for a freeze */
    bool is_read;         /* all entries are taken, or there are none */
};

void seen_job_close(struct seen_job *job)
{
    if (!job)
        return;
    for (uint32_t i = 0; i < job->input_count; i++)
        seen_run_cursor_done(&job->inputs[i].cursor);
    seen_writer_close(job->writer);
    mem_free(job);
}

fallible seen_job_freeze(const struct seen_place *place, const struct seen_head *head,
                         struct seen_table *table, struct seen_job **out_job)
{
    struct seen_job *job = mem_alloc(sizeof *job);
    enum err err;

    if (!job)
        return mem_exhausted();
    err = seen_writer_open(place, head, seen_table_count(table), &job->writer);
    if (err) {
        seen_job_close(job);
        return err;
    }
    seen_table_cursor_start(&job->table, table);
    *out_job = job;
    return OK;
}

fallible seen_job_merge(const struct seen_place *place, struct seen_run **runs, uint32_t count,
                        struct seen_job **out_job)
{
    struct seen_job *job = mem_alloc(sizeof *job);
    struct seen_head head = {.forgotten = INT64_MIN};
    uint64_t most = 0;
    enum err err = OK;

    assert(count >= 1 && count <= SEEN_MOST_INPUTS);
    if (!job)
        return mem_exhausted();
    head.from = runs[0]->head.from;
    head.to = runs[count - 1]->head.to;
    for (; job->input_count < count && !err; job->input_count++) {
        struct input *input = &job->inputs[job->input_count];
        const struct seen_head *one = &runs[job->input_count]->head;

        most += one->count;
        head.forgotten = one->forgotten > head.forgotten ? one->forgotten : head.forgotten;
        err = seen_run_cursor_start(&input->cursor, runs[job->input_count]);
        if (!err)
            err = seen_run_cursor_next(&input->cursor, &input->entry, &input->more);
    }
    if (!err)
        err = seen_writer_open(place, &head, most, &job->writer);
    if (err)
        seen_job_close(job);
    else
        *out_job = job;
    return err;
}

fallible seen_job_empty(const struct seen_place *place, const struct seen_head *head,
                        struct seen_job **out_job)
{
    struct seen_job *job = mem_alloc(sizeof *job);
    enum err err;

    if (!job)
        return mem_exhausted();
    job->is_read = true;
    err = seen_writer_open(place, head, 0, &job->writer);
    if (err)
        seen_job_close(job);
    else
        *out_job = job;
    return err;
}

/* Of one id in several runs the newest run's entry stands, the others expired before it came. */
static fallible next_merged(struct seen_job *job, struct seen_entry *out_entry, bool *out_more)
{
    struct input *least = NULL;

    for (uint32_t i = 0; i < job->input_count; i++) {
        struct input *input = &job->inputs[i];

        if (input->more && (!least || seen_run_compare(input->entry.id, least->entry.id) <= 0))
            least = input;
    }
    *out_more = least != NULL;
    if (!least)
        return OK;
    *out_entry = least->entry;
    for (uint32_t i = 0; i < job->input_count; i++) {
        struct input *input = &job->inputs[i];

        if (input->more && hash_equals(input->entry.id, out_entry->id))
            TRY(seen_run_cursor_next(&input->cursor, &input->entry, &input->more));
    }
    return OK;
}

static fallible next_entry(struct seen_job *job, struct seen_entry *out_entry, bool *out_more)
{
    if (job->input_count)
        return next_merged(job, out_entry, out_more);
    *out_more = seen_table_cursor_next(&job->table, out_entry);
    return OK;
}

void seen_job_wait(const struct seen_job *job)
{
    seen_writer_wait(job->writer);
}

fallible seen_job_step(struct seen_job *job, uint64_t entries, millis expired,
                       struct seen_run **out_run)
{
    struct seen_entry entry;
    bool more = true, is_done, is_behind;

    *out_run = NULL;
    TRY(seen_writer_is_behind(job->writer, &is_behind));
    if (is_behind)
        return OK;
    for (; entries && !job->is_read; entries--) {
        TRY(next_entry(job, &entry, &more));
        if (!more)
            job->is_read = true;
        else if (entry.received > expired)
            TRY(seen_writer_add(job->writer, &entry));
    }
    if (!job->is_read)
        return OK;
    TRY(seen_writer_finish(job->writer, 1 + entries / SEEN_PAGE_ENTRIES, &is_done));
    if (!is_done)
        return OK;
    return seen_writer_commit(job->writer, out_run);
}
