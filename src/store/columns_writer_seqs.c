/* columns_writer_seqs.c - sequence numbers, which are written when all rows are known.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where knots lie shows only at the end. Until then times and numbers of each stripe wait in memory
 * or, when there are many, in a file beside the one that is written.
 */
#include "store/columns_writer_int.h"

#include "base/mem.h"
#include "sys/file.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_IN_MEMORY = 1 << 19, MEDIAN_OF = 5 };

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

/* Rows whose numbers are the multiples tell where knots may be. */
static void take_samples(struct columns_writer *writer, const uint64_t *times, const uint64_t *seqs,
                         uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++)
        if (seqs[i] % COLUMNS_KNOT_ROWS == 0) {
            struct columns_knot sample = {.time = times[i], .seq = seqs[i]};

            columns_writer_put(&writer->waiting.samples, &sample, sizeof sample);
        }
}

fallible columns_writer_keep_seqs(struct columns_writer *writer, const uint64_t *times,
                                  const uint64_t *seqs, uint32_t rows)
{
    struct columns_writer_waiting *waiting = &writer->waiting;
    struct columns_writer_wait wait = {.piece = writer->stripe_pieces.len,
                                       .rows = rows,
                                       .at = waiting->written + waiting->bytes.len};
    struct columns_piece piece = {.column = COLUMNS_SEQS};

    take_samples(writer, times, seqs, rows);
    columns_pack_plain(&writer->packer, &waiting->bytes, times, rows);
    columns_pack_plain(&writer->packer, &waiting->bytes, seqs, rows);
    if (buf_is_broken(&waiting->bytes) || buf_is_broken(&waiting->samples))
        return mem_exhausted();
    wait.bytes = waiting->written + waiting->bytes.len - wait.at;
    columns_writer_put(&waiting->stripes, &wait, sizeof wait);
    columns_writer_put(&writer->stripe_pieces, &piece, sizeof piece); /* its place */
    writer->head.pieces++;
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
    buf_done(&waiting->samples);
    buf_done(&waiting->stripes);
    *waiting = (struct columns_writer_waiting){0};
}

/* --- Knots --- */

