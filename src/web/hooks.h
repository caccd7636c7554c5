/* hooks.h - webhooks: events told to URLs, each at its own pace, one message an event.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Messages are those of Standard Webhooks. Each destination has a place in the log, which stands in
 * the catalog, and a window of messages under way; what is not answered with 2xx is sent again,
 * later and later. So each event is delivered at least once, with the same id whenever it is sent
 * again; with a window of one also in the order of the log. The owner runs hooks_run() on a thread
 * of its own.
 */
#pragma once
#include "http/networks.h"
#include "store/webhooks.h"

struct catalog;
struct deletions;
struct exchange;
struct hooks;
struct log;
struct sys;
struct vault;

enum { HOOKS_SECRETS = 4, HOOKS_WINDOW = 16, HOOKS_ATTEMPTS = 100, HOOKS_REASON = 256 };

struct hooks_config {
    struct sys *sys;
    struct catalog *catalog;
    struct deletions *deletions;
    struct log *log;
    struct vault *vault;
    str allowed;       /* networks besides public addresses, see networks_read */
    int64_t retry_ms;  /* until the first of the retries; the later ones are in proportion */
    int64_t answer_ms; /* for an answer to come */
    size_t most;       /* destinations */
};

/* What somebody wants of a destination; what is absent stays as it is. */
struct hooks_wish {
    str url;
    str events;         /* a JSON array of names */
    str secrets;        /* with spaces between */
    unsigned in_flight; /* 0: absent */
    bool rotates;       /* a new secret in front, and only the newest of the old behind it */
    bool has_state;
    enum webhook_state state; /* active or paused */
    bool has_after;
    uint64_t after; /* the newest event that the destination has or does not need */
};

struct hooks_attempt {
    millis at;
    uint64_t seq;    /* 0: a test */
    unsigned number; /* 1: the first for that message */
    int status;      /* 0: there was no answer */
    int64_t elapsed_ms;
    char reason[HOOKS_REASON]; /* of what went wrong; empty: nothing did */
};

fallible hooks_open(const struct hooks_config *config, struct hooks **out_hooks);
void hooks_close(struct hooks *hooks); /* after hooks_run() has ended; NULL is fine */
void hooks_run(void *hooks);
void hooks_stop(struct hooks *hooks); /* ends hooks_run(), from any thread */

/* For handlers, on any thread. Texts are in `mem`. ERR_ABSENT, ERR_INVALID with the field's name.
 */
fallible hooks_list(struct hooks *hooks, struct arena *mem, struct webhook **out_list,
                    size_t *out_count);
fallible hooks_get(struct hooks *hooks, int64_t id, struct arena *mem, struct webhook *out_webhook);
/* `out_webhook` with its secrets; whoever answers shows them if they are new. */
fallible hooks_add(struct hooks *hooks, const struct hooks_wish *wish, struct arena *mem,
                   struct webhook *out_webhook);
fallible hooks_change(struct hooks *hooks, int64_t id, const struct hooks_wish *wish,
                      struct arena *mem, struct webhook *out_webhook);
fallible hooks_remove(struct hooks *hooks, int64_t id);
/* The newest first, since the start. */
fallible hooks_attempts(struct hooks *hooks, int64_t id, struct arena *mem,
                        struct hooks_attempt **out_attempts, size_t *out_count);
/* Sends a message that is none; `answer` is called once, on another thread. */
fallible hooks_test(struct hooks *hooks, int64_t id, struct exchange *x,
                    void (*answer)(struct exchange *x, const struct hooks_attempt *attempt));

struct hooks_stats {
    uint64_t destinations;
    uint64_t delivered; /* messages since the start */
    uint64_t failed;    /* attempts */
};
void hooks_stats_read(struct hooks *hooks, struct hooks_stats *out_stats);
