/* zone_rules.cc - Abseil's time zones behind a C interface.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/zone_int.h"

#include <absl/time/time.h>
#include <new>

struct zone_rules {
    absl::TimeZone zone;
};

bool zone_rules_open(const char *name, struct zone_rules **out_rules)
{
    try {
        absl::TimeZone zone;
        *out_rules = absl::LoadTimeZone(name, &zone) ? new zone_rules{zone} : nullptr;
    } catch (const std::bad_alloc &) {
        return false;
    }
    return true;
}

void zone_rules_close(struct zone_rules *rules)
{
    delete rules;
}

int64_t zone_rules_offset_s(const struct zone_rules *rules, int64_t at_ms)
{
    return rules->zone.At(absl::FromUnixMillis(at_ms)).offset;
}

int64_t zone_rules_midnight_ms(const struct zone_rules *rules, int64_t days)
{
    absl::CivilDay day = absl::CivilDay(1970, 1, 1) + days;

    return absl::ToUnixMillis(rules->zone.At(absl::CivilSecond(day)).pre);
}
