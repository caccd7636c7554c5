/* test_syncer.c - syncs are done in order, by a thread or at once, and failures are told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/syncer.h"
#include "base/mem.h"
#include "support/test.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"

#include <stdlib.h>
#include <string.h>

/* A real folder with one file. */
struct place {
    struct sys *sys;
    const char *folder;
    const char *path;
    struct file *file;
};

static struct place place_open(void)
{
    const char *base = getenv("TMPDIR");
    struct place p = {.sys = sys_real()};
    uint64_t id;

    entropy_fill(p.sys, &id, sizeof id);
    p.folder = arena_print(test_mem, "%s/myriad-syncer-%016llx", base ? base : "/tmp",
                           (unsigned long long)id)
                   .data;
    p.path = arena_print(test_mem, "%s/file", p.folder).data;
    CHECK_OK(folder_make(p.sys, p.folder));
    CHECK_OK(file_open(p.sys, p.path, FILE_WRITE | FILE_CREATE, &p.file));
    return p;
}

static void place_close(struct place *p)
{
    file_close(p->file);
    CHECK_OK(file_remove(p->sys, p->path));
    CHECK_OK(folder_remove(p->sys, p->folder));
}

TEST(syncer_takes_a_ticket_nobody_asked_with_for_done)
{
    struct syncer_ticket ticket = {0};
    bool is_done = false;

    CHECK_OK(syncer_poll(&ticket, &is_done));
    CHECK(is_done);
    CHECK_OK(syncer_wait(&ticket));
    syncer_close(NULL);
}

/* What the simulated disk keeps through a power loss shows that it was synced by then. */
TEST(syncer_without_a_thread_syncs_at_once)
{
    struct sys *sys = sim_open(1);
    struct syncer_ticket ticket = {0};
    struct syncer *syncer;
    struct file *file;
    bool is_done = false;
    str content;

    CHECK_OK(syncer_open(sys, SYNCER_AT_ONCE, &syncer));
    CHECK_OK(folder_make(sys, "f"));
    CHECK_OK(folder_sync(sys, "."));
    CHECK_OK(file_open(sys, "f/a", FILE_WRITE | FILE_CREATE, &file));
    CHECK_OK(file_write(file, 0, "kept", 4));
    syncer_file(syncer, file, &ticket);
    CHECK_OK(syncer_poll(&ticket, &is_done));
    CHECK(is_done);
    is_done = false;
    syncer_folder(syncer, "f", &ticket);
    CHECK_OK(syncer_poll(&ticket, &is_done));
    CHECK(is_done);
    sim_stop_at(sys, sim_operations(sys) + 1);
    CHECK_ERR(ERR_IO, file_sync(file));
    sim_lose_power(sys, SIM_CLEAN, 1);
    file_close(file);
    CHECK_OK(file_load(sys, "f/a", 100, test_mem, &content));
    CHECK_STR(content, "kept");
    syncer_close(syncer);
    sim_close(sys);
}

TEST(syncer_tells_a_failure_until_the_ticket_is_used_again)
{
    struct sys *sys = sim_open(1);
    struct syncer_ticket ticket = {0};
    struct syncer *syncer;
    struct file *file;
    bool is_done = false;

    CHECK_OK(syncer_open(sys, SYNCER_AT_ONCE, &syncer));
    CHECK_OK(file_open(sys, "a", FILE_WRITE | FILE_CREATE, &file));
    CHECK_OK(file_write(file, 0, "x", 1));
    sim_fail_at(sys, sim_operations(sys) + 1, SIM_EIO);
    syncer_file(syncer, file, &ticket);
    CHECK_ERR(ERR_ABSENT, file_remove(sys, "another sentence meanwhile"));
    CHECK_ERR(ERR_IO, syncer_poll(&ticket, &is_done));
    CHECK(!is_done && strstr(err_text(), "a") && strstr(err_text(), "sync"));
    CHECK_ERR(ERR_IO, syncer_wait(&ticket));
    syncer_folder(syncer, "none", &ticket);
    CHECK_ERR(ERR_ABSENT, syncer_poll(&ticket, &is_done));
    syncer_file(syncer, file, &ticket);
    CHECK_OK(syncer_poll(&ticket, &is_done));
    CHECK(is_done);
    file_close(file);
    syncer_close(syncer);
    sim_close(sys);
}

TEST(syncer_with_a_thread_does_every_ticket)
{
    struct place p = place_open();
    struct syncer_ticket tickets[40] = {0};
    struct syncer *syncer;
    bool is_done;

    CHECK_OK(syncer_open(p.sys, SYNCER_THREADED, &syncer));
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 40; i++) {
            CHECK_OK(file_write(p.file, i * 4096, "page", 4));
            if (i % 3)
                syncer_file(syncer, p.file, &tickets[i]);
            else
                syncer_folder(syncer, p.folder, &tickets[i]);
        }
        CHECK_OK(syncer_wait(&tickets[39]));
        for (size_t i = 0; i < 40; i++) { /* in order: all before the last are done, too */
            is_done = false;
            CHECK_OK(syncer_poll(&tickets[i], &is_done));
            CHECK(is_done);
        }
    }
    syncer_close(syncer);
    place_close(&p);
}

