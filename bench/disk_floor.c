/* disk_floor.c - what one sync costs on this disk, whatever the program: the floor under an answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   disk_floor FILE [TIMES]
 *
 * Writes 4 KiB and 1 MiB at a time into a preallocated file, one after the other, and syncs each
 * (fdatasync). Prints one JSON object with median and p99 in milliseconds. Leaves the file.
 */
#include "base/mem.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/stream.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 4 << 10, LARGE = 1 << 20, MOST_TIMES = 1000 };

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* Times `count` writes of `size` bytes from `start` on. */
static fallible measure(struct file *file, const char *bytes, size_t size, uint64_t start,
                        int64_t *times, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t before = clock_mono_ns(sys_real());

        TRY(file_write(file, start + i * size, bytes, size));
        TRY(file_sync(file));
        times[i] = clock_mono_ns(sys_real()) - before;
    }
    qsort(times, count, sizeof *times, by_size);
    return OK;
}

static fallible run(const char *path, size_t count, char *bytes, int64_t *times, struct buf *out)
{
    static const size_t sizes[] = {SMALL, LARGE};
    static const char *const names[] = {"4k", "1m"};
    struct file *file;
    enum err err;
    uint64_t start = 0;

    TRY(file_open(sys_real(), path, FILE_READ | FILE_WRITE | FILE_CREATE, &file));
    err = file_allocate(file, count * (SMALL + LARGE));
    if (!err)
        err = file_sync(file);
    for (size_t i = 0; !err && i < 2; i++) {
        err = measure(file, bytes, sizes[i], start, times, count);
        start += count * sizes[i];
        buf_print(out, "%s\"p50_%s_ms\":%.3f,\"p99_%s_ms\":%.3f", i ? "," : "{", names[i],
                  (double)times[count / 2] / 1e6, names[i], (double)times[count * 99 / 100] / 1e6);
    }
    buf_add(out, S("}\n"));
    file_close(file);
    return err;
}

int main(int argc, char **argv)
{
    uint64_t count = 200;
    char *bytes = mem_alloc(LARGE);
    int64_t *times = mem_alloc(MOST_TIMES * sizeof *times);
    struct buf out = {0};
    bool is_done;

    if (argc < 2 || (argc > 2 && !str_to_u64(str_of(argv[2]), &count)) || !count ||
        count > MOST_TIMES) {
        fprintf(stderr, "usage: disk_floor FILE [TIMES]\n");
        return 2;
    }
    if (bytes)
        memset(bytes, 'x', LARGE);
    is_done = bytes && times && run(argv[1], count, bytes, times, &out) == OK &&
              stream_write(STREAM_OUT, buf_str(&out)) == OK;
    if (!is_done)
        fprintf(stderr, "disk_floor: %s\n", err_text());
    buf_done(&out);
    mem_free(times);
    mem_free(bytes);
    return is_done ? 0 : 1;
}
