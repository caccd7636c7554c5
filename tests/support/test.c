/* test.c - runs the registered tests by cmocka and counts them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * unit_tests [PATTERN [I/N]]   PATTERN is cmocka's filter: * and ? as in a shell; I/N takes of all
 *                              tests the I-th, (I+N)-th ..., so that N processes share them
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TESTS = 4096 };

struct entry {
    const char *name;
    void (*run)(void);
};

struct arena *test_mem;

static struct entry entries[MOST_TESTS];
static struct CMUnitTest tests[MOST_TESTS];
static size_t count;
static size_t started, passed, skipped;

void test_register(const char *name, void (*run)(void))
{
    if (count == MOST_TESTS)
        abort();
    entries[count++] = (struct entry){name, run};
}

static int set_up(void **state)
{
    (void)state;
    started++;
    test_mem = arena_open(256u << 20);
    return test_mem ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_close(test_mem);
    test_mem = NULL;
    return 0;
}

static void run_one(void **state)
{
    const struct entry *entry = *state;

    entry->run();
    passed++;
}

void test_check_ok(enum err err, const char *call, const char *file, int line)
{
    if (err) {
        print_error("%s: %s: %s\n", call, err_name(err), err_text());
        _fail(file, line);
    }
}

void test_check_err(enum err want, enum err got, const char *call, const char *file, int line)
{
    if (got != want) {
        print_error("%s: wanted %s, got %s (%s)\n", call, err_name(want), err_name(got),
                    err_text());
        _fail(file, line);
    }
}

void test_check_str(str got, str want, const char *file, int line)
{
    if (!str_equals(got, want)) {
        print_error("wanted \"%.*s\", got \"%.*s\"\n", STR_ARG(want), STR_ARG(got));
        _fail(file, line);
    }
}

void test_skip(void)
{
    skipped++;
    skip();
}

const char *test_data(void)
{
    const char *folder = getenv("MYRIAD_TEST_DATA");

    if (!folder || !*folder)
        test_skip();
    return folder;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* How many of the entries there are for this process; they are put into `tests`. */
static size_t choose(size_t share, size_t shares)
{
    size_t chosen = 0;

    for (size_t i = share - 1; i < count; i += shares)
        tests[chosen++] =
            (struct CMUnitTest){entries[i].name, run_one, set_up, tear_down, &entries[i]};
    return chosen;
}

int main(int argc, char **argv)
{
    size_t share = 1, shares = 1;

    if (argc > 2 &&
        (sscanf(argv[2], "%zu/%zu", &share, &shares) != 2 || !share || share > shares)) {
        fprintf(stderr, "usage: unit_tests [PATTERN [I/N]]\n");
        return 2;
    }
    qsort(entries, count, sizeof entries[0], by_name);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    _cmocka_run_group_tests("unit", tests, choose(share, shares), NULL, NULL);
    printf("%zu passed, %zu failed, %zu skipped\n", passed, started - passed - skipped, skipped);
    fflush(stdout); /* a leak found at exit must not swallow the count */
    return started == passed + skipped ? 0 : 1;
}
