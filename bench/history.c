/* history.c - writes 90 days of a shop's events for imports, and the same for other engines.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   history [--events N] [--seed N] [--json FILE] [--csv FILE] [--peers FILE] [--persons FILE]
 *
 * N / 50 persons come by a Zipf law (median 13 events, at most about 13,000). Rows stand in the
 * order of their arrival: 2 % are late by up to three days, 1 % have person and millisecond of the
 * row before. A fifth of the persons is anonymous first; their 2nd to 6th event carries both
 * identifiers, later ones either. Each person's first event follows a call that tells her country.
 * Prints one JSON object about what was written. The same options write the same bytes.
 */
#include "history_text.h"
#include "shop.h"

#include "base/mem.h"
#include "sys/file.h"
#include "sys/stream.h"
#include "sys/sys.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FLUSH_AT = 4 << 20, EVENTS_EACH = 50, DAYS = 90, LATE_PERCENT = 2, TIE_PERCENT = 1 };
enum { ROUTES = 5 };

static const millis FIRST = 20458 * MILLIS_DAY; /* 2026-01-05, a Monday */

/* Of a thousand events, in the order of history_name(). */
static const unsigned SHARES[HISTORY_NAMES] = {240, 80, 45, 20, 90, 270, 90, 25, 30, 60, 40, 10};
static const bool HAS_PRODUCT[HISTORY_NAMES] = {
    [0] = true, [1] = true, [3] = true, [7] = true, [8] = true};
enum { NAME_PURCHASE = 3 };

struct output {
    const char *path; /* NULL: not wanted */
    struct file *file;
    struct buf rows;
    uint64_t size;
};

struct history {
    uint64_t events, seed;
    struct output json, csv, peers, persons;
    random_state random;
    uint32_t person_count;
    uint32_t stride; /* scatters the ranks over the persons */
    double knee, spread;
    uint8_t *seen; /* a person's events so far, up to 255 */
    uint8_t names[1000];
    struct history_day day;
    uint64_t late, ties, joined, known;
};

/* Outputs */

static fallible flush(struct output *out)
{
    if (buf_is_broken(&out->rows))
        return mem_exhausted();
    TRY(file_write(out->file, out->size, out->rows.data, out->rows.len));
    out->size += out->rows.len;
    buf_clear(&out->rows);
    return OK;
}

static fallible output_open(struct output *out)
{
    if (!out->path)
        return OK;
    if (!buf_reserve(&out->rows, FLUSH_AT + 2 * HISTORY_ROW_ROOM))
        return mem_exhausted();
    TRY(file_open(sys_real(), out->path, FILE_WRITE | FILE_CREATE, &out->file));
    return file_truncate(out->file, 0);
}

static fallible output_end_row(struct output *out)
{
    return out->rows.len >= FLUSH_AT ? flush(out) : OK;
}

static fallible output_close(struct output *out)
{
    enum err err = out->file ? flush(out) : OK;

    file_close(out->file);
    buf_done(&out->rows);
    return err;
}

/* Persons */

/* What stays the same about a person. */
static uint64_t person_traits(const struct history *history, uint32_t person)
{
    random_state state = {history->seed * 0x9e3779b97f4a7c15ULL + person};

    return random_next(&state);
}

/* Below `bound`, the small ones more often: the share of those below x goes with its root. */
static uint32_t skewed(uint64_t bits, uint32_t bound)
{
    double share = (double)(bits >> 11) / (double)(1ULL << 53);

    return (uint32_t)(share * share * bound);
}

static uint32_t person_country(const struct history *history, uint32_t person)
{
    return skewed(person_traits(history, person) * 0xd6e8feb86659fd93ULL, HISTORY_COUNTRIES);
}

static bool is_joined(uint64_t traits)
{
    return traits % 5 == 0;
}

static bool is_user(uint64_t traits)
{
    return !is_joined(traits) && traits >> 8 & 1;
}

