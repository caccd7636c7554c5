/* flips.c - single bits flip in what is live on the disk: the checks tell, and nothing wrong is
 * read.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every other disk was left by a loss of power and not recovered yet.
 */
#include "base/mem.h"
#include "base/random.h"
#include "crash/answers.h"
#include "crash/crash.h"
#include "sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATES = 10, MOST_FILES = 256, KEYS_HEAD = 32, KEY_SLOT = 40 };

/* A disk that can be made again and again, and the bytes on it that count. */
struct state {
    uint64_t seed;
    uint64_t stop; /* operation behind the opening; 0: a clean stop */
    struct plan *plan;
    struct live_file {
        char path[128];
        uint64_t bytes;
    } files[MOST_FILES];
    size_t file_count;
    uint64_t bytes;
    unsigned events;
};

static bool make(struct drive *drive, const struct state *state)
{
    enum err err = OK;

    if (!drive_open(drive, state->plan, state->seed))
        return false;
    if (state->stop)
        sim_stop_at(drive->world.sys, sim_operations(drive->world.sys) + state->stop);
    while (!err && drive->next < state->plan->step_count)
        err = drive_step(drive);
    world_shut(&drive->world);
    if (state->stop)
        sim_lose_power(drive->world.sys, SIM_TORN, state->seed);
    return true;
}

static void note(void *argument, const char *sentence)
{
    struct drive *drive = argument;

    buf_print(&drive->trouble, "%s; ", sentence);
}

/* How far the file is in use: behind the last byte that is not zero. */
static uint64_t used_bytes(struct drive *drive, const char *path, uint64_t size)
{
    struct arena *mem = arena_open(size + 4096);
    str content = {NULL, 0};

    if (!mem || file_load(drive->world.sys, path, size, mem, &content) != OK)
        abort();
    while (content.len && content.data[content.len - 1] == 0)
        content.len--;
    arena_close(mem);
    return (content.len + 7) / 8 * 8;
}

static void add_file(struct state *state, str path, uint64_t bytes)
{
    struct live_file *file = &state->files[state->file_count++];

    if (state->file_count > MOST_FILES || path.len >= sizeof file->path)
        abort();
    memcpy(file->path, path.data, path.len);
    file->path[path.len] = 0;
    file->bytes = bytes;
    state->bytes += bytes;
}

/* Takes the files that were there `before` and are left once the state was recovered. */
static void list_files(struct state *state, struct drive *drive, str before, uint64_t log_bytes,
                       node_id nodes)
{
    struct buf list = {0};
    str rest;

    sim_list(drive->world.sys, &list);
    rest = buf_str(&list);
    while (rest.len) {
        str line = str_cut(&rest, '\n'), whole = line, path = str_cut(&line, ' ');
        char text[128];
        uint64_t size;

        if (!str_to_u64(line, &size) || path.len >= sizeof text)
            abort();
        memcpy(text, path.data, path.len);
        text[path.len] = 0;
        if (str_starts(path, S(WORLD_LOG "/"))) {
            size = used_bytes(drive, text, size);
            size = size < log_bytes ? size : log_bytes;
            log_bytes -= size;
        } else if (str_ends(path, S("/nodes.keys"))) {
            size = KEYS_HEAD + (uint64_t)nodes * KEY_SLOT;
        } else if (!str_contains(before, whole) ||
                   (!str_starts(path, S(WORLD_SEEN "/")) &&
                    !str_starts(path, S(WORLD_COLUMNS "/")) && !str_ends(path, S("/secret")))) {
            continue;
        }
        if (size)
            add_file(state, path, size);
    }
    buf_done(&list);
}

