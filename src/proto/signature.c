/* signature.c - HMAC-SHA256 and Base64 by libsodium.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/signature.h"

#include <sodium.h>

enum { HASH = crypto_auth_hmacsha256_BYTES };

static const char prefix[] = "whsec_";

fallible signature_read(str text, struct signature_secret *out_secret)
{
    struct signature_secret secret;
    str body =
        str_starts(text, str_of(prefix)) ? str_slice(text, sizeof prefix - 1, text.len) : text;

    if (!body.len ||
        sodium_base642bin(secret.bytes, sizeof secret.bytes, body.data, body.len, NULL, &secret.len,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        secret.len < SIGNATURE_LEAST)
        return fail(ERR_INVALID, "a secret is \"whsec_\" and %d to %d bytes as Base64",
                    SIGNATURE_LEAST, SIGNATURE_MOST);
    *out_secret = secret;
    return OK;
}

static void add_base64(struct buf *out, const unsigned char *bytes, size_t len)
{
    char text[SIGNATURE_TEXT];

    sodium_bin2base64(text, sizeof text, bytes, len, sodium_base64_VARIANT_ORIGINAL);
    buf_add(out, str_of(text));
}

void signature_write(const struct signature_secret *secret, struct buf *out)
{
    buf_add(out, str_of(prefix));
    add_base64(out, secret->bytes, secret->len);
}

static void update(crypto_auth_hmacsha256_state *state, str text)
{
    crypto_auth_hmacsha256_update(state, (const unsigned char *)text.data, text.len);
}

void signature_sign(const struct signature_secret *secrets, size_t count, str id,
                    int64_t timestamp_s, str body, struct buf *out)
{
    struct buf head = {0};

    buf_add(&head, id);
    buf_add_byte(&head, '.');
    buf_add_i64(&head, timestamp_s);
    buf_add_byte(&head, '.');
    for (size_t i = 0; i < count; i++) {
        crypto_auth_hmacsha256_state state;
        unsigned char hash[HASH];

        crypto_auth_hmacsha256_init(&state, secrets[i].bytes, secrets[i].len);
        update(&state, buf_str(&head));
        update(&state, body);
        crypto_auth_hmacsha256_final(&state, hash);
        buf_add(out, i ? S(" v1,") : S("v1,"));
        add_base64(out, hash, sizeof hash);
    }
    out->broken |= buf_is_broken(&head);
    buf_done(&head);
}
