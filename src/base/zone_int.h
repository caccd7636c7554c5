/* zone_int.h - the rules of time zones, as the library gives them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct zone_rules; /* immutable */

/* `name` ends in a NUL. *out_rules is NULL where there is no such zone; false without memory. */
bool zone_rules_open(const char *name, struct zone_rules **out_rules);
void zone_rules_close(struct zone_rules *rules);
int64_t zone_rules_offset_s(const struct zone_rules *rules, int64_t at_ms);
/* The first instant that the local clock shows as this midnight; of one that it skips, what it
 * would be without the skip. */
int64_t zone_rules_midnight_ms(const struct zone_rules *rules, int64_t days);

#ifdef __cplusplus
}
#endif
