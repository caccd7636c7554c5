/* scan_met.h - the numbers that a scanner gives to values that no file has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "measure/scan_int.h"

struct scan_met;

fallible scan_met_open(const struct scan_plan *plan, struct scan_met **out_met);
void scan_met_close(struct scan_met *met); /* NULL is fine */
/* The number of a value of the slot. What elements a list or object points to must stay as long as
 * `met`. ERR_LIMIT. */
fallible scan_met_number(struct scan_met *met, uint32_t slot, const struct value *value,
                         uint32_t *out_number);
const struct scan_values *scan_met_values(const struct scan_met *met); /* [slot] */
