/* hooks_int.h - shared by the files of the webhooks' sender.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * All of it is under `lock`, but the courier and the strands, which belong to the sender's thread.
 */
#pragma once
#include "base/json.h"
#include "http/courier.h"
#include "measure/strands.h"
#include "proto/signature.h"
#include "web/hooks.h"

#include <stdatomic.h>

struct hook;

/* A message under way: sent, or waiting to be sent again. */
struct delivery {
    struct hook *hook;
    bool is_used;
    bool is_sending;
    uint64_t seq; /* 0: a test */
    unsigned failures;
    millis retry_at;
    struct buf body;
};

struct hooks_asked {
    struct exchange *exchange; /* NULL: nobody waits for a test */
    void (*answer)(struct exchange *x, const struct hooks_attempt *attempt);
};

struct hook {
    struct hooks *hooks;
    struct hook *next;
    struct webhook webhook; /* texts in mem, but for the reason */
    struct arena *mem;
    char reason[HOOKS_REASON];
    struct signature_secret secrets[HOOKS_SECRETS];
    size_t secret_count;
    str *names; /* in mem */
    size_t name_count;
    bool is_removed; /* waits for the sender to let go */
    bool is_reset;   /* nothing that is under way counts any more */
    bool is_changed; /* how it fares is not saved */
    uint64_t ahead;  /* the next event to look at */
    struct delivery window[HOOKS_WINDOW];
    struct delivery test;
    struct hooks_asked asked;
    struct hooks_attempt attempts[HOOKS_ATTEMPTS];
    uint64_t attempt_count; /* since the start */
};

struct hooks {
    struct hooks_config config;
    struct networks allowed;
    struct mutex *lock;
    struct hook *first;
    size_t count;
    bool is_stopping;
    struct json_reader *reader;
    struct strands *strands;
    struct courier *courier;
    char workspace[9]; /* the beginning of its id */
    int64_t saved_ns;
    atomic_bool is_called;
    struct hooks_stats stats;
};

/* The sender's thread is to look. */
void hooks_call(struct hooks *hooks);
/* Forgets what is under way, so that it goes on from its place. */
void hooks_reset(struct hook *hook);
/* In the state that it is saved in. The texts of `webhook` are copied. */
fallible hooks_take(struct hooks *hooks, const struct webhook *webhook, struct hook **out_hook);
void hooks_free(struct hook *hook);
/* Saves how all fare of whom it changed. */
fallible hooks_save(struct hooks *hooks);
