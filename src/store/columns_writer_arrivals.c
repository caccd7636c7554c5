/* columns_writer_arrivals.c - times, sequence numbers and places, which are written when all rows
 * of a section are known.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which place a row has shows only at the end. Until then times and numbers of each stripe wait in
 * memory or, when there are many, in a file beside the one that is written. At the end they are
 * read twice, or more often where there are very many rows: to put times into the order of arrival,
 * part by part, and then to write each stripe's places.
 */
#include "store/columns_writer_int.h"

#include "base/mem.h"
#include "sys/file.h"

#include <string.h>

enum { MOST_IN_MEMORY = 1 << 19, PART = 128 * COLUMNS_SPAN /* rows */ };

static fallible spill(struct columns_writer_waiting *waiting, struct sys *sys)
{
    struct buf *out = &waiting->bytes;

    if (!waiting->file) {
        TRY(file_open(sys, waiting->path, FILE_READ | FILE_WRITE | FILE_CREATE, &waiting->file));
        TRY(file_truncate(waiting->file, 0));
    }
    TRY(file_write(waiting->file, waiting->written, out->data, out->len));
    waiting->written += out->len;
    buf_clear(out);
    return OK;
}

fallible columns_writer_keep_arrivals(struct columns_writer *writer, const uint64_t *times,
                                      const uint64_t *seqs, uint32_t rows)
{
    struct columns_writer_waiting *waiting = &writer->waiting;
    struct columns_writer_wait wait = {.rows = rows,
                                       .pieces = writer->stripe_pieces.len,
                                       .at = waiting->written + waiting->bytes.len};
    struct columns_piece pieces[2] = {{.column = COLUMNS_SEQS}, {.column = COLUMNS_TIMES}};

    TRY(columns_ranks_add(&waiting->ranks, seqs, rows));
    columns_pack_plain(&writer->packer, &waiting->bytes, times, rows);
    columns_pack_plain(&writer->packer, &waiting->bytes, seqs, rows);
    if (buf_is_broken(&waiting->bytes))
        return mem_exhausted();
    wait.bytes = waiting->written + waiting->bytes.len - wait.at;
    columns_writer_put(&waiting->stripes, &wait, sizeof wait);
    columns_writer_put(&writer->stripe_pieces, pieces, sizeof pieces); /* their place */
    writer->head.pieces += 2;
    return waiting->bytes.len < MOST_IN_MEMORY ? OK : spill(waiting, writer->sys);
}

void columns_writer_waiting_done(struct columns_writer_waiting *waiting, struct sys *sys)
{
    if (waiting->file) {
        /* Only to give room back: what ends in .new counts for nothing. */
        enum err err = file_remove(sys, waiting->path);

        (void)err;
    }
    file_close(waiting->file);
    mem_free(waiting->path);
    buf_done(&waiting->bytes);
    buf_done(&waiting->stripes);
    buf_done(&waiting->firsts);
    columns_ranks_done(&waiting->ranks);
    *waiting = (struct columns_writer_waiting){0};
}

/* --- Reading again --- */

/* What is at hand while all that waits is written. */
struct ending {
    struct columns_writer *writer;
    struct columns_unpacker in;
    struct buf stored;
    uint64_t *part;             /* times of rows at places from some place on */
    uint16_t *part_stripes;     /* and their stripes */
    struct columns_span *spans; /* smoothed times of the section */
    char **span_bytes;
    uint32_t span_count;
    uint64_t *times; /* of a stripe */
    uint64_t *seqs;
    uint64_t *spare;
    uint32_t *places;
    uint32_t *rows; /* in order of their places */
};

static const struct columns_section *section_of(const struct ending *ending)
{
    return &ending->writer->waiting.section;
}

static fallible begin(struct ending *ending, struct columns_writer *writer)
{
    const struct columns_writer_wait *waits =
        (const struct columns_writer_wait *)(const void *)writer->waiting.stripes.data;
    const struct columns_section *section = &writer->waiting.section;
    uint64_t part = section->rows < PART ? section->rows : PART;
    size_t most = COLUMNS_SPAN;

    for (uint32_t i = 0; i < section->stripes; i++)
        most = waits[i].rows > most ? waits[i].rows : most;
    *ending = (struct ending){.writer = writer, .span_count = section->spans};
    TRY(columns_unpacker_init(&ending->in));
    ending->part = mem_alloc(part * sizeof *ending->part);
    ending->part_stripes = mem_alloc(part * sizeof *ending->part_stripes);
    ending->spans = mem_alloc(ending->span_count * sizeof *ending->spans);
    ending->span_bytes = mem_alloc(ending->span_count * sizeof *ending->span_bytes);
    ending->times = mem_grow(NULL, most * sizeof *ending->times);
    ending->seqs = mem_grow(NULL, most * sizeof *ending->seqs);
    ending->spare = mem_grow(NULL, most * sizeof *ending->spare);
    ending->places = mem_grow(NULL, most * sizeof *ending->places);
    ending->rows = mem_grow(NULL, most * sizeof *ending->rows);
    return ending->part && ending->part_stripes && ending->spans && ending->span_bytes &&
                   ending->times && ending->seqs && ending->spare && ending->places && ending->rows
               ? OK
               : mem_exhausted();
}

