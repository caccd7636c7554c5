/* signature.h - signatures of webhooks by the Standard Webhooks scheme.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * HMAC-SHA256 of "ID.TIMESTAMP.BODY" under a secret of 24 to 64 bytes, which is written as
 * "whsec_" and Base64. While a secret is changed for another, a message carries a signature by
 * each.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum { SIGNATURE_LEAST = 24, SIGNATURE_MOST = 64, SIGNATURE_MADE = 32, SIGNATURE_TEXT = 128 };

struct signature_secret {
    unsigned char bytes[SIGNATURE_MOST];
    size_t len;
};

/* ERR_INVALID: it is no secret of this scheme. */
fallible signature_read(str text, struct signature_secret *out_secret);
void signature_write(const struct signature_secret *secret, struct buf *out);
/* Appends what the header webhook-signature says, one signature a secret. */
void signature_sign(const struct signature_secret *secrets, size_t count, str id,
                    int64_t timestamp_s, str body, struct buf *out);
