/* test_file.c - every world's files behave the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/file.h"
#include "base/random.h"
#include "sys/entropy.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "base/mem.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

struct world {
    struct sys *sys;
    const char *folder; /* an empty one */
};

static const char *under(const struct world *w, const char *name)
{
    return arena_print(test_mem, "%s/%s", w->folder, name).data;
}

static struct file *opened(const struct world *w, const char *name, unsigned modes)
{
    struct file *file = NULL;

    CHECK_OK(file_open(w->sys, under(w, name), modes, &file));
    return file;
}

static void put(const struct world *w, const char *name, const char *content)
{
    struct file *file = opened(w, name, FILE_WRITE | FILE_CREATE);

    CHECK_OK(file_truncate(file, 0));
    CHECK_OK(file_write(file, 0, content, str_of(content).len));
    file_close(file);
}

static void holds(const struct world *w, const char *name, const char *content)
{
    str got;

    CHECK_OK(file_load(w->sys, under(w, name), 1 << 20, test_mem, &got));
    CHECK_STR(got, content);
}

static void reads_what_was_written(const struct world *w)
{
    struct file *file = opened(w, "a", FILE_READ | FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE);
    char got[16];
    size_t len;
    uint64_t size;

    CHECK_OK(file_write(file, 0, "hello", 5));
    CHECK_OK(file_write(file, 3, "p me", 4));
    CHECK_OK(file_read(file, 1, got, sizeof got, &len));
    CHECK_STR(str_from(got, len), "elp me");
    CHECK_OK(file_size(file, &size));
    CHECK_INT(size, 7);
    CHECK_OK(file_sync(file));
    file_close(file);
    holds(w, "a", "help me");
}

static void reading_ends_at_the_end(const struct world *w)
{
    struct file *file;
    char got[8];
    size_t len;

    put(w, "a", "four");
    file = opened(w, "a", FILE_READ);
    CHECK_OK(file_read(file, 4, got, sizeof got, &len));
    CHECK_INT(len, 0);
    CHECK_OK(file_read(file, 400, got, sizeof got, &len));
    CHECK_INT(len, 0);
    CHECK_OK(file_read_all(file, 1, got, 3));
    CHECK_STR(str_from(got, 3), "our");
    CHECK_ERR(ERR_CORRUPT, file_read_all(file, 1, got, 4));
    CHECK_OK(file_read_all(file, 9, got, 0));
    file_will_read(file, 0, 4);
    file_will_pick(file, 1, 2);
    len = file_read_ready(file, 1, got, 3); /* what is there at once, which may be nothing */
    CHECK(len <= 3);
    CHECK(str_equals(str_from(got, len), str_slice(S("our"), 0, len)));
    CHECK_INT(file_read_ready(file, 400, got, 3), 0);
    file_close(file);
}

static void what_was_written_direct_is_read_by_others(const struct world *w)
{
    struct file *file = opened(w, "a", FILE_READ | FILE_WRITE | FILE_CREATE), *reader;
    char *page = mem_alloc_aligned(2 * FILE_PAGE, FILE_PAGE), got[2 * FILE_PAGE];

    CHECK(page != NULL);
    CHECK_OK(file_allocate(file, 4 * FILE_PAGE));
    file_write_direct(file);
    reader = opened(w, "a", FILE_READ);
    for (int round = 1; round <= 2; round++) {
        memset(page, round, 2 * FILE_PAGE);
        CHECK_OK(file_write(file, FILE_PAGE, page, 2 * FILE_PAGE));
        CHECK_OK(file_sync(file));
        CHECK_OK(file_read_all(reader, FILE_PAGE, got, sizeof got));
        CHECK(memcmp(got, page, sizeof got) == 0);
    }
    CHECK_OK(file_read_all(reader, 0, got, FILE_PAGE));
    CHECK_INT(got[FILE_PAGE - 1], 0);
    file_close(reader);
    file_close(file);
    mem_free(page);
}

