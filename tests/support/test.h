/* test.h - what every test includes: TEST, CHECK_*, EACH_CASE.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A test registers itself; its name is a sentence of behaviour. `test_mem` is an arena of its own
 * that the runner frees. A failed CHECK ends the test.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

extern struct arena *test_mem;

void test_register(const char *name, void (*run)(void));
void test_check_ok(enum err err, const char *call, const char *file, int line);
void test_check_err(enum err want, enum err got, const char *call, const char *file, int line);
void test_check_str(str got, str want, const char *file, int line);
/* Ends the test and counts it as skipped: this machine cannot run it. */
void test_skip(void);
/* The folder of reference data (MYRIAD_TEST_DATA); without it the test is counted as skipped. */
const char *test_data(void);

#define TEST(name)                                                                                 \
    static void name(void);                                                                        \
    __attribute__((constructor)) static void register_##name(void)                                 \
    {                                                                                              \
        test_register(#name, name);                                                                \
    }                                                                                              \
    static void name(void)

#define CHECK(condition) assert_true(condition)
#define CHECK_INT(got, want) assert_int_equal((intmax_t)(got), (intmax_t)(want))
#define CHECK_OK(call) test_check_ok((call), #call, __FILE__, __LINE__)
#define CHECK_ERR(want, call) test_check_err((want), (call), #call, __FILE__, __LINE__)
#define CHECK_STR(got, want) test_check_str((got), str_of(want), __FILE__, __LINE__)
#define EACH_CASE(c, cases)                                                                        \
    for (__typeof__(&(cases)[0]) c = (cases); c < (cases) + sizeof(cases) / sizeof((cases)[0]); c++)
