/* faults.c - every call that can fail does so once, and the process lives or stops as it must.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * EINTR and a short transfer go unnoticed. Without room or memory a request is refused, and the
 * same request goes through later. A failed read is the error of one request or of the start; a
 * failed write or sync ends the process, which starts again on the same page cache, works on, and
 * only then loses power: the trap in which what was never written looks whole.
 *
 * Calls are met at even distances. The few that make another chunk of keys all fail, several times,
 * since the disk may lose what a failed sync left or keep it; and then the power goes before
 * another start, which writes the keys near those in use once more.
 */
#include "base/mem.h"
#include "crash/crash.h"

#include <stdio.h>

enum { MOST_REFUSALS = 3, ALLOCATION = 4, DRAWS = 8 };

static const char *const fault_names[] = {[SIM_EIO] = "EIO",
                                          [SIM_ENOSPC] = "ENOSPC",
                                          [SIM_EINTR] = "EINTR",
                                          [SIM_SHORT] = "short transfer",
                                          [ALLOCATION] = "no memory"};

struct fault {
    uint64_t seed;
    unsigned kind; /* enum sim_fault, or ALLOCATION */
    uint64_t at;   /* operation or allocation behind the opening */
    uint64_t draw; /* another one, other luck */
    size_t steps;  /* of the plan, before the power goes */
};

/* What this fault may do to a step that failed, or to a request that was refused. */
static bool may_stop(const struct drive *drive, const struct fault *fault, enum err err)
{
    bool is_opening = drive->plan->steps[drive->next].move == PLAN_REOPEN;

    if (fault->kind == SIM_EIO)
        return err == ERR_IO || is_opening;
    if (fault->kind == SIM_ENOSPC)
        return is_opening && err == ERR_FULL;
    if (fault->kind == ALLOCATION) /* the disk's own calls may lack memory, too */
        return err == ERR_IO || (is_opening && err == ERR_LIMIT);
    return false;
}

static bool may_refuse(const struct fault *fault, enum err err)
{
    return (fault->kind == SIM_EIO && err == ERR_IO) ||
           (fault->kind == SIM_ENOSPC && err == ERR_FULL) ||
           (fault->kind == ALLOCATION && err == ERR_LIMIT);
}

/* Carries out the plan, with one start anew at the most. */
static bool live(struct drive *drive, const struct fault *fault)
{
    unsigned starts = 0, refusals = 0;

    while (drive->next < fault->steps) {
        enum err err = drive_step(drive);

        if (err) {
            if (!may_stop(drive, fault, err))
                return drive_fails(drive, "it should have lived on");
            if (++starts > 1)
                return drive_fails(drive, "it stopped a second time");
            world_shut(&drive->world);
            if (world_open(&drive->world) != OK)
                return drive_fails(drive, "it does not start again");
        } else if (drive->waiting) {
            if (!may_refuse(fault, drive->refusal))
                return drive_fails(drive, "it should not have refused");
            if (++refusals > MOST_REFUSALS)
                return drive_fails(drive, "it goes on refusing");
            drive->next--;
        }
        drive->waiting = 0;
    }
    return drive->trouble.len == 0;
}

static bool lose_power(struct drive *drive, const struct fault *fault)
{
    world_shut(&drive->world);
    sim_lose_power(drive->world.sys, SIM_CLEAN, fault->at);
    if (world_open(&drive->world) != OK)
        return drive_fails(drive, "it does not open after the loss of power");
    if (!drive_agrees(drive))
        return false;
    if (drive_resend(drive) != OK || drive->waiting)
        return drive_fails(drive, "what was sent again was refused");
    return drive_agrees(drive) && drive_is_sound(drive);
}

