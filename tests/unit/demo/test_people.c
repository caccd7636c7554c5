/* test_people.c - customers of distinct tastes, homes and habits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/people.h"
#include "support/test.h"

enum { PEOPLE = 4000, DAYS = 60 };

static const struct people_person *everybody(void)
{
    struct people_person *people = arena_array(test_mem, PEOPLE, sizeof *people);

    assert_non_null(people);
    for (uint32_t i = 0; i < PEOPLE; i++)
        people_make(1, i, DAYS, &people[i]);
    return people;
}

TEST(tastes_add_up_and_one_stands_out)
{
    const struct people_person *people = everybody();
    size_t firsts[BOOKS_GENRES] = {0};

    for (size_t i = 0; i < PEOPLE; i++) {
        unsigned sum = 0, most = 0;
        size_t first = 0;

        for (size_t genre = 0; genre < BOOKS_GENRES; genre++) {
            sum += people[i].tastes[genre];
            if (people[i].tastes[genre] > most) {
                most = people[i].tastes[genre];
                first = genre;
            }
        }
        CHECK_INT(sum, 1000);
        CHECK(most > 400);
        firsts[first]++;
    }
    for (size_t genre = 0; genre < BOOKS_GENRES; genre++)
        CHECK(firsts[genre] > PEOPLE / BOOKS_GENRES * 8 / 10);
}

TEST(some_live_near_a_shop_and_some_do_not)
{
    const struct people_person *people = everybody();
    size_t near = 0, far = 0, without = 0;

    for (size_t i = 0; i < PEOPLE; i++) {
        near += people[i].shop_m < PLACES_NO_SHOP_M;
        far += people[i].shop_m >= PLACES_NO_SHOP_M && people[i].shop < PLACES_SHOPS;
        without += people[i].shop == PLACES_SHOPS;
    }
    CHECK_INT(near + far + without, PEOPLE);
    CHECK(near > PEOPLE / 20);
    CHECK(far > PEOPLE / 2);
    CHECK(without > PEOPLE / 25);
}

TEST(the_target_is_who_the_rule_describes_and_nobody_else)
{
    const struct people_person *people = everybody();
    size_t count = 0;

    for (size_t i = 0; i < PEOPLE; i++) {
        const struct people_person *person = &people[i];
        bool fits = person->age >= 18 && person->age <= 35 && person->has_phone &&
                    person->has_computer && person->shop_m > 1500 &&
                    str_equals(str_of(people_education(person->education)), S("degree"));

        CHECK(fits == person->is_target);
        count += fits;
    }
    CHECK(count > PEOPLE / 100 && count < PEOPLE / 8);
}

TEST(new_customers_come_later_and_lapsing_ones_stop)
{
    const struct people_person *people = everybody();

    for (size_t i = 0; i < PEOPLE; i++) {
        const struct people_person *person = &people[i];

        if (person->class == PEOPLE_NEW) {
            CHECK(people_rate(person, person->comes_on - 1) < 1e-9);
            CHECK(people_rate(person, person->comes_on) > 0.1);
            CHECK(!person->is_registered);
        } else {
            CHECK(people_rate(person, 0) > 0 && person->is_registered);
        }
        if (person->class == PEOPLE_LAPSING && person->stops_on > 0)
            CHECK(people_rate(person, person->stops_on) < people_rate(person, 0) / 10);
    }
}

TEST(names_are_written_as_their_language_writes_them)
{
    static const struct {
        const char *city;
        unsigned char lead; /* the first byte of its script in UTF-8; 0: any */
    } cases[] = {{"上海", 0xe4}, {"القاهرة", 0xd8}};
    const struct people_person *people = everybody();

    EACH_CASE(c, cases)
    {
        size_t count = 0;

        for (size_t i = 0; i < PEOPLE; i++)
            if (str_equals(str_of(PLACES_CITY[people[i].city].name), str_of(c->city))) {
                CHECK((unsigned char)people[i].name[0] >= c->lead);
                CHECK((people[i].user_id[0] == 'c') &&
                      str_contains(str_of(people[i].email), S("@")));
                count++;
            }
        CHECK(count > PEOPLE / 20);
    }
}
