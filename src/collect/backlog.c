/* backlog.c - bytes that wait, and the writer's pace as it was of late.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/backlog.h"

#define SECOND_NS 1000000000
#define RECKON_NS (SECOND_NS / 50)  /* of work, then the pace is reckoned anew */
#define WAITS_OF 10                 /* a second's work by this may wait */
#define SPACE_NS (SECOND_NS / 2500) /* between the beginnings of groups of several jobs */
#define SHARE_OF 4                  /* what is found counts so much beside what was known */

static void set_room(struct backlog *backlog)
{
    double wanted = backlog->bytes_per_s / WAITS_OF;
    size_t room = wanted < (double)backlog->most ? (size_t)wanted : backlog->most;

    if (room < backlog->least)
        room = backlog->least;
    atomic_store_explicit(&backlog->room, room, memory_order_relaxed);
}

void backlog_init(struct backlog *backlog, size_t least, size_t limit)
{
    size_t most = limit / 4 * 3;

    *backlog = (struct backlog){.least = least < most ? least : most, .most = most, .limit = limit};
    set_room(backlog);
}

bool backlog_add(struct backlog *backlog, size_t bytes)
{
    size_t waiting = atomic_load_explicit(&backlog->waiting, memory_order_relaxed);

    if (bytes > backlog->limit || waiting > backlog->limit - bytes)
        return false;
    atomic_fetch_add_explicit(&backlog->waiting, bytes, memory_order_relaxed);
    return true;
}

bool backlog_is_full(const struct backlog *backlog)
{
    struct backlog *shared = (struct backlog *)backlog;

    return atomic_load_explicit(&shared->waiting, memory_order_relaxed) >
           atomic_load_explicit(&shared->room, memory_order_relaxed);
}

void backlog_begin(struct backlog *backlog, int64_t now_ns)
{
    backlog->began_ns = now_ns;
    backlog->jobs = 0;
}

void backlog_remove(struct backlog *backlog, size_t bytes)
{
    backlog->done += (double)bytes;
    backlog->jobs++;
    atomic_fetch_sub_explicit(&backlog->waiting, bytes, memory_order_relaxed);
}

void backlog_end(struct backlog *backlog, int64_t now_ns)
{
    double pace;

    backlog->worked_ns += now_ns - backlog->began_ns;
    if (backlog->worked_ns < RECKON_NS)
        return;
    pace = backlog->done * SECOND_NS / (double)backlog->worked_ns;
    if (backlog->bytes_per_s > 0)
        backlog->bytes_per_s += (pace - backlog->bytes_per_s) / SHARE_OF;
    else
        backlog->bytes_per_s = pace;
    backlog->done = 0;
    backlog->worked_ns = 0;
    set_room(backlog);
}

int64_t backlog_gap(const struct backlog *backlog, int64_t now_ns)
{
    int64_t passed_ns = now_ns - backlog->began_ns;

    return backlog->jobs > 1 && passed_ns < SPACE_NS ? SPACE_NS - passed_ns : 0;
}
