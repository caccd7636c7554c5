/* webhooks.h - destinations of webhooks in the catalog: what was asked for, and how far each is.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Secrets are sealed under the workspace's key. Any thread.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"

struct catalog;
struct vault;

enum webhook_state {
    WEBHOOK_ACTIVE,
    WEBHOOK_PAUSED,   /* by its owner */
    WEBHOOK_BLOCKED,  /* its address is not one that may be reached */
    WEBHOOK_DISABLED, /* it is gone, or failed for days */
};

struct webhook {
    int64_t id;
    str url;
    str events;  /* a JSON array of names; "[]": all */
    str secrets; /* in the clear: "whsec_...", the newest first, with spaces between */
    unsigned in_flight;
    millis created_at;
    /* How it fares: */
    enum webhook_state state;
    str reason;
    uint64_t place;       /* events below are delivered, or were not wanted */
    unsigned failures;    /* of the oldest message under way */
    millis failing_since; /* since then nothing was delivered; 0: it does not fail */
    millis retry_at;      /* 0: at once */
};

const char *webhooks_state_name(enum webhook_state state);
fallible webhooks_state_parse(str name, enum webhook_state *out_state); /* ERR_INVALID */

fallible webhooks_list(struct catalog *catalog, struct vault *vault, struct arena *mem,
                       struct webhook **out_webhooks, size_t *out_count);
/* Scratch in `mem`. */
fallible webhooks_add(struct catalog *catalog, struct vault *vault, struct arena *mem,
                      const struct webhook *webhook, int64_t *out_id);
/* What its owner sets: all but how it fares. */
fallible webhooks_change(struct catalog *catalog, struct vault *vault, struct arena *mem,
                         const struct webhook *webhook);
/* How they fare, of several at once. */
fallible webhooks_save(struct catalog *catalog, const struct webhook *const *webhooks,
                       size_t count);
fallible webhooks_remove(struct catalog *catalog, int64_t id);
/* Pauses all that are active. */
fallible webhooks_hold(struct catalog *catalog, str reason);
