/* plan_format.h - texts of a known form: times, addresses, and what else JSON Schema has names for.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: JSON Schema 2020-12, "Validation", 7.3. Here a format is checked, not only noted.
 */
#pragma once
#include "base/str.h"

struct plan_format {
    const char *name;
    const char *example;
    bool (*fits)(str text);
};

/* NULL: there is none of that name. */
const struct plan_format *plan_format_find(str name);
/* "date-time, date, ..." */
const char *plan_format_names(void);
