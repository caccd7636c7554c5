/* test_datadir.c - making, taking and refusing data folders.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/datadir.h"

#include "base/hash.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/sim.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(struct sys *sys, const char *path, str content)
{
    CHECK_OK(file_replace(sys, path, content));
}

static void put_format(struct sys *sys, const char *path, const char *lines)
{
    str sum = arena_print(test_mem, "checksum %016llx\n",
                          (unsigned long long)hash_checksum(lines, strlen(lines)));

    put(sys, path, arena_print(test_mem, "%s%.*s", lines, STR_ARG(sum)));
}

TEST(datadir_is_made_with_all_its_parts)
{
    static const char *const parts[] = {"d/catalog.db", "d/log", "d/columns", "d/keys", "d/seen"};
    struct sys *sys = sim_open(1);
    struct datadir *datadir;

    CHECK_OK(datadir_create(sys, "d"));
    CHECK_OK(datadir_open(sys, "d", &datadir));
    CHECK_STR(str_of(datadir_root(datadir)), "d");
    for (int i = DATADIR_CATALOG; i <= DATADIR_SEEN; i++) {
        const char *part = datadir_path(datadir, (enum datadir_part)i, test_mem);

        CHECK_STR(str_of(part), parts[i]);
        CHECK_INT(file_exists(sys, part), i != DATADIR_CATALOG);
    }
    datadir_close(datadir);
    sim_close(sys);
}

TEST(datadir_is_made_only_in_an_empty_folder)
{
    static const char *const there[] = {"d/photo.jpg", "d/log/00000001.log", "d/myriad.format",
                                        "d/catalog.db"};

    EACH_CASE(path, there)
    {
        struct sys *sys = sim_open(1);
        uint64_t digest;

        CHECK_OK(folder_make(sys, "d"));
        CHECK_OK(folder_make(sys, "d/log"));
        put(sys, *path, S("mine"));
        digest = sim_digest(sys);
        CHECK_ERR(ERR_CONFLICT, datadir_create(sys, "d"));
        CHECK(digest == sim_digest(sys));
        sim_close(sys);
    }
}

TEST(datadir_is_not_made_twice)
{
    struct sys *sys = sim_open(1);

    CHECK_OK(datadir_create(sys, "d"));
    CHECK_ERR(ERR_CONFLICT, datadir_create(sys, "d"));
    CHECK_ERR(ERR_ABSENT, datadir_create(sys, "no/d"));
    sim_close(sys);
}

TEST(datadir_lasts_once_it_is_made_and_can_be_made_again_before)
{
    static const enum sim_loss losses[] = {SIM_CLEAN, SIM_KEPT, SIM_TORN, SIM_REORDERED};
    struct sys *sys = sim_open(1);
    struct datadir *datadir;
    uint64_t operations;

    CHECK_OK(datadir_create(sys, "d"));
    operations = sim_operations(sys);
    sim_close(sys);
    for (uint64_t at = 1; at <= operations + 1; at++)
        for (uint64_t seed = 0; seed < 16; seed++) {
            enum err made, opened;

            sys = sim_open(1);
            sim_stop_at(sys, at);
            made = datadir_create(sys, "d");
            CHECK_INT(made == OK, at > operations);
            sim_lose_power(sys, losses[seed % 4], seed * 31 + at);
            opened = datadir_open(sys, "d", &datadir);
            if (!made)
                CHECK_INT(opened, OK);
            if (opened) {
                CHECK_INT(opened, ERR_ABSENT);
                CHECK_OK(datadir_create(sys, "d"));
                CHECK_OK(datadir_open(sys, "d", &datadir));
            }
            for (int i = DATADIR_LOG; i <= DATADIR_SEEN; i++)
                CHECK(file_exists(sys, datadir_path(datadir, (enum datadir_part)i, test_mem)));
            datadir_close(datadir);
            sim_close(sys);
        }
}

TEST(datadir_of_another_program_is_refused_and_stays_as_it_is)
{
    static const struct {
        const char *text;
        bool is_summed;
        enum err want;
        const char *says;
    } cases[] = {
        {"myriad data folder\nformat 2\nmade by myriad 9.0\n", true, ERR_CONFLICT,
         "the data was written by a newer Myriad (format 2, this program knows up to 1): use that "
         "version"},
        {"myriad data folder\nformat 77\nshape round\n", true, ERR_CONFLICT, "format 77"},
        {"myriad data folder\nformat 1\nmade by myriad 0.1.0\nchecksum 0\n", false, ERR_CORRUPT,
         "checksum"},
        {"myriad data folder\nformat one\n", true, ERR_CORRUPT, "format"},
        {"another\n", true, ERR_CORRUPT, "first line"},
        {"", false, ERR_CORRUPT, "first line"},
    };

    EACH_CASE(c, cases)
    {
        struct sys *sys = sim_open(1);
        struct datadir *datadir;
        uint64_t digest;

        CHECK_OK(datadir_create(sys, "d"));
        if (c->is_summed)
            put_format(sys, "d/myriad.format", c->text);
        else
            put(sys, "d/myriad.format", str_of(c->text));
        digest = sim_digest(sys);
        CHECK_ERR(c->want, datadir_open(sys, "d", &datadir));
        CHECK(str_contains(str_of(err_text()), str_of(c->says)));
        CHECK(digest == sim_digest(sys));
        sim_close(sys);
    }
}

TEST(datadir_notices_every_flipped_bit_of_its_format)
{
    struct sys *sys = sim_open(1);
    struct datadir *datadir;
    str text;

    CHECK_OK(datadir_create(sys, "d"));
    CHECK_OK(file_load(sys, "d/myriad.format", 4096, test_mem, &text));
    CHECK(text.len > 60);
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        CHECK_OK(sim_flip(sys, "d/myriad.format", bit / 8, (unsigned)(bit % 8)));
        CHECK_ERR(ERR_CORRUPT, datadir_open(sys, "d", &datadir));
        CHECK_OK(sim_flip(sys, "d/myriad.format", bit / 8, (unsigned)(bit % 8)));
    }
    sim_close(sys);
}

TEST(datadir_that_is_none_is_absent)
{
    struct sys *sys = sim_open(1);
    struct datadir *datadir;

    CHECK_ERR(ERR_ABSENT, datadir_open(sys, "nowhere", &datadir));
    CHECK_OK(folder_make(sys, "d"));
    CHECK_ERR(ERR_ABSENT, datadir_open(sys, "d", &datadir));
    sim_close(sys);
}

/* In a process of its own: opens the folder and reports by its exit status. */
static int open_in_child(const char *path)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct datadir *datadir;
        enum err err = datadir_open(sys_real(), path, &datadir);
        char id[32];

        snprintf(id, sizeof id, "process %d ", (int)getppid());
        if (err == ERR_CONFLICT && !str_contains(str_of(err_text()), str_of(id)))
            _exit(100);
        _exit((int)err);
    }
    CHECK(child > 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(datadir_is_held_by_one_process_whose_id_the_others_learn)
{
    char root[] = "/tmp/myriad-datadir-XXXXXX";
    static const char *const inner[] = {"/d/log",  "/d/columns",       "/d/keys", "/d/seen",
                                        "/d/lock", "/d/myriad.format", "/d",      ""};
    struct datadir *datadir;
    const char *path;

    CHECK(mkdtemp(root) != NULL);
    path = arena_print(test_mem, "%s/d", root).data;
    CHECK_OK(datadir_create(sys_real(), path));
    CHECK_INT(open_in_child(path), OK);
    CHECK_OK(datadir_open(sys_real(), path, &datadir));
    CHECK_INT(open_in_child(path), ERR_CONFLICT);
    datadir_close(datadir);
    CHECK_INT(open_in_child(path), OK);
    EACH_CASE(name, inner)
    CHECK_INT(remove(arena_print(test_mem, "%s%s", root, *name).data), 0);
}
