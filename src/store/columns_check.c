/* columns_check.c - reads everything in a columns file and compares it with what its parts say of
 * each other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_int.h"

#include "base/mem.h"

enum { CACHE = 64 << 20 }; /* beside spans, which each stripe needs */

struct check {
    struct columns *columns;
    void (*report)(void *, const char *);
    void *argument;
    uint64_t damages;
    millis first_time; /* of all rows */
    millis last_time;
    bool has_rows;
};

/* Damage is told and goes by; what else fails ends the check. */
static fallible note(struct check *check, enum err err)
{
    if (err != ERR_CORRUPT)
        return err;
    check->damages++;
    check->report(check->argument, err_text());
    return OK;
}

static fallible note_stripe(struct check *check, uint32_t stripe, const char *what)
{
    return note(check, fail(ERR_CORRUPT, "%s is damaged in stripe %u: %s", check->columns->path,
                            stripe, what));
}

/* Blocks of a stripe that the order of rows is told from. */
struct order {
    struct columns_block first, times, seqs;
};

static const char *find_disorder(struct check *check, const struct columns_stripe *stripe,
                                 const struct order *order)
{
    const struct columns_about *about = columns_about(check->columns);
    const millis *times = order->times.data;
    const uint64_t *seqs = order->seqs.data;
    const uint32_t *first = order->first.data;
    millis least = times[0], most = times[0];

    for (uint32_t i = 0; i < stripe->persons; i++)
        for (uint32_t row = first[i]; row < first[i + 1]; row++) {
            least = times[row] < least ? times[row] : least;
            most = times[row] > most ? times[row] : most;
            if (seqs[row] < about->first_seq || seqs[row] >= about->next_seq)
                return "a sequence number lies outside of the file's span";
            if (row > first[i] && (times[row] < times[row - 1] ||
                                   (times[row] == times[row - 1] && seqs[row] <= seqs[row - 1])))
                return "rows of a person are out of order";
        }
    if (!check->has_rows || least < check->first_time)
        check->first_time = least;
    if (!check->has_rows || most > check->last_time)
        check->last_time = most;
    check->has_rows = true;
    return least == stripe->first_time && most == stripe->last_time
               ? NULL
               : "the directory has other times for it";
}

static fallible hold_order(struct columns *columns, uint32_t stripe, struct order *out)
{
    TRY(columns_hold(columns, stripe, COLUMNS_FIRST, &out->first));
    TRY(columns_hold(columns, stripe, COLUMNS_TIMES, &out->times));
    return columns_hold(columns, stripe, COLUMNS_SEQS, &out->seqs);
}

static fallible check_order(struct check *check, uint32_t stripe)
{
    struct columns *columns = check->columns;
    struct order order = {0};
    const char *disorder = NULL;
    enum err err = hold_order(columns, stripe, &order);

    if (!err)
        disorder = find_disorder(check, columns_stripe(columns, stripe), &order);
    columns_release(columns, &order.first);
    columns_release(columns, &order.times);
    columns_release(columns, &order.seqs);
    if (err)
        return err == ERR_CORRUPT ? OK : err; /* told already, with the block */
    return disorder ? note_stripe(check, stripe, disorder) : OK;
}

static fallible check_stripe(struct check *check, uint32_t stripe)
{
    struct columns *columns = check->columns;

    for (uint32_t i = columns->first_piece[stripe]; i < columns->first_piece[stripe + 1]; i++) {
        struct columns_block block = {0};
        enum err err = columns_hold(columns, stripe, columns->pieces[i].column, &block);

        columns_release(columns, &block);
        TRY(note(check, err));
    }
    return check_order(check, stripe);
}

static fallible check_whole(struct check *check)
{
    const struct columns *columns = check->columns;
    const struct columns_about *about = &columns->about;
    size_t pieces =
        (size_t)(columns_dictionary_pieces(columns) - columns->pieces) + about->properties;
    uint64_t bytes = sizeof(struct columns_head);

    for (size_t i = 0; i < pieces; i++)
        bytes += columns->pieces[i].bytes;
    if (bytes != columns->directory_at)
        TRY(note(check,
                 fail(ERR_CORRUPT, "%s is damaged: its blocks do not fill it", columns->path)));
    if (!check->damages &&
        (about->first_time != check->first_time || about->last_time != check->last_time))
        TRY(note(check,
                 fail(ERR_CORRUPT, "%s is damaged: its head has other times", columns->path)));
    return OK;
}

static fallible check_all(struct check *check)
{
    const struct columns_about *about = columns_about(check->columns);

    for (uint32_t i = 0; i < about->stripes; i++)
        TRY(check_stripe(check, i));
    for (uint32_t i = 0; i < about->properties; i++) {
        const struct columns_value *values;
        uint32_t count;

        TRY(note(check, columns_dictionary(check->columns, i, &values, &count)));
    }
    return check_whole(check);
}

fallible columns_check(struct sys *sys, const char *path,
                       const unsigned char workspace[COLUMNS_WORKSPACE],
                       void (*report)(void *, const char *), void *argument)
{
    struct check check = {.report = report, .argument = argument};
    struct columns_cache *cache;
    enum err err;

    TRY(columns_cache_open(CACHE, &cache));
    err = columns_open(sys, path, workspace, cache, &check.columns);
    if (err == ERR_CORRUPT)
        report(argument, err_text());
    if (!err) {
        columns_cache_widen(cache, columns_span_bytes(check.columns));
        err = check_all(&check);
    }
    columns_close(check.columns);
    columns_cache_close(cache);
    if (!err && check.damages)
        err = fail(ERR_CORRUPT, "%s is damaged in %llu places", path,
                   (unsigned long long)check.damages);
    return err;
}
