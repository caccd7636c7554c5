/* sim.c - the simulated world: its clock, its chance and what befalls its operations.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/sim.h"

#include "base/hash.h"
#include "base/mem.h"
#include "sys/sim_disk_int.h"
#include "sys/sim_int.h"
#include "sys/thread.h"

static const millis first_instant = INT64_C(1767225600000); /* 2026-01-01T00:00Z */

static millis now(struct sys *sys)
{
    return sim_of(sys)->now;
}

static int64_t mono_ns(struct sys *sys)
{
    return sim_of(sys)->mono_ns;
}

static void pass(struct sys *sys, int64_t ns)
{
    (void)sys;
    (void)ns;
}

static const struct sys_verbs verbs = {
    .now = now,
    .mono_ns = mono_ns,
    .sleep = sim_advance,
    .pause = pass,
    .fill = sim_shared_fill,
    .file_open = sim_shared_file_open,
    .file_close = sim_shared_file_close,
    .file_read = sim_shared_file_read,
    .file_read_ready = sim_shared_file_read,
    .file_write = sim_shared_file_write,
    .file_sync = sim_shared_file_sync,
    .file_allocate = sim_shared_file_allocate,
    .file_truncate = sim_shared_file_truncate,
    .file_size = sim_shared_file_size,
    .file_lock = sim_shared_file_lock,
    .file_write_direct = sim_file_write_direct,
    .file_will_read = sim_file_will_read,
    .file_will_pick = sim_file_will_read,
    .file_rename = sim_shared_file_rename,
    .file_remove = sim_shared_file_remove,
    .file_exists = sim_shared_file_exists,
    .folder_make = sim_shared_folder_make,
    .folder_remove = sim_shared_folder_remove,
    .folder_sync = sim_shared_folder_sync,
    .folder_names = sim_shared_folder_names,
    .folder_room = sim_shared_folder_room,
    .listen = sim_listen,
    .accept = sim_accept,
    .connect = sim_connect,
    .local = sim_local,
    .receive = sim_receive,
    .discard = sim_discard,
    .send = sim_send,
    .finish = sim_finish,
    .close = sim_disconnect,
    .poller_open = sim_poller_open,
    .poller_close = sim_poller_close,
    .poller_watch = sim_poller_watch,
    .poller_wait = sim_poller_wait,
    .poller_wake = sim_poller_wake,
    .notify = sim_notify,
};

/* Bytes that no earlier life of this world has seen. */
void sim_renew_entropy(struct sim *sim)
{
    uint64_t life[2] = {sim->seed, ++sim->lives};

    sim->entropy.at = hash_checksum(life, sizeof life);
}

struct sys *sim_open(uint64_t seed)
{
    struct sim *sim = mem_alloc(sizeof *sim);

    if (!sim)
        return NULL;
    sim->base.verbs = &verbs;
    sim->seed = seed;
    sim->chance.at = ~seed;
    sim->now = first_instant;
    sim_renew_entropy(sim);
    sim->disk = mutex_open();
    sim->root = sim_node_make(sim, true);
    if (!sim->disk || !sim->root) {
        sim_close(&sim->base);
        return NULL;
    }
    return &sim->base;
}

void sim_close(struct sys *sys)
{
    struct sim *sim = sim_of(sys);

    if (!sim)
        return;
    sim_file_forget_all(sim);
    sim_tree_done(sim);
    mutex_close(sim->disk);
    mem_free(sim);
}

void sim_set_clock(struct sys *sys, millis now)
{
    sim_of(sys)->now = now;
}

void sim_advance(struct sys *sys, millis span)
{
    sim_of(sys)->now += span;
    sim_of(sys)->mono_ns += span * 1000000;
}

uint64_t sim_operations(const struct sys *sys)
{
    return ((const struct sim *)sys)->operations;
}

void sim_fail_at(struct sys *sys, uint64_t operation, enum sim_fault fault)
{
    sim_of(sys)->fail_at = operation;
    sim_of(sys)->fault = fault;
}

void sim_stop_at(struct sys *sys, uint64_t operation)
{
    sim_of(sys)->stop_at = operation;
}

bool sim_is_stopped(const struct sys *sys)
{
    return ((const struct sim *)sys)->is_stopped;
}

void sim_set_room(struct sys *sys, uint64_t bytes)
{
    sim_of(sys)->room = bytes;
}

void sim_ignore_file_syncs(struct sys *sys, bool ignored)
{
    sim_of(sys)->file_syncs_ignored = ignored;
}

void sim_ignore_folder_syncs(struct sys *sys, bool ignored)
{
    sim_of(sys)->folder_syncs_ignored = ignored;
}

struct sim_step sim_step(struct sim *sim, enum sim_need need)
{
    struct sim_step step = {0};
    uint64_t operation = ++sim->operations;

    if (sim->is_stopped) {
        step.error = EIO;
    } else if (sim->stop_at && operation >= sim->stop_at) {
        sim->is_stopped = true;
        step.is_last = true;
    } else if (operation == sim->fail_at) {
        step.is_fault = true;
        step.is_short = sim->fault == SIM_SHORT;
        if (sim->fault == SIM_EIO)
            step.error = EIO;
        else if (sim->fault == SIM_EINTR)
            step.error = EINTR;
        else if (sim->fault == SIM_ENOSPC && need == SIM_ROOM)
            step.error = ENOSPC;
    }
    return step;
}
