/* test_sandbox.c - what a process cannot do any more once it is limited, tried from inside.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A limit lasts as long as the process, so each test limits a child. It says by its exit status
 * which of its attempts went wrong; a kernel that cannot limit has the test skipped.
 */
#include "sys/sandbox.h"
#include "base/buf.h"
#include "sys/file.h"
#include "sys/net.h"
#include "sys/process.h"
#include "sys/sys.h"
#include "sys/thread.h"
#include "support/test.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pcre2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_LIMIT = 99, PATH = 256 };

struct place {
    char folder[PATH];
};

static const char *within(const struct place *place, const char *name)
{
    struct buf path = {0};
    const char *copy;

    buf_print(&path, "%s/%s", place->folder, name);
    copy = arena_dup(test_mem, buf_str(&path)).data;
    buf_done(&path);
    return copy;
}

static void make_file(const struct place *place, const char *name)
{
    int fd = open(within(place, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0);
    CHECK_INT(write(fd, "text", 4), 4);
    close(fd);
}

static void make_place(struct place *out_place)
{
    static const char *const FOLDERS[] = {"data", "data/log", "data/columns", "settings", "other"};

    *out_place = (struct place){"/tmp/myriad-sandbox-XXXXXX"};
    CHECK(mkdtemp(out_place->folder) != NULL);
    for (size_t i = 0; i < sizeof FOLDERS / sizeof FOLDERS[0]; i++)
        CHECK_OK(folder_make(sys_real(), within(out_place, FOLDERS[i])));
    make_file(out_place, "data/log/1");
    make_file(out_place, "settings/named");
    make_file(out_place, "settings/beside");
    make_file(out_place, "other/secret");
    CHECK_INT(symlink("../other/linked", within(out_place, "settings/link")), 0);
    make_file(out_place, "other/linked");
}

static void remove_place(const struct place *place)
{
    struct buf command = {0};

    buf_print(&command, "rm -rf %s", place->folder);
    buf_add_byte(&command, 0);
    CHECK_INT(system(command.data), 0);
    buf_done(&command);
}

/* 0 where a path can be opened so, else why not. */
static int opened(const struct place *place, const char *name, int flags)
{
    int fd = open(name[0] == '/' ? name : within(place, name), flags, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int renamed(const struct place *place, const char *from, const char *to)
{
    return rename(within(place, from), within(place, to)) ? errno : 0;
}

/* Runs `child` as a process of its own. Its status, or CANNOT_LIMIT. */
static int run_child(int (*child)(const struct place *), const struct place *place)
{
    int status;
    pid_t id = fork();

    CHECK(id >= 0);
    if (id == 0)
        process_stop(child(place));
    CHECK(waitpid(id, &status, 0) == id);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void check_child(int (*child)(const struct place *))
{
    struct place place;
    int status;

    make_place(&place);
    status = run_child(child, &place);
    remove_place(&place);
    if (status == CANNOT_LIMIT)
        test_skip();
    CHECK_INT(status, 0);
}

static enum err limit_files(const struct place *place)
{
    const struct sandbox_place places[] = {
        {within(place, "data"), SANDBOX_CHANGE},
        {within(place, "settings/named"), SANDBOX_BESIDE},
        {within(place, "absent/file"), SANDBOX_BESIDE},
    };

    return sandbox_limit_files(places, sizeof places / sizeof places[0]);
}

/* Attempts in order; the first that does not come out as it should ends the child. */
#define EXPECT(call, want)                                                                         \
    do {                                                                                           \
        int got = (call);                                                                          \
        if (got != (want)) {                                                                       \
            fprintf(stderr, "%s: %d instead of %d\n", #call, got, (want));                         \
            process_stop(1);                                                                       \
        }                                                                                          \
    } while (0)

static int reach_files(const struct place *place)
{
    int before = open(within(place, "other/secret"), O_RDONLY);
    char byte;

    if (limit_files(place))
        return CANNOT_LIMIT;
    EXPECT(opened(place, "data/log/1", O_RDWR), 0);
    EXPECT(opened(place, "data/log/2", O_RDWR | O_CREAT | O_EXCL), 0);
    EXPECT(opened(place, "data/log/2", O_RDWR | O_TRUNC), 0);
    EXPECT(renamed(place, "data/log/2", "data/columns/2"), 0);
    EXPECT(unlink(within(place, "data/columns/2")), 0);
    EXPECT(mkdir(within(place, "data/new"), 0700), 0);
    EXPECT(rmdir(within(place, "data/new")), 0);
    EXPECT(opened(place, "data", O_RDONLY | O_DIRECTORY), 0);
    EXPECT(symlink("/etc/passwd", within(place, "data/link")), -1);
    EXPECT(opened(place, "settings/named", O_RDONLY), 0);
    EXPECT(opened(place, "settings/beside", O_RDONLY), 0);
    EXPECT(opened(place, "settings/named", O_WRONLY), EACCES);
    EXPECT(opened(place, "settings/new", O_WRONLY | O_CREAT), EACCES);
    EXPECT(opened(place, "other/secret", O_RDONLY), EACCES);
    EXPECT(opened(place, "other/new", O_WRONLY | O_CREAT), EACCES);
    EXPECT(opened(place, "other", O_RDONLY | O_DIRECTORY), EACCES);
    EXPECT(renamed(place, "data/log/1", "other/1") != 0, 1);
    EXPECT(renamed(place, "other/secret", "data/secret") != 0, 1);
    EXPECT(unlink(within(place, "other/secret")), -1);
    EXPECT(opened(place, "/root", O_RDONLY | O_DIRECTORY), EACCES);
    EXPECT(opened(place, "/", O_RDONLY | O_DIRECTORY), EACCES);
    EXPECT(opened(place, "/dev/null", O_WRONLY), 0);
    EXPECT(opened(place, "/proc/self/statm", O_RDONLY), 0);
    EXPECT(process_memory() > 0, 1);
    EXPECT((int)read(before, &byte, 1), 1);
    EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    return 0;
}

TEST(sandbox_keeps_a_process_to_its_files)
{
    check_child(reach_files);
}

static int follow_links(const struct place *place)
{
    const struct sandbox_place places[] = {{within(place, "settings/link"), SANDBOX_BESIDE}};

    if (sandbox_limit_files(places, 1))
        return CANNOT_LIMIT;
    EXPECT(opened(place, "settings/link", O_RDONLY), 0);
    EXPECT(opened(place, "settings/beside", O_RDONLY), 0);
    EXPECT(opened(place, "other/secret", O_RDONLY), 0);
    EXPECT(opened(place, "data/log/1", O_RDONLY), EACCES);
    return 0;
}

TEST(sandbox_reads_where_a_link_leads)
{
    check_child(follow_links);
}

static void reach_from_thread(void *argument)
{
    const struct place *place = argument;

    EXPECT(opened(place, "data/log/1", O_RDWR), 0);
    EXPECT(opened(place, "other/secret", O_RDONLY), EACCES);
}

static int reach_files_later(const struct place *place)
{
    struct thread *thread;

    if (limit_files(place))
        return CANNOT_LIMIT;
    if (thread_start("later", reach_from_thread, (void *)place, &thread))
        return 2;
    thread_join(thread);
    return 0;
}

TEST(sandbox_holds_for_threads_that_are_started_later)
{
    check_child(reach_files_later);
}

static int refused(long result)
{
    return result < 0 ? errno : 0;
}

static int execute(void)
{
    char *const words[] = {"/bin/true", NULL};

    return refused(execve(words[0], words, NULL));
}

static int other_process(void)
{
    long id = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (id == 0)
        process_stop(0);
    return refused(id);
}

static int protected_later(int protection)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? errno : refused(mprotect(memory, 4096, protection));
}

/* Is an expression still turned into machine code? */
static int compiled_expression(void)
{
    int error;
    PCRE2_SIZE at;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR) "a+b", PCRE2_ZERO_TERMINATED, 0, &error, &at, NULL);
    size_t size = 0;

    if (!code || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == PCRE2_ERROR_JIT_BADOPTION)
        return 1; /* a library without it */
    (void)pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &size);
    pcre2_code_free(code);
    return size > 0;
}

static int core_size(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_CORE, &limit) ? -1 : (int)limit.rlim_cur;
}