TEST(syncer_brings_the_failure_of_its_thread_to_who_asks)
{
    struct place p = place_open();
    struct syncer_ticket absent = {0}, fine = {0};
    struct syncer *syncer;

    CHECK_OK(syncer_open(p.sys, SYNCER_THREADED, &syncer));
    syncer_folder(syncer, arena_print(test_mem, "%s/none", p.folder).data, &absent);
    syncer_file(syncer, p.file, &fine);
    CHECK_OK(syncer_wait(&fine));
    CHECK_ERR(ERR_ABSENT, syncer_wait(&absent));
    CHECK(strstr(err_text(), "/none") != NULL);
    syncer_close(syncer);
    place_close(&p);
}

TEST(syncer_ends_what_was_asked_for_before_it_closes)
{
    struct place p = place_open();
    struct syncer_ticket tickets[20] = {0};
    struct syncer *syncer;

    CHECK_OK(syncer_open(p.sys, SYNCER_THREADED, &syncer));
    for (size_t i = 0; i < 20; i++) {
        CHECK_OK(file_write(p.file, i * 4096, "page", 4));
        syncer_file(syncer, p.file, &tickets[i]);
    }
    syncer_close(syncer);
    for (size_t i = 0; i < 20; i++)
        CHECK(!tickets[i].is_pending && !tickets[i].err);
    place_close(&p);
}

TEST(syncer_without_a_thread_does_one_ticket_a_step_and_what_is_waited_for)
{
    struct sys *sys = sim_open(1);
    struct syncer_ticket tickets[3] = {0};
    struct syncer *syncer;
    bool is_done;

    CHECK_OK(syncer_open(sys, SYNCER_STEPPED, &syncer));
    CHECK(!syncer_step(syncer));
    for (size_t i = 0; i < 3; i++)
        syncer_folder(syncer, i == 1 ? "none" : ".", &tickets[i]);
    CHECK_OK(syncer_poll(&tickets[0], &is_done));
    CHECK(!is_done);
    CHECK(syncer_step(syncer));
    CHECK_OK(syncer_poll(&tickets[0], &is_done));
    CHECK(is_done);
    CHECK_OK(syncer_poll(&tickets[1], &is_done)); /* it will fail, but did not yet */
    CHECK(!is_done);
    CHECK_OK(syncer_wait(&tickets[2]));
    CHECK_ERR(ERR_ABSENT, syncer_poll(&tickets[1], &is_done));
    CHECK(!syncer_step(syncer));
    syncer_folder(syncer, ".", &tickets[1]);
    syncer_close(syncer);
    CHECK(!tickets[1].is_pending && !tickets[1].err);
    sim_close(sys);
}

static void count_close(void *thing)
{
    ++*(int *)thing;
}

TEST(syncer_closes_in_turn_what_nobody_needs_any_more)
{
    struct sys *sys = sim_open(1);
    struct syncer_ticket ticket = {0};
    struct syncer *syncer;
    int closed = 0;

    CHECK_OK(syncer_open(sys, SYNCER_STEPPED, &syncer));
    syncer_dispose(syncer, count_close, &closed);
    syncer_folder(syncer, ".", &ticket);
    syncer_dispose(syncer, count_close, &closed);
    CHECK_INT(closed, 0);
    CHECK_OK(syncer_wait(&ticket));
    CHECK_INT(closed, 1);
    mem_fail_after(1);
    syncer_dispose(syncer, count_close, &closed); /* there is no memory to wait in */
    mem_fail_after(0);
    CHECK_INT(closed, 2);
    syncer_close(syncer);
    CHECK_INT(closed, 3);
    CHECK_OK(syncer_open(sys, SYNCER_AT_ONCE, &syncer));
    syncer_dispose(syncer, count_close, &closed);
    CHECK_INT(closed, 4);
    syncer_close(syncer);
    CHECK_OK(syncer_open(sys, SYNCER_THREADED, &syncer));
    for (int i = 0; i < 10; i++)
        syncer_dispose(syncer, count_close, &closed);
    syncer_close(syncer);
    CHECK_INT(closed, 14);
    sim_close(sys);
}

TEST(syncer_reports_a_lack_of_memory)
{
    for (long k = 1; k <= 5; k++) {
        struct syncer *syncer = NULL;

        mem_fail_after(k);
        CHECK_ERR(ERR_LIMIT, syncer_open(sys_real(), SYNCER_THREADED, &syncer));
        CHECK(!syncer);
    }
    mem_fail_after(0);
}