/* Which identifiers the person's next event carries; notes that she had one more. */
static enum history_identity identify(struct history *history, uint32_t person)
{
    uint64_t traits = person_traits(history, person);
    unsigned number = history->seen[person];
    unsigned joins_at = 1 + (unsigned)(traits >> 16) % 5;

    history->seen[person] = (uint8_t)(number < 255 ? number + 1 : 255);
    if (!is_joined(traits))
        return is_user(traits) ? HISTORY_USER : HISTORY_ANONYMOUS;
    if (number < joins_at)
        return HISTORY_ANONYMOUS;
    if (number > joins_at)
        return random_below(&history->random, 10) < 7 ? HISTORY_USER : HISTORY_ANONYMOUS;
    history->joined++;
    return HISTORY_BOTH;
}

/* By a law of Zipf and Mandelbrot with exponent 1, whose knee keeps the most active in bounds. */
static uint32_t pick_person(struct history *history)
{
    double share = (double)(random_next(&history->random) >> 11) / (double)(1ULL << 53);
    double rank = (1 + history->knee) * exp(share * history->spread) - history->knee - 1;
    uint64_t below = rank < 0 ? 0 : (uint64_t)rank;

    if (below >= history->person_count)
        below = history->person_count - 1;
    return (uint32_t)(below * history->stride % history->person_count);
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    return b ? common_divisor(b, a % b) : a;
}

static fallible prepare(struct history *history)
{
    size_t at = 0;

    history->random = (random_state){history->seed};
    history->person_count =
        (uint32_t)(history->events < EVENTS_EACH ? 1 : history->events / EVENTS_EACH);
    history->knee = history->person_count / 2000.0;
    history->spread = log((history->person_count + history->knee + 1) / (1 + history->knee));
    history->stride = (uint32_t)(history->person_count * 0.618) + 1;
    while (common_divisor(history->stride, history->person_count) != 1)
        history->stride++;
    for (unsigned i = 0; i < HISTORY_NAMES; at += SHARES[i++])
        memset(history->names + at, (int)i, SHARES[i]);
    history->day.number = -1;
    history->seen = mem_alloc(history->person_count);
    if (!history->seen)
        return mem_exhausted();
    memset(history->seen, 0, history->person_count);
    TRY(output_open(&history->json));
    TRY(output_open(&history->csv));
    TRY(output_open(&history->peers));
    TRY(output_open(&history->persons));
    if (history->csv.path)
        history_csv_head(&history->csv.rows);
    return OK;
}

/* Events */

static void draw(struct history *history, uint64_t seq, struct history_event *event)
{
    random_state *random = &history->random;
    uint64_t luck = random_below(random, 100);
    uint64_t traits;

    event->seq = seq;
    if (seq && luck < TIE_PERCENT) {
        history->ties++; /* person and time of the row before */
    } else {
        event->person = pick_person(history);
        event->time = FIRST + (millis)(seq * (DAYS * (uint64_t)MILLIS_DAY) / history->events);
        if (luck < TIE_PERCENT + LATE_PERCENT) {
            event->time -= MILLIS_MINUTE + (millis)random_below(random, 3 * MILLIS_DAY);
            event->time = event->time < FIRST ? FIRST : event->time;
            history->late++;
        }
    }
    traits = person_traits(history, event->person);
    event->identity = identify(history, event->person);
    event->name = history->names[random_below(random, 1000)];
    event->product = skewed(random_next(random), HISTORY_PRODUCTS);
    if (!HAS_PRODUCT[event->name])
        event->product = HISTORY_NO_PRODUCT;
    event->source = skewed(random_next(random), SHOP_SOURCES);
    event->campaign = skewed(random_next(random), HISTORY_CAMPAIGNS);
    event->device = random_below(random, 10) ? traits >> 32 & 3 : traits >> 34 & 3;
    event->country = random_below(random, 20) ? person_country(history, event->person)
                                              : skewed(random_next(random), HISTORY_COUNTRIES);
    event->cents = event->name == NAME_PURCHASE ? 500 + (uint32_t)random_below(random, 25000) : 0;
}

