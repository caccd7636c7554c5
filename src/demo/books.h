/* books.h - what the bookshop sells: genres, and books in five languages and three scripts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/random.h"

enum { BOOKS_GENRES = 10, BOOKS_EACH = 64, BOOKS_COUNT = BOOKS_GENRES * BOOKS_EACH };

struct books_book {
    char id[8];
    char isbn[14];
    char title[96];
    char author[64];
    const char *language;
    uint32_t cents;
    uint8_t genre;
};

const char *books_genre(size_t genre); /* its name in paths and properties */
/* How much more a genre is wanted in a month (1-12); 1: as always. */
double books_season(size_t genre, int month);
/* The catalogue of a seed, BOOKS_COUNT books; those of a genre stand behind one another, the most
 * popular first. */
void books_make(uint64_t seed, struct books_book *out_books);
/* A book of a genre by how popular it is, rather in `language` than in another. */
const struct books_book *books_pick(const struct books_book *books, random_state *dice,
                                    size_t genre, const char *language);
