/* gate.h - who comes in: keys, what they allow, whose pages may use them, and how often.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Questions and management are limited by key and by address, and say so in RateLimit headers
 * (draft-ietf-httpapi-ratelimit-headers). Wrong keys are limited by address: beyond it a wrong key
 * is 429, and a right one is let in, for an address may be many people's, and nobody guesses 190
 * bits. Collection with a right key touches no limit unless one is configured.
 */
#pragma once
#include "http/exchange.h"
#include "web/limits.h"

struct access;
struct gate;
struct sys;

struct gate_rules {
    struct limits_rate key;
    struct limits_rate address;
    struct limits_rate wrong_keys; /* of an address */
    struct limits_rate collect;    /* requests by key */
};

enum gate_limit { GATE_KEY, GATE_ADDRESS, GATE_WRONG_KEYS, GATE_COLLECT, GATE_LIMITS };

fallible gate_open(struct sys *sys, const struct access *access, const struct gate_rules *rules,
                   struct gate **out_gate);
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
/* The secret of "Authorization: Bearer", or absent. */
str gate_bearer(const struct exchange *x);
/* What `permission` takes, as access_scope bits. */
unsigned gate_scope(int permission);
