/* sealer_wide.h - AES-256-GCM by IPsec MB, which uses the widest registers that there are. For
 * sealer.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/str.h"
#include "store/sealer.h"

struct sealer_wide;

/* NULL: the program was built without the library, or it does not know the processor. */
struct sealer_wide *sealer_wide_open(void);
void sealer_wide_close(struct sealer_wide *wide); /* NULL is fine */
/* Writes sealed text and tag behind the nonce, which is there already. Any thread. */
void sealer_wide_seal(const struct sealer_wide *wide, const unsigned char *key, str associated,
                      str text, unsigned char *nonce);
/* `sealed` is at least nonce and tag. False: something differs from what was sealed. */
bool sealer_wide_unseal(const struct sealer_wide *wide, const unsigned char *key, str associated,
                        str sealed, void *out);
