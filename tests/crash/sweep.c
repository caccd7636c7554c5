/* sweep.c - power goes at every operation, and what survives is decided in every way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/hash.h"
#include "base/random.h"
#include "crash/crash.h"

#include <stdio.h>

static const char *const loss_names[] = {
    [SIM_CLEAN] = "clean", [SIM_KEPT] = "kept", [SIM_TORN] = "torn", [SIM_REORDERED] = "reordered"};

enum { LOSSES = 4, MOST_LIFE = 200 };

struct point {
    uint64_t seed;
    uint64_t operation; /* behind the opening of the new workspace */
    enum sim_loss loss;
};

static uint64_t drawn(const struct point *point, uint64_t about, uint64_t bound)
{
    uint64_t key[4] = {point->seed, point->operation, point->loss, about};
    random_state chance = {hash_checksum(key, sizeof key)};

    return random_below(&chance, bound);
}

/* Loses power; in a quarter of the points once more while recovering from it. */
static bool recover(struct drive *drive, const struct point *point)
{
    struct sys *sys = drive->world.sys;

    world_shut(&drive->world);
    sim_lose_power(sys, point->loss, drawn(point, 1, UINT64_MAX));
    if (drawn(point, 2, 4) == 0) {
        sim_stop_at(sys, sim_operations(sys) + 1 + drawn(point, 3, 60));
        (void)(world_open(&drive->world) == OK);
        world_shut(&drive->world);
        sim_lose_power(sys, (enum sim_loss)drawn(point, 4, LOSSES), drawn(point, 5, UINT64_MAX));
    }
    if (world_open(&drive->world) != OK)
        return drive_fails(drive, "it does not open after the loss of power");
    return true;
}

static bool survive(struct drive *drive, const struct point *point)
{
    if (!recover(drive, point) || !drive_agrees(drive))
        return false;
    if (drive_resend(drive) != OK)
        return drive_fails(drive, "what was sent again ended the work");
    if (drive->waiting)
        return drive_fails(drive, "what was sent again was refused");
    return drive_agrees(drive) && drive_is_sound(drive);
}

static bool run_point(struct drive *drive, const struct plan *plan, const struct point *point)
{
    enum err err = OK;

    if (!drive_open(drive, plan, point->seed + point->operation))
        return false;
    sim_stop_at(drive->world.sys, sim_operations(drive->world.sys) + point->operation);
    while (!err && drive->next < plan->step_count)
        err = drive_step(drive);
    if (!sim_is_stopped(drive->world.sys) && err)
        return drive_fails(drive, "the work ended by itself");
    if (sim_is_stopped(drive->world.sys) && drive->trouble.len)
        return false;
    return survive(drive, point);
}

/* Operations of an undisturbed life. */
static uint64_t measure(const struct plan *plan, uint64_t seed)
{
    struct drive drive;
    uint64_t before, after = 0;

    if (drive_open(&drive, plan, seed)) {
        before = sim_operations(drive.world.sys);
        while (drive.next < plan->step_count && drive_step(&drive) == OK)
            ;
        after = sim_operations(drive.world.sys) - before;
    }
    drive_close(&drive);
    return after;
}

static void run_seed(struct crash_run *run, uint64_t seed, uint64_t points)
{
    struct plan *plan = plan_open(seed, CRASH_STEPS);
    uint64_t life = measure(plan, seed);

    for (uint64_t i = 0; i < points; i++) {
        uint64_t at = (uint64_t)((unsigned __int128)i * life * LOSSES / points);
        struct point point = {seed, 1 + at / LOSSES, (enum sim_loss)(at % LOSSES)};
        struct drive drive;
        char about[64];

        snprintf(about, sizeof about, "power lost (%s) at operation %llu of %llu",
                 loss_names[point.loss], (unsigned long long)point.operation,
                 (unsigned long long)life);
        crash_result(run, run_point(&drive, plan, &point), about, seed, &drive);
        drive_close(&drive);
    }
    plan_close(plan);
}

void crash_sweep(struct crash_run *run)
{
    uint64_t seeds = 1 + (run->points - 1) / 2000;

    if (seeds == 1 && run->points > 1)
        seeds = 2;
    for (uint64_t i = 0; i < seeds; i++)
        run_seed(run, run->seed + i, run->points / seeds + (i < run->points % seeds));
}
