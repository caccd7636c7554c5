/* traffic_past.c - signs in what a visitor, its network and its page saw lately.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * People who share an address and an agent, as in one office, look like one visitor who sent no id
 * of its own: they may have twice as many views in a time, and any pace.
 */
#include "collect/traffic_int.h"

enum {
    SHARED_FACTOR = 2,
    VIEWS_10S = 12,
    VIEWS_60S = 40,
    HURRIED = 3,
    PACES = 8,
    WALKED = 30,
    UNUSED_VIEWS = 5,
    UNUSED_FOR_LONG = 15,
    PARTLESS_VIEWS = 4,
    PARTLESS_FOR_LONG = 12,
    LOADED_PARTS = 2,
    NETWORKS = 4,
};

static const double EVEN = 0.08; /* deviation by mean; people's is about 1 */

static unsigned share_of(const struct traffic_past *past)
{
    return past->has_own_id ? 1 : SHARED_FACTOR;
}

bool traffic_past_trapped(const struct traffic_seen *seen)
{
    return seen->past.is_trapped;
}

bool traffic_past_found_out_before(const struct traffic_seen *seen)
{
    return seen->past.is_found && !seen->past.is_trapped;
}

bool traffic_past_hurries(const struct traffic_seen *seen)
{
    return seen->past.views_10s >= VIEWS_10S * share_of(&seen->past);
}

bool traffic_past_hurries_on(const struct traffic_seen *seen)
{
    return seen->past.views_60s >= VIEWS_60S * share_of(&seen->past);
}

bool traffic_past_faster_than_hands(const struct traffic_seen *seen)
{
    return seen->past.has_own_id && seen->past.hurried >= HURRIED;
}

bool traffic_past_even_pace(const struct traffic_seen *seen)
{
    return seen->past.paces >= PACES && seen->past.unevenness < EVEN;
}

bool traffic_past_walks_through_everything(const struct traffic_seen *seen)
{
    return seen->past.has_walked && seen->past.views >= WALKED * share_of(&seen->past);
}

bool traffic_past_never_in_use(const struct traffic_seen *seen)
{
    return seen->past.site_used && !seen->past.used && seen->past.views >= UNUSED_VIEWS;
}

bool traffic_past_never_loads_parts(const struct traffic_seen *seen)
{
    return seen->past.site_loads && !seen->past.parts && seen->past.views >= PARTLESS_VIEWS;
}

bool traffic_past_goes_on_unused(const struct traffic_seen *seen)
{
    return traffic_past_never_in_use(seen) && seen->past.views >= UNUSED_FOR_LONG;
}

bool traffic_past_goes_on_without_parts(const struct traffic_seen *seen)
{
    return traffic_past_never_loads_parts(seen) && seen->past.views >= PARTLESS_FOR_LONG;
}

bool traffic_past_changes_networks(const struct traffic_seen *seen)
{
    return seen->past.networks >= NETWORKS;
}

bool traffic_past_fan_out(const struct traffic_seen *seen)
{
    return seen->past.is_fan_out;
}

bool traffic_past_network_of_strangers(const struct traffic_seen *seen)
{
    return seen->past.is_strangers && seen->past.site_used;
}

bool traffic_past_was_in_use(const struct traffic_seen *seen)
{
    return seen->past.used > 0;
}

bool traffic_past_loads_parts(const struct traffic_seen *seen)
{
    return seen->past.parts >= LOADED_PARTS;
}
