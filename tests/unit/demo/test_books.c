/* test_books.c - a catalogue whose numbers are right and whose shelves are full.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/books.h"
#include "demo/dice.h"
#include "support/test.h"

static struct books_book *catalogue(uint64_t seed)
{
    struct books_book *books = arena_array(test_mem, BOOKS_COUNT, sizeof *books);

    assert_non_null(books);
    books_make(seed, books);
    return books;
}

TEST(every_book_has_an_isbn_whose_check_digit_is_right)
{
    const struct books_book *books = catalogue(1);

    for (size_t i = 0; i < BOOKS_COUNT; i++) {
        int sum = 0;

        CHECK_INT(str_of(books[i].isbn).len, 13);
        for (int digit = 0; digit < 13; digit++)
            sum += (books[i].isbn[digit] - '0') * (digit % 2 ? 3 : 1);
        CHECK_INT(sum % 10, 0);
    }
}

TEST(no_two_books_share_their_number)
{
    const struct books_book *books = catalogue(1);

    for (size_t i = 1; i < BOOKS_COUNT; i++) {
        CHECK(str_compare(str_of(books[i - 1].id), str_of(books[i].id)) < 0);
        CHECK(str_compare(str_of(books[i - 1].isbn), str_of(books[i].isbn)) < 0);
    }
}

TEST(a_shelf_has_books_of_its_genre_and_of_each_language)
{
    static const char *const languages[] = {"en", "de", "fr", "zh", "ar"};
    const struct books_book *books = catalogue(1);

    for (size_t genre = 0; genre < BOOKS_GENRES; genre++)
        EACH_CASE(language, languages)
        {
            size_t count = 0;

            for (size_t i = genre * BOOKS_EACH; i < (genre + 1) * BOOKS_EACH; i++) {
                CHECK_INT(books[i].genre, genre);
                count += str_equals(str_of(books[i].language), str_of(*language));
            }
            CHECK(count >= 8);
        }
}

TEST(a_book_is_picked_of_the_genre_and_mostly_in_the_language)
{
    const struct books_book *books = catalogue(1);
    random_state dice = dice_for(1, 0, 0, 0);
    int chinese = 0;

    for (int i = 0; i < 1000; i++) {
        const struct books_book *book = books_pick(books, &dice, 4, "zh");

        CHECK_INT(book->genre, 4);
        chinese += str_equals(str_of(book->language), S("zh"));
    }
    CHECK(chinese > 200); /* an eighth of the shelf: by popularity alone it were 125 */
}

TEST(popular_books_are_picked_more_often)
{
    const struct books_book *books = catalogue(1);
    random_state dice = dice_for(1, 0, 0, 0);
    int front = 0, back = 0;

    for (int i = 0; i < 4000; i++) {
        size_t rank = (size_t)(books_pick(books, &dice, 0, "en") - books);

        front += rank < BOOKS_EACH / 4;
        back += rank >= BOOKS_EACH * 3 / 4;
    }
    CHECK(front > 2 * back);
}

TEST(children_s_books_are_for_december_and_travel_for_june)
{
    size_t children = BOOKS_GENRES, travel = BOOKS_GENRES;

    for (size_t i = 0; i < BOOKS_GENRES; i++) {
        if (str_equals(str_of(books_genre(i)), S("children")))
            children = i;
        if (str_equals(str_of(books_genre(i)), S("travel")))
            travel = i;
    }
    CHECK(books_season(children, 12) > 2 * books_season(children, 6));
    CHECK(books_season(travel, 6) > 1.5 * books_season(travel, 12));
}
