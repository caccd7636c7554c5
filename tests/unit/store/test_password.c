/* test_password.c - rules for passwords, and their hashes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/password.h"

#include "support/test.h"
#include "sys/sim.h"
#include "sys/thread.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

static const struct password_cost CHEAP = {1, 8192};

static struct password_room *open_room(struct sys *sys)
{
    struct password_room *room;

    CHECK_OK(password_room_open(sys, &CHEAP, &room));
    return room;
}

TEST(password_is_refused_for_what_anybody_tries)
{
    static const struct {
        const char *password;
        enum err want;
    } cases[] = {
        {"", ERR_INVALID},
        {"nine char", ERR_INVALID},
        {"ten chars!", OK},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", ERR_INVALID}, /* eight bytes, four characters */
        {"\xe6\x98\x8e\xe5\xa4\xa9\xe4\xbd\xa0\xe5\xa5\xbd\xe6\x98\x8e\xe5\xa4\xa9"
         "\xe4\xbd\xa0\xe5\xa5\xbd\xe5\x90\x97\xe5\x95\x8a",
         OK},
        {"aaaaaaaaaaaaaaa", ERR_INVALID},
        {"abababababab", ERR_INVALID},
        {"abcdefghijklmn", ERR_INVALID},
        {"0123456789012345", ERR_INVALID},
        {"nmlkjihgfedcba", ERR_INVALID},
        {"password123", ERR_INVALID},
        {"PassWord123", ERR_INVALID},
        {"password124 of mine", OK},
        {"ann@shop.example", ERR_INVALID},
        {"ANN@SHOP.example", ERR_INVALID},
        {"shop.example", ERR_INVALID},
        {"not of ann@shop.example", OK},
        {"bad \xff bytes here", ERR_INVALID},
        {"    spaces    count    ", OK},
    };
    char longest[4 * PASSWORD_MOST];

    EACH_CASE(c, cases)
    CHECK_INT(password_check(str_of(c->password), S("ann@shop.example")), c->want);
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = "correct horse"[i % 13];
    CHECK_OK(password_check((str){longest, PASSWORD_MOST}, S("a@b")));
    CHECK_ERR(ERR_INVALID, password_check((str){longest, PASSWORD_MOST + 1}, S("a@b")));
    CHECK_ERR(ERR_INVALID, password_check(S("ten chars\0 and a NUL"), S("a@b")));
}

TEST(password_hash_is_argon2id_and_never_the_same)
{
    struct sys *sys = sim_open(1);
    struct password_room *room = open_room(sys);
    char one[PASSWORD_TEXT], other[PASSWORD_TEXT];
    bool is_right;

    CHECK_OK(password_hash(room, S("a passphrase"), one));
    CHECK_OK(password_hash(room, S("a passphrase"), other));
    CHECK(str_starts(str_of(one), S("$argon2id$v=19$m=8,t=1,p=1$")));
    CHECK(!str_equals(str_of(one), str_of(other)));
    /* what anybody's argon2id takes */
    CHECK_INT(crypto_pwhash_str_verify(one, "a passphrase", 12), 0);
    CHECK_OK(password_verify(room, str_of(one), S("a passphrase"), &is_right));
    CHECK(is_right);
    CHECK_OK(password_verify(room, str_of(one), S("a passphrasf"), &is_right));
    CHECK(!is_right);
    CHECK_OK(password_verify(room, (str){NULL, 0}, S("a passphrase"), &is_right));
    CHECK(!is_right);
    CHECK_OK(password_verify(room, (str){NULL, 0}, S(""), &is_right));
    CHECK(!is_right);
    password_room_close(room);
    sim_close(sys);
}

struct crowd {
    struct password_room *room;
    atomic_int inside, most, refused, done;
};

static void come(void *argument)
{
    struct crowd *crowd = argument;

    for (int i = 0; i < 200; i++) {
        int inside, most;

        if (password_enter(crowd->room) != OK) {
            atomic_fetch_add(&crowd->refused, 1);
            continue;
        }
        inside = atomic_fetch_add(&crowd->inside, 1) + 1;
        most = atomic_load(&crowd->most);
        while (inside > most && !atomic_compare_exchange_weak(&crowd->most, &most, inside))
            ;
        atomic_fetch_add(&crowd->done, 1);
        atomic_fetch_sub(&crowd->inside, 1);
        password_leave(crowd->room);
    }
}

TEST(password_room_has_one_inside_and_refuses_a_crowd)
{
    struct sys *sys = sim_open(1);
    struct crowd crowd = {.room = open_room(sys)};
    struct thread *threads[4];

    CHECK_OK(password_enter(crowd.room));
    for (int i = 0; i < 4; i++)
        CHECK_OK(thread_start("crowd", come, &crowd, &threads[i]));
    while (atomic_load(&crowd.refused) < 3 * 200 - 200) /* one waits, the others are sent away */
        ;
    password_leave(crowd.room);
    for (int i = 0; i < 4; i++)
        thread_join(threads[i]);
    CHECK_INT(crowd.most, 1);
    CHECK_INT(crowd.done + crowd.refused, 4 * 200);
    CHECK_OK(password_enter(crowd.room)); /* nobody is left inside */
    password_leave(crowd.room);
    password_room_close(crowd.room);
    sim_close(sys);
}
