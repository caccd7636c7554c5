/* columns_sections.c - stripes are counted together until a section is full.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/columns_sections.h"

#include "store/columns_arrivals.h"

bool columns_sections_add(struct columns_section *section, uint32_t most_rows, uint32_t rows)
{
    bool begins = section->rows && most_rows && section->rows + rows > most_rows;

    if (begins)
        *section = (struct columns_section){
            .first_stripe = section->first_stripe + section->stripes,
            .first_span = section->first_span + section->spans,
        };
    section->stripes++;
    section->rows += rows;
    section->spans = (uint32_t)((section->rows + COLUMNS_SPAN - 1) / COLUMNS_SPAN);
    return begins;
}

/* The last that begins at `at` or before it. */
static const struct columns_section *find(const struct columns_section *sections, uint32_t count,
                                          bool by_span, uint32_t at)
{
    while (count > 1) {
        const struct columns_section *half = &sections[count / 2];
        bool is_behind = (by_span ? half->first_span : half->first_stripe) <= at;

        count = is_behind ? count - count / 2 : count / 2;
        sections = is_behind ? half : sections;
    }
    return sections;
}

const struct columns_section *columns_sections_of_stripe(const struct columns_section *sections,
                                                         uint32_t count, uint32_t stripe)
{
    return find(sections, count, false, stripe);
}

const struct columns_section *columns_sections_of_span(const struct columns_section *sections,
                                                       uint32_t count, uint32_t span)
{
    return find(sections, count, true, span);
}

uint32_t columns_sections_span_rows(const struct columns_section *section, uint32_t span)
{
    uint64_t left = section->rows - (uint64_t)span * COLUMNS_SPAN;

    return left < COLUMNS_SPAN ? (uint32_t)left : COLUMNS_SPAN;
}
