/* test_thread.c - threads, locks and letters between them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/thread.h"
#include "base/mem.h"
#include "sys/mailbox.h"
#include "support/test.h"

#include <stdatomic.h>

enum { POSTERS = 4, LETTERS_EACH = 5000 };

struct note {
    struct letter letter;
    int poster;
    int number;
};

struct poster {
    struct mailbox *box;
    int id;
    struct note notes[LETTERS_EACH];
};

static void post_all(void *argument)
{
    struct poster *poster = argument;

    for (int i = 0; i < LETTERS_EACH; i++) {
        poster->notes[i] = (struct note){.poster = poster->id, .number = i};
        mailbox_post(poster->box, &poster->notes[i].letter);
    }
}

TEST(mailbox_keeps_the_order_of_posting)
{
    struct mailbox *box = mailbox_open(NULL, NULL);
    struct note notes[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    struct letter *at;

    CHECK(mailbox_take(box) == NULL);
    CHECK(mailbox_wait(box, 0) == NULL);
    CHECK(mailbox_wait(box, 1) == NULL);
    for (int i = 0; i < 3; i++)
        mailbox_post(box, &notes[i].letter);
    at = mailbox_wait(box, -1);
    for (int i = 0; i < 3; i++, at = at->next)
        CHECK(at == &notes[i].letter);
    CHECK(at == NULL);
    CHECK(mailbox_take(box) == NULL);
    mailbox_close(box);
    mailbox_close(NULL);
}

TEST(mailbox_brings_every_letter_of_many_threads_once_and_in_order)
{
    struct mailbox *box = mailbox_open(NULL, NULL);
    struct thread *threads[POSTERS];
    int next[POSTERS] = {0}, total = 0;

    for (int i = 0; i < POSTERS; i++) {
        struct poster *poster = arena_take(test_mem, sizeof *poster);
        poster->box = box;
        poster->id = i;
        CHECK_OK(thread_start("poster", post_all, poster, &threads[i]));
    }
    while (total < POSTERS * LETTERS_EACH) {
        struct letter *at = mailbox_wait(box, total % 2 ? -1 : 10000);
        CHECK(at != NULL);
        for (; at; total++) {
            struct note *note = (struct note *)at;
            at = at->next;
            CHECK_INT(note->number, next[note->poster]++);
        }
    }
    for (int i = 0; i < POSTERS; i++)
        thread_join(threads[i]);
    CHECK(mailbox_take(box) == NULL);
    mailbox_close(box);
}

struct table {
    struct mailbox *there, *back;
};

static void send_back(void *argument)
{
    const struct table *table = argument;

    for (int i = 0; i < 1000; i++)
        mailbox_post(table->back, mailbox_wait(table->there, -1));
}

/* Without a wake-up this hangs. */
TEST(mailbox_wakes_who_sleeps_before_it)
{
    struct table table = {mailbox_open(NULL, NULL), mailbox_open(NULL, NULL)};
    struct letter letter;
    struct thread *thread;

    CHECK_OK(thread_start("player", send_back, &table, &thread));
    for (int i = 0; i < 1000; i++) {
        mailbox_post(table.there, &letter);
        CHECK(mailbox_wait(table.back, -1) == &letter);
        CHECK(letter.next == NULL);
    }
    thread_join(thread);
    mailbox_close(table.there);
    mailbox_close(table.back);
}

static void count_wake(void *argument)
{
    ++*(int *)argument;
}

TEST(mailbox_wakes_once_for_many_letters)
{
    int wakes = 0;
    struct mailbox *box = mailbox_open(count_wake, &wakes);
    struct letter letters[3];

    mailbox_post(box, &letters[0]);
    mailbox_post(box, &letters[1]);
    CHECK_INT(wakes, 1);
    CHECK(mailbox_take(box) == &letters[0]);
    mailbox_post(box, &letters[2]);
    CHECK_INT(wakes, 2);
    CHECK(mailbox_take(box) == &letters[2]);
    mailbox_close(box);
}

struct bench {
    struct mutex *mutex;
    struct condition *changed;
    int turn; /* under the mutex */
    long sum; /* under the mutex */
};

static void answer(void *argument)
{
    struct bench *bench = argument;

    for (int i = 0; i < 100; i++) {
        mutex_lock(bench->mutex);
        while (bench->turn != 1)
            condition_wait(bench->changed, bench->mutex);
        bench->sum += i;
        bench->turn = 0;
        condition_signal(bench->changed);
        mutex_unlock(bench->mutex);
    }
}

TEST(threads_take_turns_by_conditions)
{
    struct bench bench = {.mutex = mutex_open(), .changed = condition_open()};
    struct thread *thread;

    CHECK_OK(thread_start("a name longer than the kernel keeps", answer, &bench, &thread));
    for (int i = 0; i < 100; i++) {
        mutex_lock(bench.mutex);
        bench.turn = 1;
        condition_broadcast(bench.changed);
        while (bench.turn != 0)
            CHECK(condition_wait_for(bench.changed, bench.mutex, 10000) || bench.turn == 0);
        mutex_unlock(bench.mutex);
    }
    thread_join(thread);
    thread_join(NULL);
    CHECK_INT(bench.sum, 4950);

    mutex_lock(bench.mutex);
    CHECK(!condition_wait_for(bench.changed, bench.mutex, 1)); /* nobody signals */
    CHECK(!condition_wait_for(bench.changed, bench.mutex, -5));
    mutex_unlock(bench.mutex);
    condition_close(bench.changed);
    mutex_close(bench.mutex);
    CHECK(thread_cores() >= 1);
}

TEST(threads_report_a_lack_of_memory)
{
    struct thread *thread;

    mem_fail_after(1);
    CHECK_ERR(ERR_LIMIT, thread_start("none", post_all, NULL, &thread));
    mem_fail_after(1);
    CHECK(mailbox_open(NULL, NULL) == NULL);
    mem_fail_after(1);
    CHECK(mutex_open() == NULL);
    mem_fail_after(1);
    CHECK(condition_open() == NULL);
    mem_fail_after(0);
}