static void do_nothing(void *argument)
{
    *(int *)argument = 1;
}

static int started_thread(void)
{
    struct thread *thread;
    int ran = 0;

    if (thread_start("new", do_nothing, &ran, &thread))
        return 0;
    thread_join(thread);
    return ran;
}

static int call_what_is_refused(const struct place *place)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    (void)place;
    if (sandbox_limit_calls())
        return CANNOT_LIMIT;
    EXPECT(execute(), EPERM);
    EXPECT(refused(syscall(SYS_execveat, -1, "/bin/true", NULL, NULL, 0)), EPERM);
    EXPECT(refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)), EPERM);
    EXPECT(refused(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0)), EPERM);
    EXPECT(refused(syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL)), EPERM);
    EXPECT(refused(syscall(SYS_bpf, 0, NULL, 0)), EPERM);
    EXPECT(refused(syscall(SYS_keyctl, 0, 0, 0, 0, 0)), EPERM);
    EXPECT(refused(syscall(SYS_init_module, NULL, 0, "")), EPERM);
    EXPECT(refused(syscall(SYS_unshare, CLONE_NEWUSER)), EPERM);
    EXPECT(refused(syscall(SYS_setuid, 0)), EPERM);
    EXPECT(refused(syscall(SYS_io_uring_setup, 1, NULL)), EPERM);
    EXPECT(refused(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)), EPERM);
    EXPECT(refused(syscall(SYS_memfd_create, "x", 0)), EPERM);
    EXPECT(refused(kill(getppid(), 0)), EPERM);
    EXPECT(refused(listen(listener, 1)), EPERM);
    EXPECT(refused(chmod("/dev/null", 0666)), ENOSYS);
    EXPECT(refused(socket(AF_PACKET, SOCK_RAW, 0)), ENOSYS);
    EXPECT(refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)), ENOSYS);
    EXPECT(other_process(), ENOSYS);
    EXPECT(protected_later(PROT_READ | PROT_EXEC), ENOSYS);
    EXPECT(protected_later(PROT_READ), 0);
    EXPECT(compiled_expression(), 1);
    EXPECT(socket(AF_INET, SOCK_STREAM, 0) >= 0, 1);
    EXPECT(started_thread(), 1);
    EXPECT(core_size(), 0);
    EXPECT(process_memory() > 0, 1);
    return 0;
}

