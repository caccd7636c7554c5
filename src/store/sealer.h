/* sealer.h - authenticated encryption: AES-256-GCM (NIST SP 800-38D).
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys are 32 bytes. The nonce is drawn at random for each sealing, which is safe for 2^32
 * sealings under one key; a node's key sees a few thousand. May be shared by threads.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct sealer;
struct sys;

enum { SEALER_KEY = 32, SEALER_NONCE = 12, SEALER_TAG = 16, SEALER_OVERHEAD = 12 + 16 };

fallible sealer_open(struct sys *sys, struct sealer **out_sealer);
void sealer_close(struct sealer *sealer); /* NULL is fine */
/* Test hook: seals and opens as where the processor has no AES. Before any other call. */
void sealer_use_openssl(struct sealer *sealer);
/* The same, as where the program was built without IPsec MB. */
void sealer_use_libsodium(struct sealer *sealer);

/* Writes nonce, sealed text and tag: text.len + SEALER_OVERHEAD bytes. ERR_LIMIT without memory. */
fallible sealer_seal(struct sealer *sealer, const unsigned char *key, str associated, str text,
                     void *out);
/* Writes sealed.len - SEALER_OVERHEAD bytes. ERR_CORRUPT: key, associated data or bytes differ
 * from those that were sealed; nothing of what was written then may be used. */
fallible sealer_unseal(struct sealer *sealer, const unsigned char *key, str associated, str sealed,
                       void *out);
