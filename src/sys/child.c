/* child.c - fork and exec of the program itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/child.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sys/sys_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 4096, NOT_RUN = 127, SIGNALLED = 128 };

struct child {
    pid_t id;
    int out; /* what it writes */
    bool has_ended;
    int status;
    struct buf text; /* read and not yet given out */
};

static size_t count_of(char *const *list)
{
    size_t count = 0;

    while (list[count])
        count++;
    return count;
}

/* Of two settings of one name the first counts. */
static char **join_environment(char *const *settings)
{
    size_t own = count_of(environ), more = count_of(settings);
    char **joined = mem_alloc((own + more + 1) * sizeof *joined);

    if (!joined)
        return NULL;
    memcpy(joined, environ, own * sizeof *joined);
    memcpy(joined + own, settings, more * sizeof *joined);
    return joined;
}

/* Between fork and exec: nothing here takes memory or a lock. */
static void become(int out, char *const *words, char *const *environment, pid_t parent)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() == parent && dup2(out, STDOUT_FILENO) >= 0)
        execve("/proc/self/exe", words, environment);
    _exit(NOT_RUN);
}

fallible child_start(char *const *words, char *const *settings, struct child **out_child)
{
    struct child *child = mem_alloc(sizeof *child);
    char **environment = join_environment(settings);
    pid_t parent = getpid();
    int ends[2] = {-1, -1};

    if (!child || !environment) {
        mem_free(child);
        mem_free(environment);
        return mem_exhausted();
    }
    child->id = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (child->id == 0)
        become(ends[1], words, environment, parent);
    mem_free(environment);
    if (ends[1] >= 0)
        close(ends[1]);
    if (child->id < 0) {
        int reason = errno;

        if (ends[0] >= 0)
            close(ends[0]);
        mem_free(child);
        return sys_fail(reason, "start", "another process");
    }
    child->out = ends[0];
    *out_child = child;
    return OK;
}

/* OK: more was read; ERR_ABSENT: it writes no more. */
static fallible read_more(struct child *child, int64_t timeout_ms)
{
    struct pollfd watched = {.fd = child->out, .events = POLLIN};
    char piece[PIECE];
    ssize_t got;

    if (poll(&watched, 1, (int)timeout_ms) <= 0)
        return fail(ERR_EXPIRED, "the process has said nothing for %lld ms", (long long)timeout_ms);
    got = read(child->out, piece, sizeof piece);
    if (got <= 0)
        return fail(ERR_ABSENT, "the process says nothing more");
    buf_add_bytes(&child->text, piece, (size_t)got);
    return buf_is_broken(&child->text) ? mem_exhausted() : OK;
}

fallible child_line(struct child *child, int64_t timeout_ms, struct arena *mem, str *out_line)
{
    ptrdiff_t end;
    str line;

    while ((end = str_find(buf_str(&child->text), '\n')) < 0)
        TRY(read_more(child, timeout_ms));
    line = arena_dup(mem, str_slice(buf_str(&child->text), 0, (size_t)end));
    if (!line.data)
        return arena_exhausted();
    child->text.len -= (size_t)end + 1;
    memmove(child->text.data, child->text.data + end + 1, child->text.len);
    *out_line = line;
    return OK;
}

static void look(struct child *child, int options)
{
    pid_t got;

    if (child->has_ended)
        return;
    do
        got = waitpid(child->id, &child->status, options);
    while (got < 0 && errno == EINTR);
    child->has_ended = got != 0;
}

bool child_is_running(struct child *child)
{
    look(child, WNOHANG);
    return !child->has_ended;
}

int child_end(struct child *child)
{
    int status;

    if (!child)
        return 0;
    if (child_is_running(child))
        kill(child->id, SIGTERM);
    look(child, 0);
    status =
        WIFEXITED(child->status) ? WEXITSTATUS(child->status) : SIGNALLED + WTERMSIG(child->status);
    close(child->out);
    buf_done(&child->text);
    mem_free(child);
    return status;
}
