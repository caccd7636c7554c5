/* test_outfile.c - a file takes its name when it is whole, whatever fails or when power goes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/outfile.h"

#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"

static str content(struct sys *sys, const char *path)
{
    str text = {NULL, 0};

    if (!file_exists(sys, path))
        return S("none");
    CHECK_OK(file_load(sys, path, 100, test_mem, &text));
    return text;
}

static enum err write_file(struct sys *sys)
{
    struct outfile out;
    enum err err = outfile_init(sys, "folder/result", &out);

    if (!err)
        err = outfile_write(&out, S("new "));
    if (!err)
        err = outfile_write(&out, S("content"));
    if (!err)
        err = outfile_finish(&out);
    outfile_done(&out);
    return err;
}

static struct sys *with_old(void)
{
    struct sys *sys = sim_open(3);

    CHECK_OK(folder_make(sys, "folder"));
    CHECK_OK(file_replace(sys, "folder/result", S("old")));
    CHECK_OK(folder_sync(sys, "."));
    return sys;
}

TEST(outfile_stands_beside_its_place_until_it_is_finished)
{
    struct sys *sys = with_old();
    struct outfile out, second;

    CHECK_OK(outfile_init(sys, "folder/result", &out));
    CHECK_OK(outfile_write(&out, S("new")));
    CHECK_STR(content(sys, "folder/result"), "old");
    CHECK_STR(content(sys, "folder/result.part"), "new");
    CHECK_ERR(ERR_CONFLICT, outfile_init(sys, "folder/result", &second));
    outfile_done(&second);
    CHECK_STR(content(sys, "folder/result.part"), "new");
    CHECK_OK(outfile_finish(&out));
    outfile_done(&out);
    CHECK_STR(content(sys, "folder/result"), "new");
    CHECK(!file_exists(sys, "folder/result.part"));
    sim_close(sys);
}

TEST(outfile_that_is_not_finished_leaves_nothing)
{
    struct sys *sys = with_old();
    struct outfile out;

    CHECK_OK(outfile_init(sys, "folder/result", &out));
    CHECK_OK(outfile_write(&out, S("new")));
    outfile_done(&out);
    CHECK_STR(content(sys, "folder/result"), "old");
    CHECK(!file_exists(sys, "folder/result.part"));
    sim_close(sys);
}

TEST(outfile_does_not_take_what_an_earlier_one_left)
{
    struct sys *sys = with_old();

    CHECK_OK(file_replace(sys, "folder/result.part", S("left by a process that was killed")));
    CHECK_OK(write_file(sys));
    CHECK_STR(content(sys, "folder/result"), "new content");
    sim_close(sys);
}

static bool is_old_or_new(str text)
{
    return str_equals(text, S("old")) || str_equals(text, S("new content"));
}

TEST(outfile_keeps_the_old_or_the_new_content_whatever_fails)
{
    for (uint64_t step = 1; step <= 20; step++) {
        struct sys *sys = with_old();
        enum err err;

        sim_fail_at(sys, sim_operations(sys) + step, SIM_EIO);
        err = write_file(sys);
        sim_fail_at(sys, 0, SIM_EIO);
        CHECK(is_old_or_new(content(sys, "folder/result")));
        if (!err)
            CHECK_STR(content(sys, "folder/result"), "new content");
        sim_close(sys);
    }
}

TEST(outfile_is_whole_after_power_was_lost)
{
    for (uint64_t step = 1; step <= 20; step++)
        for (uint64_t seed = 0; seed < 8; seed++) {
            struct sys *sys = with_old();
            enum err err;

            sim_stop_at(sys, sim_operations(sys) + step);
            err = write_file(sys);
            sim_lose_power(sys, seed ? SIM_REORDERED : SIM_CLEAN, seed);
            CHECK(is_old_or_new(content(sys, "folder/result")));
            if (!err)
                CHECK_STR(content(sys, "folder/result"), "new content");
            sim_close(sys);
        }
}