static void end(struct ending *ending)
{
    for (uint32_t i = 0; ending->span_bytes && i < ending->span_count; i++)
        mem_free(ending->span_bytes[i]);
    columns_unpacker_done(&ending->in);
    buf_done(&ending->stored);
    mem_free(ending->part);
    mem_free(ending->part_stripes);
    mem_free(ending->spans);
    mem_free(ending->span_bytes);
    mem_free(ending->times);
    mem_free(ending->seqs);
    mem_free(ending->spare);
    mem_free(ending->places);
    mem_free(ending->rows);
}

/* Times, numbers and places of a stripe that waits. */
static fallible read_again(struct ending *ending, const struct columns_writer_wait *wait)
{
    const struct columns_writer_waiting *waiting = &ending->writer->waiting;
    struct buf *stored = &ending->stored;

    buf_clear(stored);
    if (!buf_reserve(stored, wait->bytes + COLUMNS_PADDING))
        return mem_exhausted();
    if (waiting->file)
        TRY(file_read_all(waiting->file, wait->at, stored->data, wait->bytes));
    else
        memcpy(stored->data, waiting->bytes.data + wait->at, wait->bytes);
    memset(stored->data + wait->bytes, 0, COLUMNS_PADDING);
    ending->in.at = (const uint8_t *)stored->data;
    ending->in.end = ending->in.at + wait->bytes;
    TRY(columns_unpack(&ending->in, ending->times, wait->rows));
    TRY(columns_unpack(&ending->in, ending->seqs, wait->rows));
    columns_ranks_find(&waiting->ranks, ending->seqs, ending->places, wait->rows);
    return OK;
}

static const struct columns_writer_wait *wait_of(const struct ending *ending, uint32_t stripe)
{
    return (const struct columns_writer_wait *)(const void *)ending->writer->waiting.stripes.data +
           stripe;
}

/* --- Spans --- */

static fallible fill_part(struct ending *ending, uint64_t from)
{
    for (uint32_t i = 0; i < section_of(ending)->stripes; i++) {
        const struct columns_writer_wait *wait = wait_of(ending, i);

        TRY(read_again(ending, wait));
        for (uint32_t row = 0; row < wait->rows; row++)
            if (ending->places[row] - from < PART) {
                ending->part[ending->places[row] - from] = ending->times[row];
                ending->part_stripes[ending->places[row] - from] = (uint16_t)i;
            }
    }
    return OK;
}

/* Keeps a span's times for the stripes to compare with. */
static fallible keep_span(struct ending *ending, uint32_t span, struct columns_arrived *arrived)
{
    unsigned width = columns_arrivals_width(arrived);
    char *bytes =
        mem_grow(NULL, columns_arrivals_bytes(arrived->stripe_count, arrived->count, width));

    if (!bytes)
        return mem_exhausted();
    columns_arrivals_fill(arrived, width, bytes);
    ending->span_bytes[span] = bytes;
    ending->spans[span] = columns_arrivals_span(bytes, arrived->stripe_count, width);
    return OK;
}

/* With the stripes, if it is times. */
static fallible write_span(struct ending *ending, int32_t column,
                           const struct columns_arrived *arrived)
{
    struct columns_writer *writer = ending->writer;
    uint64_t at = columns_writer_place(writer);

    if (column == COLUMNS_ARRIVED_TIMES)
        columns_arrivals_pack_stripes(&writer->packer, &writer->out, arrived, ending->spare);
    columns_arrivals_pack(&writer->packer, &writer->out, arrived->items, arrived->count,
                          ending->spare);
    return columns_writer_piece(writer, &writer->last_pieces, column, at);
}

static fallible write_spans(struct ending *ending)
{
    struct columns_writer *writer = ending->writer;
    struct columns_rank_walk walk = {0};

    for (uint32_t i = 0; i < ending->span_count; i++) {
        uint32_t rows = columns_sections_span_rows(section_of(ending), i),
                 at = i % (PART / COLUMNS_SPAN);
        uint64_t *times = ending->part + (size_t)at * COLUMNS_SPAN;
        struct columns_arrived arrived = {times, ending->part_stripes + (size_t)at * COLUMNS_SPAN,
                                          rows, section_of(ending)->stripes, 0};

        if (!at)
            TRY(fill_part(ending, (uint64_t)i * COLUMNS_SPAN));
        columns_arrivals_smooth(times, rows, ending->spare);
        TRY(write_span(ending, COLUMNS_ARRIVED_TIMES, &arrived));
        TRY(keep_span(ending, i, &arrived));
        columns_ranks_next(&writer->waiting.ranks, &walk, ending->seqs, rows);
        arrived.items = ending->seqs;
        TRY(write_span(ending, COLUMNS_ARRIVED_SEQS, &arrived));
    }
    return OK;
}

/* --- Stripes --- */