static fallible write_person(struct history *history, const struct history_event *event)
{
    uint32_t country = person_country(history, event->person);
    struct buf *rows = &history->persons.rows;

    history->known++;
    if (history->json.path)
        history_json_person(&history->json.rows, &history->day, event, country);
    if (history->csv.path)
        history_csv_person(&history->csv.rows, &history->day, event, country);
    if (!history->persons.path)
        return OK;
    buf_print(rows, "%u,", event->person);
    history_identifier(rows, event->person, is_user(person_traits(history, event->person)));
    buf_print(rows, ",%.*s\n", STR_ARG(history_country(country)));
    return output_end_row(&history->persons);
}

static fallible write_event(struct history *history, const struct history_event *event)
{
    if (history->seen[event->person] == 1)
        TRY(write_person(history, event));
    if (history->json.path) {
        history_json(&history->json.rows, &history->day, event);
        TRY(output_end_row(&history->json));
    }
    if (history->csv.path) {
        history_csv(&history->csv.rows, &history->day, event);
        TRY(output_end_row(&history->csv));
    }
    if (history->peers.path) {
        history_peer(&history->peers.rows, event);
        TRY(output_end_row(&history->peers));
    }
    return OK;
}

static fallible write_all(struct history *history)
{
    struct history_event event = {.person = 0};

    TRY(prepare(history));
    for (uint64_t seq = 0; seq < history->events; seq++) {
        draw(history, seq, &event);
        TRY(write_event(history, &event));
    }
    TRY(output_close(&history->json));
    TRY(output_close(&history->csv));
    TRY(output_close(&history->peers));
    return output_close(&history->persons);
}

/* The command */

static bool read_options(struct history *history, int argc, char **argv)
{
    const struct {
        const char *name;
        uint64_t *number;
        const char **path;
    } options[ROUTES + 1] = {
        {"--events", &history->events, NULL},    {"--seed", &history->seed, NULL},
        {"--json", NULL, &history->json.path},   {"--csv", NULL, &history->csv.path},
        {"--peers", NULL, &history->peers.path}, {"--persons", NULL, &history->persons.path},
    };

    for (int i = 1; i < argc; i += 2) {
        size_t at = 0;

        while (at <= ROUTES && !str_equals(str_of(argv[i]), str_of(options[at].name)))
            at++;
        if (at > ROUTES || i + 1 == argc)
            return false;
        if (options[at].path)
            *options[at].path = argv[i + 1];
        else if (!str_to_u64(str_of(argv[i + 1]), options[at].number))
            return false;
    }
    return history->events && history->events / EVENTS_EACH < 100000000;
}

static fallible tell(const struct history *history)
{
    struct buf out = {0};
    enum err err;

    buf_print(&out,
              "{\"events\":%llu,\"persons\":%llu,\"joined\":%llu,\"late\":%llu,\"ties\":%llu,"
              "\"json_bytes\":%llu,\"csv_bytes\":%llu,\"from\":\"",
              (unsigned long long)history->events, (unsigned long long)history->known,
              (unsigned long long)history->joined, (unsigned long long)history->late,
              (unsigned long long)history->ties, (unsigned long long)history->json.size,
              (unsigned long long)history->csv.size);
    time_write_utc(&out, FIRST);
    buf_add(&out, S("\",\"to\":\""));
    time_write_utc(&out, FIRST + DAYS * MILLIS_DAY);
    buf_add(&out, S("\"}\n"));
    err = stream_write(STREAM_OUT, buf_str(&out));
    buf_done(&out);
    return err;
}

int main(int argc, char **argv)
{
    struct history history = {.events = 50000000, .seed = 1};
    enum err err;

    if (!read_options(&history, argc, argv)) {
        fprintf(stderr, "usage: history [--events N] [--seed N] [--json FILE] [--csv FILE] "
                        "[--peers FILE] [--persons FILE]\n");
        return 2;
    }
    err = write_all(&history);
    if (!err)
        err = tell(&history);
    if (err)
        fprintf(stderr, "history: %s\n", err_text());
    mem_free(history.seen);
    return err ? 1 : 0;
}
