/* tls_context.h - a certificate with its key, and how TLS is spoken with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * TLS 1.2 and 1.3 with the ciphers and curves that Mozilla calls intermediate, less those of finite
 * fields, which let a client make the server work for nothing. HTTP/1.1 is the only protocol
 * (ALPN). Clients resume by tickets; the server keeps no sessions. Immutable once open, shared by
 * threads.
 */
#pragma once
#include "base/time.h"

struct bio_method_st; /* OpenSSL's BIO_METHOD */
struct ssl_ctx_st;    /* OpenSSL's SSL_CTX */
struct sys;
struct tls_context;

/* Reads the PEM files `certificate`, the server's own first and those that signed it behind, and
 * `key` ("": it stands in the certificate's file). Tickets given out by `before` (may be NULL) stay
 * good. Every failure names the file and what is wrong with it. */
fallible tls_context_open(struct sys *sys, const char *certificate, const char *key,
                          const struct tls_context *before, struct tls_context **out_context);
/* The same certificate; new tickets are sealed by a new key. Those of `before` stay good, those
 * of the context before it no more. */
fallible tls_context_renew(struct sys *sys, const struct tls_context *before,
                           struct tls_context **out_context);
void tls_context_close(struct tls_context *context); /* NULL is fine; no connection has it */

/* For tls.c. */
struct ssl_ctx_st *tls_context_ssl(const struct tls_context *context);
struct bio_method_st *tls_context_wire(const struct tls_context *context);
/* From when and until when the certificate is valid. */
void tls_context_validity(const struct tls_context *context, millis *out_from, millis *out_until);