static void holes_and_reserved_room_read_as_zero(const struct world *w)
{
    struct file *file = opened(w, "a", FILE_READ | FILE_WRITE | FILE_CREATE);
    unsigned char got[10001];
    uint64_t size;

    CHECK_OK(file_write(file, 10000, "x", 1));
    CHECK_OK(file_read_all(file, 0, got, sizeof got));
    for (size_t i = 0; i < 10000; i++)
        CHECK_INT(got[i], 0);
    CHECK_INT(got[10000], 'x');

    CHECK_OK(file_allocate(file, 1 << 20));
    CHECK_OK(file_size(file, &size));
    CHECK_INT(size, 1 << 20);
    CHECK_OK(file_read_all(file, 10000, got, sizeof got));
    CHECK_INT(got[0], 'x');
    for (size_t i = 1; i < sizeof got; i++)
        CHECK_INT(got[i], 0);

    CHECK_OK(file_allocate(file, 100)); /* never shrinks */
    CHECK_OK(file_allocate(file, 0));
    CHECK_OK(file_size(file, &size));
    CHECK_INT(size, 1 << 20);
    file_close(file);
}

static void truncation_forgets_what_lay_beyond(const struct world *w)
{
    struct file *file = opened(w, "a", FILE_READ | FILE_WRITE | FILE_CREATE);
    char data[9000], got[9000];

    memset(data, 'd', sizeof data);
    CHECK_OK(file_write(file, 0, data, sizeof data));
    CHECK_OK(file_truncate(file, 5000));
    CHECK_OK(file_truncate(file, 9000));
    CHECK_OK(file_read_all(file, 0, got, sizeof got));
    CHECK(memcmp(got, data, 5000) == 0);
    for (size_t i = 5000; i < sizeof got; i++)
        CHECK_INT(got[i], 0);
    file_close(file);
}

static void errors_have_their_codes(const struct world *w)
{
    struct file *file;
    str got;

    put(w, "a", "12345");
    CHECK_ERR(ERR_ABSENT, file_open(w->sys, under(w, "b"), FILE_READ, &file));
    CHECK(strstr(err_text(), under(w, "b")) != NULL);
    CHECK_ERR(ERR_ABSENT, file_open(w->sys, under(w, "no/b"), FILE_WRITE | FILE_CREATE, &file));
    CHECK_ERR(ERR_ABSENT, file_open(w->sys, under(w, "a/b"), FILE_READ, &file));
    CHECK_ERR(ERR_CONFLICT,
              file_open(w->sys, under(w, "a"), FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &file));
    CHECK_ERR(ERR_IO, file_open(w->sys, w->folder, FILE_READ, &file));
    CHECK_ERR(ERR_ABSENT, file_remove(w->sys, under(w, "b")));
    CHECK_ERR(ERR_ABSENT, file_rename(w->sys, under(w, "b"), under(w, "c")));
    CHECK_ERR(ERR_ABSENT, file_rename(w->sys, under(w, "a"), under(w, "no/c")));
    CHECK_ERR(ERR_ABSENT, file_load(w->sys, under(w, "b"), 5, test_mem, &got));
    CHECK_ERR(ERR_LIMIT, file_load(w->sys, under(w, "a"), 4, test_mem, &got));
    CHECK_OK(file_load(w->sys, under(w, "a"), 5, test_mem, &got));
    CHECK_ERR(ERR_ABSENT, folder_sync(w->sys, under(w, "no")));
    CHECK_ERR(ERR_ABSENT, folder_make(w->sys, under(w, "no/no")));
    CHECK_ERR(ERR_CONFLICT, folder_make(w->sys, under(w, "a")));
}

static void a_handle_does_only_what_it_was_opened_for(const struct world *w)
{
    struct file *file;
    char got[1];
    size_t len;

    put(w, "a", "x");
    file = opened(w, "a", FILE_READ);
    CHECK_ERR(ERR_IO, file_write(file, 0, "y", 1));
    file_close(file);
    file = opened(w, "a", FILE_WRITE);
    CHECK_ERR(ERR_IO, file_read(file, 0, got, 1, &len));
    file_close(file);
    holds(w, "a", "x");
}

