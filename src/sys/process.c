/* process.c - this process, as the operating system sees it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/process.h"

#include "base/str.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

int process_id(void)
{
    return (int)getpid();
}

/* What the kernel tells in a file; empty where it does not. */
static str read_told(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, room);

    if (fd >= 0)
        close(fd);
    return str_from(text, len > 0 ? (size_t)len : 0);
}

/* The second number of statm, in pages. */
uint64_t process_memory(void)
{
    char text[128];
    str rest = read_told("/proc/self/statm", text, sizeof text);
    uint64_t pages;

    str_cut(&rest, ' ');
    return str_to_u64(str_cut(&rest, ' '), &pages) ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* Of a file of lines "Name:  number kB". */
uint64_t process_memory_left(void)
{
    char text[4096];
    str rest = read_told("/proc/meminfo", text, sizeof text);
    uint64_t number;

    while (rest.len) {
        str line = str_cut(&rest, '\n'), name = str_cut(&line, ':');

        line = str_trim(line);
        if (str_equals(name, S("MemAvailable")))
            return str_to_u64(str_cut(&line, ' '), &number) ? number << 10 : 0;
    }
    return 0;
}

int64_t process_cpu_ns(void)
{
    struct timespec spent;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return spent.tv_sec * INT64_C(1000000000) + spent.tv_nsec;
}

uint64_t process_allow_files(uint64_t count)
{
    struct rlimit limit, wider;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    wider = limit;
    wider.rlim_cur = count < limit.rlim_max ? count : limit.rlim_max;
    if (wider.rlim_cur > limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &wider) == 0)
        limit = wider;
    return limit.rlim_cur;
}

void process_stop(int status)
{
    _exit(status);
}
