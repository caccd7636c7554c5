/* thread.c - threads, locks and waiting by pthreads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/thread.h"

#include "base/mem.h"
#include "sys/sys_int.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    GIVE_WAY = 5,               /* nice: about a third of the share of another */
    GIVE_WAY_LAST = 12,         /* about a fourteenth */
    SHORT_TURN_NS = 100 * 1000, /* the shortest that the kernel takes */
    TURN_NS = 500 * 1000,
    NAME_ROOM = 16, /* of the kernel, with NUL */
};

/* What the kernel takes; its own header does not go together with <sched.h>. */
struct turns {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};

struct thread {
    pthread_t id;
    void (*run)(void *);
    void *argument;
    char name[NAME_ROOM];
};

struct mutex {
    pthread_mutex_t lock;
};

struct condition {
    pthread_cond_t wait;
};

static void *enter(void *argument)
{
    struct thread *thread = argument;

    pthread_setname_np(pthread_self(), thread->name);
    thread->run(thread->argument);
    return NULL;
}

fallible thread_start(const char *name, void (*run)(void *), void *argument,
                      struct thread **out_thread)
{
    struct thread *thread = mem_alloc(sizeof *thread);
    sigset_t all, before;
    int error;

    if (!thread)
        return mem_exhausted();
    thread->run = run;
    thread->argument = argument;
    for (size_t i = 0; i < NAME_ROOM - 1 && name[i]; i++)
        thread->name[i] = name[i];

    /* Signals are for the thread that opened signals.h; the new one inherits this mask. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread->id, NULL, enter, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        mem_free(thread);
        return fail(ERR_LIMIT, "cannot start thread %s", name);
    }
    *out_thread = thread;
    return OK;
}

void thread_join(struct thread *thread)
{
    int error;

    if (!thread)
        return;
    error = pthread_join(thread->id, NULL);
    assert(error == 0);
    mem_free(thread);
}

void thread_give_way(enum thread_rank rank)
{
    int nice = rank == THREAD_LAST ? GIVE_WAY_LAST : GIVE_WAY;

    /* Of Linux: the priority is one thread's. Refused, it only stays as it was. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), getpriority(PRIO_PROCESS, 0) + nice);
}

void thread_answer_soon(enum thread_haste haste)
{
    /* Linux 6.12: who asks for short turns gets one sooner. Earlier ones take no notice of it. */
    struct turns turns = {
        .size = sizeof turns,
        .policy = SCHED_OTHER,
        .nice = getpriority(PRIO_PROCESS, 0),
        .runtime = haste == THREAD_FOR_ALL ? SHORT_TURN_NS : TURN_NS,
    };

    (void)syscall(SYS_sched_setattr, 0, &turns, 0);
}

int thread_cores(void)
{
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        return CPU_COUNT(&allowed);
    return 1;
}

enum { MOST_GATHERED = 15 };

void thread_gather(int most, void (*run)(void *), void *argument)
{
    struct thread *others[MOST_GATHERED];
    int cores = thread_cores(), count = 0;

    most = most < cores ? most : cores;
    while (count < most - 1 && count < MOST_GATHERED &&
           thread_start("gathered", run, argument, &others[count]) == OK)
        count++;
    run(argument);
    while (count)
        thread_join(others[--count]);
}

struct mutex *mutex_open(void)
{
    struct mutex *mutex = mem_alloc(sizeof *mutex);

    if (mutex)
        pthread_mutex_init(&mutex->lock, NULL); /* cannot fail without attributes */
    return mutex;
}

void mutex_close(struct mutex *mutex)
{
    if (!mutex)
        return;
    pthread_mutex_destroy(&mutex->lock);
    mem_free(mutex);
}

void mutex_lock(struct mutex *mutex)
{
    int error = pthread_mutex_lock(&mutex->lock);

    assert(error == 0);
}

void mutex_unlock(struct mutex *mutex)
{
    int error = pthread_mutex_unlock(&mutex->lock);

    assert(error == 0);
}

struct condition *condition_open(void)
{
    struct condition *condition = mem_alloc(sizeof *condition);
    pthread_condattr_t attributes;

    if (!condition)
        return NULL;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&condition->wait, &attributes);
    pthread_condattr_destroy(&attributes);
    return condition;
}

void condition_close(struct condition *condition)
{
    if (!condition)
        return;
    pthread_cond_destroy(&condition->wait);
    mem_free(condition);
}

void condition_wait(struct condition *condition, struct mutex *mutex)
{
    int error = pthread_cond_wait(&condition->wait, &mutex->lock);

    assert(error == 0);
}

bool condition_wait_for(struct condition *condition, struct mutex *mutex, int64_t timeout_ms)
{
    struct timespec until;
    int error;

    clock_gettime(CLOCK_MONOTONIC, &until);
    if (timeout_ms > 0) {
        until.tv_sec += timeout_ms / 1000;
        until.tv_nsec += timeout_ms % 1000 * 1000000;
    }
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    error = pthread_cond_timedwait(&condition->wait, &mutex->lock, &until);
    assert(error == 0 || error == ETIMEDOUT);
    return error == 0;
}

void condition_signal(struct condition *condition)
{
    pthread_cond_signal(&condition->wait);
}

void condition_broadcast(struct condition *condition)
{
    pthread_cond_broadcast(&condition->wait);
}