static void rename_replaces(const struct world *w)
{
    struct file *old;
    char got[3];

    put(w, "a", "new");
    put(w, "b", "old");
    old = opened(w, "b", FILE_READ);
    CHECK_OK(file_rename(w->sys, under(w, "a"), under(w, "b")));
    CHECK(!file_exists(w->sys, under(w, "a")));
    holds(w, "b", "new");
    CHECK_OK(file_read_all(old, 0, got, 3)); /* the handle keeps the replaced file */
    CHECK_STR(str_from(got, 3), "old");
    file_close(old);
    CHECK_OK(file_rename(w->sys, under(w, "b"), under(w, "b")));
    holds(w, "b", "new");
}

static void folders_move_with_what_they_hold(const struct world *w)
{
    CHECK_OK(folder_make(w->sys, under(w, "f")));
    CHECK_OK(folder_make(w->sys, under(w, "g")));
    put(w, "f/a", "in f");
    CHECK_ERR(ERR_CONFLICT, folder_remove(w->sys, under(w, "f")));
    CHECK_ERR(ERR_IO, file_rename(w->sys, under(w, "f"), under(w, "f/inside")));
    CHECK_ERR(ERR_IO, file_rename(w->sys, under(w, "f/a"), under(w, "g")));
    CHECK_ERR(ERR_ABSENT, file_rename(w->sys, under(w, "g"), under(w, "f/a")));
    CHECK_ERR(ERR_CONFLICT, file_rename(w->sys, under(w, "g"), under(w, "f")));
    CHECK_OK(file_rename(w->sys, under(w, "f"), under(w, "g"))); /* g is empty */
    holds(w, "g/a", "in f");
    CHECK(!file_exists(w->sys, under(w, "f")));
    CHECK_OK(file_rename(w->sys, under(w, "g/a"), under(w, "a")));
    CHECK_ERR(ERR_ABSENT, folder_remove(w->sys, under(w, "a")));
    CHECK_ERR(ERR_IO, file_remove(w->sys, under(w, "g")));
    CHECK_OK(folder_remove(w->sys, under(w, "g")));
    CHECK_ERR(ERR_ABSENT, folder_remove(w->sys, under(w, "g")));
}

static void a_removed_file_lives_on_in_its_handle(const struct world *w)
{
    struct file *file;
    char got[4];

    put(w, "a", "gone");
    file = opened(w, "a", FILE_READ);
    CHECK_OK(file_remove(w->sys, under(w, "a")));
    CHECK(!file_exists(w->sys, under(w, "a")));
    put(w, "a", "here");
    CHECK_OK(file_read_all(file, 0, got, 4));
    CHECK_STR(str_from(got, 4), "gone");
    file_close(file);
    holds(w, "a", "here");
}

static void names_are_listed_by_bytes(const struct world *w)
{
    static const char *const want[] = {"B", "a", "aa", "b.log", "f", "\xc3\xa4"};
    str *names;
    size_t count;

    CHECK_OK(folder_list(w->sys, w->folder, test_mem, &names, &count));
    CHECK_INT(count, 0);
    put(w, "b.log", "");
    put(w, "\xc3\xa4", "");
    put(w, "aa", "");
    put(w, "a", "");
    put(w, "B", "");
    CHECK_OK(folder_make(w->sys, under(w, "f")));
    CHECK_OK(folder_make(w->sys, under(w, "f"))); /* once more is fine */
    put(w, "f/not-listed", "");
    CHECK_OK(folder_list(w->sys, w->folder, test_mem, &names, &count));
    CHECK_INT(count, sizeof want / sizeof want[0]);
    for (size_t i = 0; i < count; i++)
        CHECK_STR(names[i], want[i]);
    CHECK_ERR(ERR_ABSENT, folder_list(w->sys, under(w, "no"), test_mem, &names, &count));
    CHECK_OK(folder_sync(w->sys, w->folder));
}