/* What the spans say of the times of a stripe's rows. */
static void take_smoothed(struct ending *ending, uint32_t stripe)
{
    const uint32_t *in_order = ending->rows;

    for (uint32_t i = 0; i < ending->span_count; i++) {
        columns_arrivals_take(&ending->spans[i], stripe, in_order, ending->spare);
        in_order += columns_arrivals_count(&ending->spans[i], stripe);
    }
}

/* Rows, as they arrived, whose time is not the one of their place, and by how much. */
static void pack_late(struct ending *ending, uint32_t stripe, uint32_t rows)
{
    struct columns_writer *writer = ending->writer;
    uint64_t *gaps = ending->seqs, *off = ending->spare;
    uint32_t count = 0, before = 0;
    bool is_any_ahead = false; /* of its place: then differences are of either sign */

    take_smoothed(ending, stripe);
    for (uint32_t row = 0; row < rows; row++) {
        ending->times[row] = ending->spare[row] - ending->times[row];
        is_any_ahead = is_any_ahead || (int64_t)ending->times[row] < 0;
    }
    for (uint32_t i = 0; i < rows; i++) {
        uint64_t late_by = ending->times[ending->rows[i]];

        if (late_by) {
            gaps[count] = i - before;
            off[count++] = is_any_ahead ? columns_format_zigzag((int64_t)late_by) : late_by;
            before = i;
        }
    }
    columns_pack_number(&writer->out, count);
    columns_pack_number(&writer->out, is_any_ahead);
    columns_pack(&writer->packer, &writer->out, gaps, count);
    columns_pack(&writer->packer, &writer->out, off, count);
}

/* Ends the piece that begins at `at` and whose entry waits at `entry` of the stripes' pieces. */
static fallible end_piece(struct columns_writer *writer, int32_t column, uint64_t at, size_t entry)
{
    struct buf piece = {0};
    enum err err = columns_writer_piece(writer, &piece, column, at);

    writer->head.pieces--; /* its place was counted */
    if (!err && buf_is_broken(&piece))
        err = mem_exhausted();
    if (!err)
        memcpy(writer->stripe_pieces.data + entry, piece.data, piece.len);
    buf_done(&piece);
    return err;
}

static fallible write_stripes(struct ending *ending)
{
    struct columns_writer *writer = ending->writer;
    const uint32_t *firsts = (const uint32_t *)(const void *)writer->waiting.firsts.data;

    const struct columns_stripe_entry *entry =
        (const struct columns_stripe_entry *)(const void *)writer->stripe_entries.data +
        section_of(ending)->first_stripe;

    for (uint32_t i = 0; i < section_of(ending)->stripes; i++, entry++) {
        const struct columns_writer_wait *wait = wait_of(ending, i);
        struct columns_places of = {firsts, entry->stripe.persons};
        uint64_t at = columns_writer_place(writer);

        TRY(read_again(ending, wait));
        columns_places_order(ending->places, wait->rows, ending->seqs, ending->spare, ending->rows);
        columns_places_pack(&writer->out, &of, ending->rows);
        TRY(end_piece(writer, COLUMNS_SEQS, at, wait->pieces));
        at = columns_writer_place(writer);
        pack_late(ending, i, wait->rows);
        TRY(end_piece(writer, COLUMNS_TIMES, at, wait->pieces + sizeof(struct columns_piece)));
        firsts += entry->stripe.persons + 1;
    }
    return OK;
}

static fallible write_all(struct columns_writer *writer)
{
    struct ending ending;
    enum err err = begin(&ending, writer);

    if (!err)
        err = write_spans(&ending);
    if (!err)
        err = write_stripes(&ending);
    end(&ending);
    return err;
}

fallible columns_writer_arrivals(struct columns_writer *writer)
{
    struct columns_writer_waiting *waiting = &writer->waiting;

    if (buf_is_broken(&waiting->stripes) || buf_is_broken(&waiting->firsts) ||
        buf_is_broken(&writer->stripe_pieces) || buf_is_broken(&writer->stripe_entries))
        return mem_exhausted();
    if (writer->head.stripes > COLUMNS_MOST_STRIPES)
        return fail(ERR_LIMIT, "over %d stripes in a columns file", COLUMNS_MOST_STRIPES);
    if (columns_ranks_count(&waiting->ranks) != waiting->section.rows)
        return fail(ERR_INVALID, "two rows have the same sequence number");
    if (waiting->file)
        TRY(spill(waiting, writer->sys));
    TRY(write_all(writer));
    buf_clear(&waiting->bytes);
    buf_clear(&waiting->stripes);
    buf_clear(&waiting->firsts);
    columns_ranks_done(&waiting->ranks);
    if (!waiting->file)
        return OK;
    TRY(file_remove(writer->sys, waiting->path));
    file_close(waiting->file);
    waiting->file = NULL;
    waiting->written = 0;
    return OK;
}

fallible columns_writer_enter_section(struct columns_writer *writer, uint32_t rows)
{
    struct columns_section section = writer->waiting.section;

    if (columns_sections_add(&section, writer->head.section_rows, rows))
        TRY(columns_writer_arrivals(writer));
    writer->waiting.section = section;
    return OK;
}
