/* gate.h - who comes in: keys and sessions, what they allow, whose pages may use them, how often.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Questions and management are limited by key and by address, and say so in RateLimit headers
 * (draft-ietf-httpapi-ratelimit-headers). Wrong keys are limited by address: beyond it a wrong key
 * is 429, and a right one is let in, for an address may be many people's, and nobody guesses 190
 * bits. Collection with a right key touches no limit unless one is configured.
 * A session counts where no key is given; what it changes must come from a page of ours (cookie.h).
 */
#pragma once
#include "http/exchange.h"
#include "store/sessions.h"
#include "web/limits.h"

struct access;
struct gate;
struct sys;

struct gate_rules {
    struct limits_rate key;
    struct limits_rate address;
    struct limits_rate wrong_keys; /* of an address */
    struct limits_rate collect;    /* requests by key */
    struct limits_rate sign_ins;   /* attempts of an address */
};

enum gate_limit {
    GATE_KEY,
    GATE_ADDRESS,
    GATE_WRONG_KEYS,
    GATE_COLLECT,
    GATE_SIGN_INS,
    GATE_LIMITS
};

fallible gate_open(struct sys *sys, const struct access *access, struct sessions *sessions,
                   const struct gate_rules *rules, struct gate **out_gate);
void gate_close(struct gate *gate); /* NULL is fine */
/* Requests that a limit refused. Any thread. */
uint64_t gate_refused(const struct gate *gate, enum gate_limit limit);

/* May the request, which needs the web_permission, go on? Answers by itself if not: 401, 403, 422
 * for a parameter that the route does not take, 429. */
bool gate_admit(struct gate *gate, struct exchange *x, int permission);
/* May what came with `key` (absent: with none, in a dialect that needs none) be stored? ERR_ABSENT
 * and ERR_EXPIRED: no such key; ERR_DENIED: not from this origin; ERR_BUSY: too often, and
 * Retry-After is there. */
fallible gate_collect(struct gate *gate, struct exchange *x, str key);
/* May a page of that origin ask collection for anything? */
bool gate_knows_origin(const struct gate *gate, str origin);
/* The secret that the request shows: of "Authorization: Bearer", else of its session; or absent. */
str gate_secret(const struct exchange *x);
/* Whose request it is, which gate_admit has let in. A key or session that ended meanwhile is
 * ERR_DENIED. */
struct gate_visitor {
    bool is_user;
    int64_t key_id;                /* of a key */
    struct sessions_grant session; /* of a user */
    unsigned scopes;
};
fallible gate_identify(struct gate *gate, const struct exchange *x,
                       struct gate_visitor *out_visitor);
/* Does this secret, of either kind, still allow what needs `scope`? */
bool gate_still_allows(const struct access *access, struct sessions *sessions, str secret,
                       unsigned scope, millis now);
/* What `permission` takes, as access_scope bits. */
unsigned gate_scope(int permission);