static void a_lock_keeps_others_out_until_closed(const struct world *w)
{
    struct file *first, *second;

    put(w, "lock", "");
    first = opened(w, "lock", FILE_READ | FILE_WRITE);
    second = opened(w, "lock", FILE_READ | FILE_WRITE);
    CHECK_OK(file_lock(first));
    CHECK_OK(file_lock(first));
    CHECK_ERR(ERR_CONFLICT, file_lock(second));
    file_close(first);
    CHECK_OK(file_lock(second));
    file_close(second);
}

static void replace_leaves_only_the_new_content(const struct world *w)
{
    str *names;
    size_t count;

    put(w, "a.new", "left over from a crash, and long");
    CHECK_OK(file_replace(w->sys, under(w, "a"), S("one")));
    holds(w, "a", "one");
    CHECK_OK(file_replace(w->sys, under(w, "a"), S("")));
    holds(w, "a", "");
    CHECK_OK(folder_list(w->sys, w->folder, test_mem, &names, &count));
    CHECK_INT(count, 1);
    CHECK_ERR(ERR_ABSENT, file_replace(w->sys, under(w, "no/a"), S("x")));
    CHECK_OK(folder_make(w->sys, under(w, "f")));
    CHECK_ERR(ERR_IO, file_replace(w->sys, under(w, "f"), S("x")));
    CHECK(strstr(err_text(), "f.new") != NULL); /* the first failure's sentence */
    CHECK(!file_exists(w->sys, under(w, "f.new")));
}

static void there_is_room(const struct world *w)
{
    uint64_t bytes = 0;

    CHECK_OK(folder_room(w->sys, w->folder, &bytes));
    CHECK(bytes > 0);
    CHECK_ERR(ERR_ABSENT, folder_room(w->sys, under(w, "no"), &bytes));
}

static const struct {
    const char *name;
    void (*run)(const struct world *w);
} cases[] = {
    {"reads_what_was_written", reads_what_was_written},
    {"reading_ends_at_the_end", reading_ends_at_the_end},
    {"what_was_written_direct_is_read_by_others", what_was_written_direct_is_read_by_others},
    {"holes_and_reserved_room_read_as_zero", holes_and_reserved_room_read_as_zero},
    {"truncation_forgets_what_lay_beyond", truncation_forgets_what_lay_beyond},
    {"errors_have_their_codes", errors_have_their_codes},
    {"a_handle_does_only_what_it_was_opened_for", a_handle_does_only_what_it_was_opened_for},
    {"rename_replaces", rename_replaces},
    {"folders_move_with_what_they_hold", folders_move_with_what_they_hold},
    {"a_removed_file_lives_on_in_its_handle", a_removed_file_lives_on_in_its_handle},
    {"names_are_listed_by_bytes", names_are_listed_by_bytes},
    {"a_lock_keeps_others_out_until_closed", a_lock_keeps_others_out_until_closed},
    {"replace_leaves_only_the_new_content", replace_leaves_only_the_new_content},
    {"there_is_room", there_is_room},
};

static void clear(struct sys *sys, const char *folder)
{
    str *names;
    size_t count;

    CHECK_OK(folder_list(sys, folder, test_mem, &names, &count));
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_print(test_mem, "%s/%.*s", folder, STR_ARG(names[i])).data;
        if (file_remove(sys, path) != OK) {
            clear(sys, path);
            CHECK_OK(folder_remove(sys, path));
        }
    }
}

static struct world real_world(void)
{
    const char *base = getenv("TMPDIR");
    uint64_t id;
    struct world w = {.sys = sys_real()};

    entropy_fill(w.sys, &id, sizeof id);
    w.folder = arena_print(test_mem, "%s/myriad-test-%llx", base && *base ? base : "/tmp",
                           (unsigned long long)id)
                   .data;
    CHECK_OK(folder_make(w.sys, w.folder));
    return w;
}

TEST(the_real_files_behave)
{
    struct world w = real_world();

    EACH_CASE(c, cases)
    {
        print_message("  %s\n", c->name);
        c->run(&w);
        clear(w.sys, w.folder);
    }
    CHECK_OK(folder_remove(w.sys, w.folder));
}

