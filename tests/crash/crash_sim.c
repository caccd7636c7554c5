/* crash_sim.c - power loss, faults and bit damage at every place of a simulated workspace's life.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * crash_sim sweep [--points N] [--seed S]    power goes at operation k, for k x losses x seeds
 * crash_sim faults [--points N] [--seed S]   operation k fails in each way, allocation k finds none
 * crash_sim flips [--count N] [--seed S]     single bits flip in what is live on the disk
 *
 * With --enough N it stops at the Nth failure. One line "N passed, N failed, N skipped" at the end;
 * exit 1 when something failed.
 */
#include "base/mem.h"
#include "base/random.h"
#include "crash/crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SAID = 10 };

static int finish(const struct crash_run *run)
{
    printf("%llu passed, %llu failed, 0 skipped\n", (unsigned long long)run->passed,
           (unsigned long long)run->failed);
    return run->failed ? 1 : 0;
}

void crash_result(struct crash_run *run, bool is_good, const char *about, uint64_t seed,
                  struct drive *drive)
{
    if (is_good) {
        run->passed++;
    } else {
        run->failed++;
        if (run->failed <= MOST_SAID)
            fprintf(stderr, "seed %llu, %s: %.*s\n", (unsigned long long)seed, about,
                    STR_ARG(buf_str(&drive->trouble)));
    }
    if (isatty(2) && (run->passed + run->failed) % 100 == 0)
        fprintf(stderr, "\r%llu of %llu ", (unsigned long long)(run->passed + run->failed),
                (unsigned long long)run->points);
    if (run->enough && run->failed >= run->enough)
        exit(finish(run));
}

static bool read_number(int argc, char **argv, int *at, const char *name, uint64_t *out)
{
    if (strcmp(argv[*at], name) != 0 || *at + 1 >= argc || !str_to_u64(str_of(argv[*at + 1]), out))
        return false;
    ++*at;
    return true;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct crash_run *run);
        uint64_t points;
    } modes[] = {
        {"sweep", crash_sweep, 500}, {"faults", crash_faults, 2000}, {"flips", crash_flips, 100}};
    struct crash_run run = {.seed = 1};

    for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(argv[1], modes[i].name) != 0)
            continue;
        run.points = modes[i].points;
        for (int at = 2; at < argc; at++)
            if (!read_number(argc, argv, &at, "--points", &run.points) &&
                !read_number(argc, argv, &at, "--count", &run.points) &&
                !read_number(argc, argv, &at, "--enough", &run.enough) &&
                !read_number(argc, argv, &at, "--seed", &run.seed))
                goto misused;
        modes[i].run(&run);
        return finish(&run);
    }
misused:
    fprintf(stderr, "usage: crash_sim sweep|faults|flips [--points N] [--seed S]\n");
    return 2;
}