static bool measure(struct state *state)
{
    struct log_check check;
    struct log_config config;
    struct buf before = {0};
    struct drive drive;
    bool is_good = make(&drive, state);

    sim_list(drive.world.sys, &before);
    is_good = is_good && world_open_log(&drive.world) == OK;
    world_shut(&drive.world);
    if (is_good && vault_open(drive.world.sys, WORLD_KEYS, false, &drive.world.vault) == OK) {
        config = world_log_config(&drive.world);
        is_good = log_check(&config, false, note, &drive, &check) == OK && !check.damages;
        world_shut(&drive.world);
    }
    is_good = is_good && world_open(&drive.world) == OK &&
              oracle_trusts(drive.oracle, &drive.world, &drive.trouble, &state->events);
    world_shut(&drive.world);
    if (is_good)
        list_files(state, &drive, buf_str(&before), check.bytes, check.nodes);
    buf_done(&before);
    drive_close(&drive);
    return is_good;
}

static bool flip(struct drive *drive, const struct state *state, random_state *chance, char *about,
                 size_t about_size)
{
    uint64_t at = random_below(chance, state->bytes);
    const struct live_file *file = state->files;

    while (at >= file->bytes)
        at -= file++->bytes;
    snprintf(about, about_size, "%s stop, bit flipped in byte %llu of %.100s",
             state->stop ? "unclean" : "clean", (unsigned long long)at, file->path);
    return sim_flip(drive->world.sys, file->path, at, (unsigned)random_below(chance, 8)) == OK;
}

static bool reads_nothing_wrong(struct drive *drive, const struct state *state)
{
    unsigned events;
    bool is_open = world_open(&drive->world) == OK;

    if (!is_open)
        return true;
    if (!oracle_trusts(drive->oracle, &drive->world, &drive->trouble, &events))
        return false;
    if (events < state->events) { /* then the reader must have ended with an error */
        struct log_reader *reader;
        struct log_record record;
        enum err err;

        if (log_reader_open(drive->world.log, 1, LOG_PLAIN, &reader) != OK)
            return true;
        while ((err = log_reader_next(reader, &record)) == OK)
            ;
        log_reader_close(reader);
        if (err == ERR_ABSENT)
            return drive_fails(drive, "events are missing without a word");
    }
    if (!answers_trust(&drive->world, &drive->trouble))
        return false;
    if (drive_resend(drive) != OK)
        return true;
    return oracle_trusts(drive->oracle, &drive->world, &drive->trouble, &events) &&
           answers_trust(&drive->world, &drive->trouble);
}

static bool run_flip(struct drive *drive, const struct state *state, random_state *chance,
                     char *about, size_t about_size)
{
    uint64_t damages;

    if (!make(drive, state))
        return false;
    if (world_check(&drive->world, note, drive, &damages) != OK || damages)
        return drive_fails(drive, "damage is reported where there is none");
    if (!flip(drive, state, chance, about, about_size))
        return drive_fails(drive, "no such byte");
    if (world_check(&drive->world, note, drive, &damages) != OK)
        return drive_fails(drive, "the checks could not run");
    if (!damages)
        return drive_fails(drive, "the checks do not see it");
    buf_clear(&drive->trouble);
    return reads_nothing_wrong(drive, state);
}

void crash_flips(struct crash_run *run)
{
    struct state *states = calloc(STATES, sizeof *states);
    random_state chance = {run->seed};

    if (!states)
        abort();
    for (unsigned i = 0; i < STATES; i++) {
        states[i].seed = run->seed + i / 2;
        states[i].stop = i % 2 ? 100 + random_below(&chance, 400) : 0;
        states[i].plan = plan_open(states[i].seed, CRASH_STEPS);
        if (!measure(&states[i]))
            abort();
    }
    for (uint64_t i = 0; i < run->points; i++) {
        const struct state *state = &states[i % STATES];
        struct drive drive;
        char about[256] = "before the flip";
        bool is_good = run_flip(&drive, state, &chance, about, sizeof about);

        crash_result(run, is_good, about, state->seed, &drive);
        drive_close(&drive);
    }
    for (unsigned i = 0; i < STATES; i++)
        plan_close(states[i].plan);
    free(states);
}
