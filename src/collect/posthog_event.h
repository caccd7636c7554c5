/* posthog_event.h - an event of PostHog's, told as messages of ours.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/dialect.h"

/* A request on its way. */
struct posthog_call {
    struct dialect_out *out; /* key and sent_at are known */
    const struct json *doc;
    bool is_engage; /* persons only */
};

/* The value at `event`, whatever it is. ERR_LIMIT. */
fallible posthog_event_tell(const struct posthog_call *call, uint32_t event);
/* A time written as text or as milliseconds since 1970; absent if `at` is neither. */
str posthog_event_time(const struct posthog_call *call, uint32_t at);
/* The write key of a whole request, or of one event of it; absent if none. */
str posthog_event_key(const struct posthog_call *call, uint32_t object);
