/* test_columns_sections.c - sections of stripes, and which has a stripe or a span.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_sections.h"

#include "store/columns_arrivals.h"
#include "support/test.h"

TEST(sections_have_as_many_stripes_as_fit)
{
    static const struct {
        const char *name;
        uint32_t most_rows;
        uint32_t rows[6];
        uint32_t firsts[6]; /* stripes that begin a section */
        uint32_t sections;
    } cases[] = {
        {"no bound", 0, {70000, 70000, 70000, 70000, 70000, 70000}, {0}, 1},
        {"all fit", 420000, {70000, 70000, 70000, 70000, 70000, 70000}, {0}, 1},
        {"one less", 419999, {70000, 70000, 70000, 70000, 70000, 70000}, {0, 5}, 2},
        {"two each", 140000, {70000, 70000, 70000, 70000, 70000, 70000}, {0, 2, 4}, 3},
        {"one too large for any", 140000, {70000, 300000, 1, 1, 1, 1}, {0, 1, 2}, 3},
        {"each alone", 1, {1, 1, 1, 1, 1, 1}, {0, 1, 2, 3, 4, 5}, 6},
    };

    EACH_CASE(c, cases)
    {
        struct columns_section sections[6] = {0}, section = {0};
        uint32_t count = 0, spans = 0;

        for (uint32_t i = 0; i < 6; i++) {
            count += columns_sections_add(&section, c->most_rows, c->rows[i]);
            CHECK(count < c->sections);
            sections[count] = section;
        }
        CHECK_INT(++count, c->sections);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t rows = 0;

            CHECK_INT(sections[i].first_stripe, c->firsts[i]);
            CHECK_INT(sections[i].first_span, spans);
            for (uint32_t span = 0; span < sections[i].spans; span++, spans++) {
                rows += columns_sections_span_rows(&sections[i], span);
                CHECK(columns_sections_of_span(sections, count, spans) == &sections[i]);
            }
            CHECK_INT(rows, sections[i].rows);
            for (uint32_t k = 0; k < sections[i].stripes; k++)
                CHECK(columns_sections_of_stripe(sections, count, c->firsts[i] + k) ==
                      &sections[i]);
        }
    }
}