static int compare_samples(const void *a, const void *b)
{
    const struct columns_knot *x = a, *y = b;

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* The median of the samples around: of samples in order it is the sample itself, and one that came
 * late, or ahead of its time, is not believed. */
static uint64_t median_around(const struct columns_knot *samples, uint32_t count, uint32_t at)
{
    uint32_t from = at < MEDIAN_OF / 2 ? 0 : at - MEDIAN_OF / 2;
    uint64_t sorted[MEDIAN_OF];
    uint32_t used = 0;

    if (from + MEDIAN_OF > count)
        from = count < MEDIAN_OF ? 0 : count - MEDIAN_OF;
    for (uint32_t i = from; i < count && used < MEDIAN_OF; i++) {
        uint32_t place = used++;

        for (; place > 0 && sorted[place - 1] > samples[i].time; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = samples[i].time;
    }
    return sorted[used / 2];
}

static fallible make_knots(struct columns_writer *writer, struct columns_knots *out_knots)
{
    struct buf *bytes = &writer->waiting.samples;
    struct columns_knot *samples = (struct columns_knot *)(void *)bytes->data, *list;
    uint32_t count = (uint32_t)(bytes->len / sizeof *samples);

    list = mem_alloc(count * sizeof *list);
    if (!list)
        return mem_exhausted();
    if (count)
        qsort(samples, count, sizeof *samples, compare_samples);
    for (uint32_t i = 0; i < count; i++)
        samples[i].time -= (uint64_t)writer->head.first_time;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t time = median_around(samples, count, i);

        list[i].time = i && list[i - 1].time > time ? list[i - 1].time : time;
        list[i].seq = samples[i].seq;
    }
    buf_done(bytes);
    return columns_knots_init(out_knots, list, count);
}

/* --- Blocks --- */

static fallible unpack_waiting(struct columns_writer *writer,
                               const struct columns_writer_wait *wait, struct columns_unpacker *in)
{
    const struct columns_writer_waiting *waiting = &writer->waiting;
    struct buf chunk = {0};
    enum err err = OK;

    if (!buf_reserve(&chunk, wait->bytes + COLUMNS_PADDING))
        return mem_exhausted();
    if (waiting->file)
        err = file_read_all(waiting->file, wait->at, chunk.data, wait->bytes);
    else
        memcpy(chunk.data, waiting->bytes.data + wait->at, wait->bytes);
    memset(chunk.data + wait->bytes, 0, COLUMNS_PADDING);
    in->at = (const uint8_t *)chunk.data;
    in->end = in->at + wait->bytes;
    if (!err)
        err = columns_unpack(in, writer->one, wait->rows);
    if (!err)
        err = columns_unpack(in, writer->other, wait->rows);
    buf_done(&chunk);
    return err;
}

/* Writes how far the numbers in `other` are from what the knots tell for the times in `one`, or the
 * numbers as they are. */
static void pack_seqs(struct columns_writer *writer, const struct columns_knots *knots,
                      uint32_t rows)
{
    struct buf *out = &writer->out;
    size_t start = out->len, plain;

    columns_pack_number(out, COLUMNS_SEQS_PLAIN);
    columns_pack(&writer->packer, out, writer->other, rows);
    plain = out->len - start;
    columns_knots_predict(knots, writer->one, (uint64_t)writer->head.first_time, writer->one, rows);
    for (uint32_t i = 0; i < rows; i++)
        writer->one[i] = columns_format_zigzag((int64_t)(writer->other[i] - writer->one[i]));
    start = out->len;
    columns_pack_number(out, COLUMNS_SEQS_BY_TIME);
    columns_pack(&writer->packer, out, writer->one, rows);
    columns_writer_choose(out, start - plain, start);
}

static fallible write_blocks(struct columns_writer *writer, const struct columns_knots *knots,
                             struct columns_unpacker *in)
{
    const struct buf *stripes = &writer->waiting.stripes;
    struct buf piece = {0};

    for (size_t i = 0; i < stripes->len; i += sizeof(struct columns_writer_wait)) {
        struct columns_writer_wait wait;
        uint64_t at = columns_writer_place(writer);
        enum err err;

        memcpy(&wait, stripes->data + i, sizeof wait);
        TRY(unpack_waiting(writer, &wait, in));
        pack_seqs(writer, knots, wait.rows);
        buf_clear(&piece);
        err = columns_writer_piece(writer, &piece, COLUMNS_SEQS, at);
        writer->head.pieces--; /* its place was counted */
        if (!err && buf_is_broken(&piece))
            err = mem_exhausted();
        if (!err)
            memcpy(writer->stripe_pieces.data + wait.piece, piece.data, piece.len);
        buf_done(&piece);
        TRY(err);
    }
    return OK;
}

static fallible write_knots(struct columns_writer *writer, const struct columns_knots *knots)
{
    uint64_t at = columns_writer_place(writer);

    TRY(columns_knots_pack(knots, &writer->packer, &writer->out));
    return columns_writer_piece(writer, &writer->last_pieces, COLUMNS_KNOTS, at);
}

fallible columns_writer_seqs(struct columns_writer *writer)
{
    struct columns_unpacker in;
    struct columns_knots knots;
    enum err err;

    if (buf_is_broken(&writer->waiting.stripes) || buf_is_broken(&writer->stripe_pieces))
        return mem_exhausted();
    if (writer->waiting.file)
        TRY(spill(&writer->waiting, writer->sys));
    TRY(columns_unpacker_init(&in));
    err = make_knots(writer, &knots);
    if (!err) {
        err = write_knots(writer, &knots);
        if (!err)
            err = write_blocks(writer, &knots, &in);
        columns_knots_done(&knots);
    }
    columns_unpacker_done(&in);
    if (!err && writer->waiting.file) {
        err = file_remove(writer->sys, writer->waiting.path);
        if (!err) {
            file_close(writer->waiting.file);
            writer->waiting.file = NULL;
        }
    }
    return err;
}