static bool run_fault(struct drive *drive, const struct plan *plan, const struct fault *fault)
{
    bool is_good;

    if (!drive_open(drive, plan, fault->seed + fault->at + (fault->draw << 32)))
        return false;
    if (fault->kind == ALLOCATION)
        mem_fail_after((long)fault->at);
    else
        sim_fail_at(drive->world.sys, sim_operations(drive->world.sys) + fault->at,
                    (enum sim_fault)fault->kind);
    is_good = live(drive, fault);
    mem_fail_after(0);
    sim_fail_at(drive->world.sys, 0, SIM_EIO);
    return is_good && drive_agrees(drive) && lose_power(drive, fault);
}

/* Operations and allocations of an undisturbed life. */
static void measure(const struct plan *plan, uint64_t seed, uint64_t *out_calls)
{
    struct drive drive;

    if (drive_open(&drive, plan, seed)) {
        uint64_t operations = sim_operations(drive.world.sys), allocations = (uint64_t)mem_calls();

        while (drive.next < plan->step_count && drive_step(&drive) == OK)
            ;
        for (unsigned kind = SIM_EIO; kind <= SIM_SHORT; kind++)
            out_calls[kind] = sim_operations(drive.world.sys) - operations;
        out_calls[ALLOCATION] = (uint64_t)mem_calls() - allocations;
    }
    drive_close(&drive);
}

/* The step that makes another chunk of keys, and its operations; false when no step does. */
static bool find_new_keys(const struct plan *plan, uint64_t seed, size_t *out_step,
                          uint64_t *out_from, uint64_t *out_to)
{
    struct drive drive;
    bool is_found = false;

    if (drive_open(&drive, plan, seed)) {
        node_id reserved = vault_reserved(drive.world.vault);
        uint64_t opened = sim_operations(drive.world.sys);

        while (!is_found && drive.next < plan->step_count) {
            *out_step = drive.next;
            *out_from = sim_operations(drive.world.sys) - opened + 1;
            if (drive_step(&drive) != OK)
                break;
            *out_to = sim_operations(drive.world.sys) - opened;
            is_found = vault_reserved(drive.world.vault) > reserved;
        }
    }
    drive_close(&drive);
    return is_found;
}

static void try_fault(struct crash_run *run, const struct plan *plan, const struct fault *fault,
                      uint64_t calls)
{
    struct drive drive;
    char about[64];

    snprintf(about, sizeof about, "%s at call %llu of %llu", fault_names[fault->kind],
             (unsigned long long)fault->at, (unsigned long long)calls);
    crash_result(run, run_fault(&drive, plan, fault), about, fault->seed, &drive);
    drive_close(&drive);
}

static void fail_new_keys(struct crash_run *run)
{
    uint64_t seed = plan_strangers_seed(run->seed), from, to;
    struct plan *plan = plan_open(seed, CRASH_STEPS);
    size_t steps;

    if (find_new_keys(plan, seed, &steps, &from, &to)) {
        while (steps < plan->step_count && plan->steps[steps].move != PLAN_REOPEN)
            steps++;
        for (uint64_t at = from; at <= to; at++)
            for (uint64_t draw = 0; draw < DRAWS; draw++)
                try_fault(run, plan, &(struct fault){seed, SIM_EIO, at, draw, steps}, to);
    } else {
        struct drive drive = {0};

        buf_add(&drive.trouble, S("the keys that were there suffice"));
        crash_result(run, false, "another chunk of keys", seed, &drive);
        buf_done(&drive.trouble);
    }
    plan_close(plan);
}

void crash_faults(struct crash_run *run)
{
    struct plan *plan = plan_open(run->seed, CRASH_STEPS);
    uint64_t calls[ALLOCATION + 1] = {0};

    measure(plan, run->seed, calls);
    for (unsigned kind = SIM_EIO; kind <= ALLOCATION; kind++) {
        uint64_t points = run->points / (ALLOCATION + 1);

        if (points > calls[kind])
            points = calls[kind];
        for (uint64_t i = 0; i < points; i++) {
            struct fault fault = {run->seed, kind, 1 + i * calls[kind] / points, 0,
                                  plan->step_count};

            try_fault(run, plan, &fault, calls[kind]);
        }
    }
    plan_close(plan);
    fail_new_keys(run);
}