TEST(the_simulated_files_behave)
{
    EACH_CASE(c, cases)
    {
        struct world w = {sim_open(1), "/folder"};
        print_message("  %s\n", c->name);
        CHECK_OK(folder_make(w.sys, w.folder));
        c->run(&w);
        sim_close(w.sys);
    }
}

/* An interruption and a part of a transfer are not seen from outside. */
TEST(the_simulated_files_behave_under_small_faults)
{
    static const enum sim_fault faults[] = {SIM_EINTR, SIM_SHORT};

    EACH_CASE(fault, faults)
    EACH_CASE(c, cases)
    {
        uint64_t operations = 1000;
        for (uint64_t at = 2; at <= operations; at++) {
            struct world w = {sim_open(at), "folder"};
            CHECK_OK(folder_make(w.sys, w.folder));
            sim_fail_at(w.sys, at, *fault);
            c->run(&w);
            operations = sim_operations(w.sys);
            sim_close(w.sys);
        }
    }
}

/* One random step; the same in every world. */
static enum err step(const struct world *w, random_state *state)
{
    static const char *const names[] = {"a", "b", "f", "f/a", "f/b", "g", "g/a", "f/g", "f/g/a"};
    const char *path = under(w, names[random_below(state, 9)]);
    const char *other = under(w, names[random_below(state, 9)]);
    uint64_t at = random_below(state, 20000), len = random_below(state, 9000) + 1;
    static char data[9000];
    struct file *file;
    enum err err;

    memset(data, (int)random_below(state, 256), sizeof data);
    switch (random_below(state, 8)) {
    case 0:
        return file_rename(w->sys, path, other);
    case 1:
        return file_remove(w->sys, path);
    case 2:
        return folder_remove(w->sys, path);
    case 3:
        return folder_make(w->sys, path);
    case 4:
        return folder_sync(w->sys, path);
    default:
        TRY(file_open(w->sys, path, FILE_WRITE | FILE_CREATE, &file));
        err = file_write(file, at, data, len);
        if (!err && at % 3 == 0)
            err = file_truncate(file, len * 2);
        if (!err && at % 5 == 0)
            err = file_allocate(file, at + len);
        if (!err && at % 7 == 0)
            err = file_sync(file);
        file_close(file);
        return err;
    }
}

static void same(const struct world *a, const struct world *b)
{
    str *names_a, *names_b, content_a, content_b;
    size_t count_a, count_b;

    CHECK_OK(folder_list(a->sys, a->folder, test_mem, &names_a, &count_a));
    CHECK_OK(folder_list(b->sys, b->folder, test_mem, &names_b, &count_b));
    CHECK_INT(count_a, count_b);
    for (size_t i = 0; i < count_a; i++) {
        struct world in_a = {a->sys, under(a, names_a[i].data)};
        struct world in_b = {b->sys, under(b, names_b[i].data)};
        CHECK_STR(names_a[i], names_b[i].data);
        enum err err = file_load(in_a.sys, in_a.folder, 1 << 20, test_mem, &content_a);
        CHECK_INT(file_load(in_b.sys, in_b.folder, 1 << 20, test_mem, &content_b), err);
        if (err)
            same(&in_a, &in_b); /* a folder */
        else
            CHECK(str_equals(content_a, content_b));
    }
}

TEST(the_worlds_agree_on_a_random_life)
{
    struct world real = real_world(), simulated = {sim_open(1), "folder"};
    random_state state_real = {5}, state_simulated = {5};

    CHECK_OK(folder_make(simulated.sys, simulated.folder));
    for (int i = 0; i < 1500; i++) {
        enum err want = step(&real, &state_real);
        CHECK_ERR(want, step(&simulated, &state_simulated));
        if (i % 50 == 0)
            same(&real, &simulated);
    }
    same(&real, &simulated);
    clear(real.sys, real.folder);
    CHECK_OK(folder_remove(real.sys, real.folder));
    sim_close(simulated.sys);
}
