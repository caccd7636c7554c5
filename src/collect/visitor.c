/* visitor.c - address and user agent made an anonymousId.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/visitor.h"

#include "store/vault.h"

#include <string.h>

enum { DOMAIN = 0x77 }; /* keeps the key of visitors apart from other hashes */

hash_key visitor_key(const struct vault *vault)
{
    hash128 hash = vault_hash(vault, DOMAIN, S("visitors of imported logs"));
    hash_key key;

    memcpy(key.bytes, &hash, sizeof key.bytes);
    return key;
}

void visitor_write(const hash_key *key, str who, char *out)
{
    static const char hex[] = "0123456789abcdef";
    hash128 hash = hash_keyed(key, who);
    const unsigned char *bytes = (const unsigned char *)&hash;

    for (size_t i = 0; i < sizeof hash; i++) {
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
}
