/* columns_sections.h - which stripes of a file have their times and sequence numbers told together.
 * For columns*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * To unpack a stripe's times takes the spans of all rows that arrived in between, so a file of many
 * rows is cut into sections of whole stripes, each with spans of its own (columns_arrivals.h): then
 * no more of them need to be in memory at once, however large the file is. A file's head tells how
 * many rows a section has at the most; 0: all stripes are one section.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct columns_section {
    uint32_t first_stripe;
    uint32_t stripes;
    uint32_t first_span; /* among those of the file */
    uint32_t spans;
    uint64_t rows;
};

/* Adds the next stripe, to the section or, where that is full, to the one behind it, which begins
 * there. Returns whether it did begin. {0} is the first section before its first stripe. */
bool columns_sections_add(struct columns_section *section, uint32_t most_rows, uint32_t rows);
/* Of ascending ones, which has the stripe or the span. */
const struct columns_section *columns_sections_of_stripe(const struct columns_section *sections,
                                                         uint32_t count, uint32_t stripe);
const struct columns_section *columns_sections_of_span(const struct columns_section *sections,
                                                       uint32_t count, uint32_t span);
/* How many rows its `span`-th span has. */
uint32_t columns_sections_span_rows(const struct columns_section *section, uint32_t span);
