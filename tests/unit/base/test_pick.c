/* test_pick.c - what is picked, by any processor and by this one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/pick.h"
#include "support/test.h"

#include <string.h>

enum { MOST_ROWS = 200, BEYOND = 64, ROUNDS = 300 };

struct sample {
    uint32_t rows;
    uint64_t bits[MOST_ROWS / 64 + 1];
    uint8_t table[PICK_KINDS];
    uint8_t bytes[MOST_ROWS + BEYOND];
    uint16_t shorts[MOST_ROWS + BEYOND];
    uint32_t words[MOST_ROWS + BEYOND];
    int64_t longs[MOST_ROWS + BEYOND];
};

struct picked {
    uint64_t found[MOST_ROWS / 64 + 1];
    uint64_t below[MOST_ROWS / 64 + 1];
    uint64_t others[MOST_ROWS / 64 + 1];
    uint64_t changes[MOST_ROWS / 64 + 1];
    uint8_t blanked[MOST_ROWS + PICK_BYTES_SLACK];
    int64_t longs[MOST_ROWS + PICK_SLACK];
    uint32_t codes[3][MOST_ROWS + PICK_SLACK];
    uint32_t counts[4];
};

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 20;
}

static void make_sample(uint64_t *state, struct sample *out)
{
    *out = (struct sample){.rows = (uint32_t)(next(state) % (MOST_ROWS + 1))};
    for (uint32_t row = 0; row < out->rows; row++) {
        out->bits[row / 64] |= (next(state) & 1) << row % 64;
        out->bytes[row] = (uint8_t)next(state);
        out->shorts[row] = (uint16_t)(next(state) & 0x1fff);
        out->words[row] = (uint32_t)next(state);
        out->longs[row] = (int64_t)next(state) - (INT64_C(1) << 43);
        if (row && next(state) % 3 == 0)
            out->bytes[row] = out->bytes[row - 1];
        if (next(state) % 4 == 0)
            out->bytes[row] = 0, out->shorts[row] = 0, out->words[row] = 0;
    }
    for (uint32_t i = 0; i < PICK_KINDS; i++)
        out->table[i] = (uint8_t)(next(state) & 1);
}

static void run(const struct pick *pick, const struct sample *sample, struct picked *out)
{
    struct pick_codes codes[] = {
        {sample->bytes, 1, 7}, {sample->shorts, 2, 1u << 30}, {sample->words, 4, 0}};

    pick->find(sample->bytes, sample->rows, sample->table, out->found);
    pick->below(sample->longs, sample->rows, 0, out->below);
    pick->others(sample->bytes, sample->rows, 0, out->others);
    pick->changes(sample->bytes, sample->rows, out->changes);
    pick->blank(sample->bytes, sample->rows, sample->bits, out->blanked);
    out->counts[3] = pick->longs(sample->bits, sample->rows, sample->longs, out->longs);
    for (uint32_t i = 0; i < 3; i++)
        out->counts[i] = pick->codes(sample->bits, sample->rows, &codes[i], out->codes[i]);
}

static void check_rows(const struct sample *sample, const struct picked *picked)
{
    uint32_t count = 0;

    for (uint32_t row = 0; row < sample->rows; row++) {
        CHECK_INT(picked->found[row / 64] >> row % 64 & 1, sample->table[sample->bytes[row]] != 0);
        CHECK_INT(picked->below[row / 64] >> row % 64 & 1, sample->longs[row] < 0);
        CHECK_INT(picked->others[row / 64] >> row % 64 & 1, sample->bytes[row] != 0);
        CHECK_INT(picked->changes[row / 64] >> row % 64 & 1,
                  !row || sample->bytes[row] != sample->bytes[row - 1]);
        CHECK_INT(picked->blanked[row],
                  sample->bits[row / 64] >> row % 64 & 1 ? PICK_BLANK : sample->bytes[row]);
        if (!(sample->bits[row / 64] >> row % 64 & 1))
            continue;
        CHECK_INT(picked->longs[count], sample->longs[row]);
        CHECK_INT(picked->codes[0][count], sample->bytes[row] ? sample->bytes[row] + 7u : 0);
        CHECK_INT(picked->codes[1][count],
                  sample->shorts[row] ? sample->shorts[row] + (1u << 30) : 0);
        CHECK_INT(picked->codes[2][count], sample->words[row]);
        count++;
    }
    for (uint32_t i = 0; i < 4; i++)
        CHECK_INT(picked->counts[i], count);
}

TEST(picking_gives_what_a_loop_over_the_rows_would)
{
    struct sample *sample = arena_take(test_mem, sizeof *sample);
    struct picked *picked = arena_take(test_mem, sizeof *picked);
    uint64_t state = 1;

    CHECK(sample && picked);
    for (int i = 0; i < ROUNDS; i++) {
        make_sample(&state, sample);
        run(pick_plain(), sample, picked);
        check_rows(sample, picked);
        memset(picked, 0xee, sizeof *picked);
        run(pick_best(), sample, picked);
        check_rows(sample, picked);
    }
}

TEST(picking_takes_every_row_and_finds_none_behind_the_last)
{
    struct sample *sample = arena_take(test_mem, sizeof *sample);
    struct picked *picked = arena_take(test_mem, sizeof *picked);
    uint64_t state = 2;

    CHECK(sample && picked);
    make_sample(&state, sample);
    sample->rows = 70;
    sample->bits[0] = ~UINT64_C(0);
    sample->bits[1] = 0x3f;
    memset(sample->table, 1, sizeof sample->table);
    memset(sample->longs, 0xff, sizeof sample->longs);
    run(pick_best(), sample, picked);
    CHECK(picked->found[0] == ~UINT64_C(0) && picked->found[1] == 0x3f);
    CHECK(picked->below[0] == ~UINT64_C(0) && picked->below[1] == 0x3f);
    for (uint32_t row = 0; row < 70; row++)
        CHECK_INT(picked->codes[0][row], sample->bytes[row] ? sample->bytes[row] + 7u : 0);
}