TEST(sandbox_keeps_a_process_to_its_calls)
{
    check_child(call_what_is_refused);
}

struct waiting {
    struct mutex *lock;
    struct condition *changed;
    bool is_limited;
    int result;
};

static void call_when_limited(void *argument)
{
    struct waiting *waiting = argument;

    mutex_lock(waiting->lock);
    while (!waiting->is_limited)
        condition_wait(waiting->changed, waiting->lock);
    waiting->result = execute();
    mutex_unlock(waiting->lock);
}

static int limit_other_threads(const struct place *place)
{
    struct waiting waiting = {mutex_open(), condition_open(), false, 0};
    struct thread *thread;
    enum err err;

    (void)place;
    if (thread_start("earlier", call_when_limited, &waiting, &thread))
        return 1;
    err = sandbox_limit_calls();
    if (err)
        return CANNOT_LIMIT;
    mutex_lock(waiting.lock);
    waiting.is_limited = true;
    condition_signal(waiting.changed);
    mutex_unlock(waiting.lock);
    thread_join(thread);
    return waiting.result == EPERM ? 0 : 2;
}

TEST(sandbox_holds_for_threads_that_run_already)
{
    check_child(limit_other_threads);
}

static bool finds_itself(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;

    if (getaddrinfo("localhost", "80", &hints, &found))
        return false;
    freeaddrinfo(found);
    return true;
}

static int look_up(const struct place *place)
{
    if (limit_files(place) || sandbox_limit_calls())
        return CANNOT_LIMIT;
    if (!finds_itself())
        return 1;
    return opened(place, "/etc/ssl/certs", O_RDONLY | O_DIRECTORY) == EACCES ? 2 : 0;
}

TEST(sandbox_still_finds_hosts_by_name)
{
    if (!finds_itself())
        test_skip(); /* a machine without /etc/hosts */
    check_child(look_up);
}
