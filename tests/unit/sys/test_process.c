/* test_process.c - signals, standard streams and what the process knows of itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/process.h"
#include "base/mem.h"
#include "sys/net.h"
#include "sys/signals.h"
#include "sys/stream.h"
#include "sys/sys.h"
#include "sys/thread.h"
#include "support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(process_knows_itself)
{
    size_t size = 64u << 20;
    uint64_t memory = process_memory();
    int64_t spent = process_cpu_ns();
    char *large = mem_alloc(size);

    CHECK(large != NULL);
    memset(large, 1, size);
    CHECK_INT(process_id(), getpid());
    CHECK(memory > 1u << 20);
    CHECK(process_memory() > memory + size / 2);
    CHECK(process_cpu_ns() > spent);
    mem_free(large);
}

static void do_nothing(void *argument)
{
    (void)argument;
}

TEST(signals_are_taken_once)
{
    struct signals *signals;
    struct thread *thread;

    CHECK_OK(signals_open(&signals));
    CHECK_INT(signals_take(signals), 0);
    CHECK_INT(signals_wait(signals, 1), 0);
    CHECK_OK(thread_start("other", do_nothing, NULL, &thread));
    kill(getpid(), SIGHUP);
    CHECK_INT(signals_wait(signals, -1), SIGNALS_RELOAD);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGHUP);
    CHECK_INT(signals_take(signals), SIGNALS_STOP | SIGNALS_RELOAD);
    kill(getpid(), SIGINT);
    CHECK_INT(signals_take(signals), SIGNALS_STOP);
    CHECK_INT(signals_take(signals), 0);
    thread_join(thread);
    kill(getpid(), SIGTERM); /* not taken: does not end the process either */
    signals_close(signals);
    signals_close(NULL);
}

TEST(signals_wake_a_poller)
{
    struct signals *signals;
    struct poller *poller;
    struct poll_event got;
    size_t count;

    CHECK_OK(signals_open(&signals));
    CHECK_OK(poller_open(sys_real(), &poller));
    CHECK_OK(poller_watch(poller, signals_socket(signals), NET_READABLE, signals));
    CHECK_OK(poller_wait(poller, &got, 1, 0, &count));
    CHECK_INT(count, 0);
    kill(getpid(), SIGINT);
    CHECK_OK(poller_wait(poller, &got, 1, -1, &count));
    CHECK_INT(count, 1);
    CHECK(got.owner == signals);
    CHECK_INT(signals_take(signals), SIGNALS_STOP);
    poller_close(poller);
    signals_close(signals);
}

/* Runs `child` with pipes as its standard streams, gives it `input` and reads what it writes. */
static int run_child(int (*child)(void), str input, char *out, size_t room, size_t *out_len)
{
    int in[2], from[2], status;
    pid_t id;
    ssize_t got;

    CHECK(pipe(in) == 0 && pipe(from) == 0);
    id = fork();
    CHECK(id >= 0);
    if (id == 0) {
        dup2(in[0], 0);
        dup2(from[1], 1);
        close(in[1]);
        close(from[0]);
        process_stop(child());
    }
    close(in[0]);
    close(from[1]);
    CHECK_INT(write(in[1], input.data, input.len), input.len);
    close(in[1]);
    *out_len = 0;
    while ((got = read(from[0], out + *out_len, room - *out_len)) > 0)
        *out_len += (size_t)got;
    close(from[0]);
    CHECK(waitpid(id, &status, 0) == id && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int echo_many_times(void)
{
    char got[64];
    size_t len, total = 0;

    while (stream_read(STREAM_IN, got + total, sizeof got - total, &len) == OK && len)
        total += len;
    for (int i = 0; i < 50000; i++)
        if (stream_write(STREAM_OUT, str_from(got, total)))
            return 1;
    return stream_is_terminal(STREAM_IN) || stream_is_terminal(STREAM_OUT) ? 2 : 70;
}

TEST(streams_carry_everything)
{
    size_t room = 1 << 20, len;
    char *got = arena_take(test_mem, room);

    CHECK_INT(run_child(echo_many_times, S("a line\n"), got, room, &len), 70);
    CHECK_INT(len, 50000 * 7);
    for (size_t i = 0; i < len; i += 7)
        CHECK_STR(str_from(got + i, 7), "a line\n");
}

static int allow_more_files(void)
{
    struct rlimit limit = {.rlim_cur = 100, .rlim_max = 300};

    if (setrlimit(RLIMIT_NOFILE, &limit))
        return 1;
    if (process_allow_files(50) != 100 || process_allow_files(200) != 200)
        return 2;
    if (process_allow_files(1000) != 300) /* the system's bound */
        return 3;
    return getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur != 300 ? 4 : 0;
}

TEST(process_may_hold_as_many_files_as_the_system_allows)
{
    char got[1];
    size_t len;

    CHECK_INT(run_child(allow_more_files, S(""), got, sizeof got, &len), 0);
}

static int write_to_nobody(void)
{
    struct signals *signals;

    close(1);
    if (signals_open(&signals)) /* SIGPIPE does nothing from now on */
        return 1;
    if (stream_write(STREAM_OUT, S("x")) != ERR_IO || stream_write(STREAM_OUT, S("")))
        return 2;
    int pipes[2];
    if (pipe(pipes) || dup2(pipes[1], 1) != 1)
        return 3;
    close(pipes[0]);
    return stream_write(STREAM_OUT, S("x")) == ERR_IO ? 0 : 4;
}

TEST(streams_tell_that_nobody_reads)
{
    char got[1];
    size_t len;

    CHECK_INT(run_child(write_to_nobody, S(""), got, sizeof got, &len), 0);
}
