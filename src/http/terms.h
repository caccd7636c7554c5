/* terms.h - on what terms connections are taken: what may change while the server runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The certificate, the proxies that are trusted, and what browsers are told about https. A
 * connection keeps the terms it was accepted on. Immutable and counted; shared by threads.
 */
#pragma once
#include "http/networks.h"
#include "http/tls_context.h"

#include <stdatomic.h>

struct terms {
    atomic_uint holders;
    struct tls_context *tls; /* NULL: no TLS is spoken */
    struct networks proxies; /* whose word about the client is taken */
    str client_header;       /* ... by this header */
    str transport_security;  /* value of Strict-Transport-Security; empty: none is sent */
};

struct terms_plan {
    const char *certificate; /* file name; "": no TLS */
    const char *key;         /* "": in the certificate's file */
    uint64_t hsts_seconds;   /* 0: browsers are told nothing */
    str trusted_proxies;     /* see networks_read */
    str client_header;
};

/* `before`, which may be NULL, is what was good until now: tickets for resumption stay so. */
fallible terms_open(struct sys *sys, const struct terms_plan *plan, const struct terms *before,
                    struct terms **out_terms);
/* The same with a new key for tickets. `before` has TLS. */
fallible terms_renew(struct sys *sys, const struct terms *before, struct terms **out_terms);
struct terms *terms_share(struct terms *terms); /* NULL is fine; each share is to be released */
void terms_release(struct terms *terms);        /* NULL is fine */
