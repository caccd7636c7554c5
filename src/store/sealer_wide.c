/* sealer_wide.c - AES-256-GCM by IPsec MB, where the program was built with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/sealer_wide.h"

#ifdef HAVE_IPSEC_MB

#include <intel-ipsec-mb.h>
#include <sodium.h>

/* The library writes them before it reads them; the compiler cannot know that and would clear them
 * for each payload. */
#define UNTOUCHED __attribute__((uninitialized))

struct sealer_wide *sealer_wide_open(void)
{
    IMB_MGR *wide = alloc_mb_mgr(0);
    IMB_ARCH arch = IMB_ARCH_NONE;

    if (!wide)
        return NULL;
    init_mb_mgr_auto(wide, &arch);
    if (imb_get_errno(wide) == 0 && arch >= IMB_ARCH_SSE)
        return (struct sealer_wide *)wide;
    free_mb_mgr(wide);
    return NULL;
}

void sealer_wide_close(struct sealer_wide *wide)
{
    if (wide)
        free_mb_mgr((IMB_MGR *)wide);
}

/* What the library writes to is on the stack alone, so that threads do not meet. */
void sealer_wide_seal(const struct sealer_wide *wide, const unsigned char *key, str associated,
                      str text, unsigned char *nonce)
{
    const IMB_MGR *calls = (const IMB_MGR *)wide;
    unsigned char *sealed = nonce + SEALER_NONCE;
    UNTOUCHED struct gcm_context_data context;
    UNTOUCHED struct gcm_key_data keys;

    IMB_AES256_GCM_PRE(calls, key, &keys);
    IMB_AES256_GCM_ENC(calls, &keys, &context, sealed, (const uint8_t *)text.data, text.len, nonce,
                       (const uint8_t *)associated.data, associated.len, sealed + text.len,
                       SEALER_TAG);
    sodium_memzero(&keys, sizeof keys);
}

bool sealer_wide_unseal(const struct sealer_wide *wide, const unsigned char *key, str associated,
                        str sealed, void *out)
{
    const IMB_MGR *calls = (const IMB_MGR *)wide;
    const unsigned char *nonce = (const unsigned char *)sealed.data;
    str text = str_slice(sealed, SEALER_NONCE, sealed.len - SEALER_TAG);
    unsigned char tag[SEALER_TAG];
    UNTOUCHED struct gcm_context_data context;
    UNTOUCHED struct gcm_key_data keys;

    IMB_AES256_GCM_PRE(calls, key, &keys);
    IMB_AES256_GCM_DEC(calls, &keys, &context, out, (const uint8_t *)text.data, text.len, nonce,
                       (const uint8_t *)associated.data, associated.len, tag, SEALER_TAG);
    sodium_memzero(&keys, sizeof keys);
    return sodium_memcmp(tag, text.data + text.len, SEALER_TAG) == 0;
}

#else

struct sealer_wide *sealer_wide_open(void)
{
    return NULL;
}

void sealer_wide_close(struct sealer_wide *wide)
{
    (void)wide;
}

void sealer_wide_seal(const struct sealer_wide *wide, const unsigned char *key, str associated,
                      str text, unsigned char *nonce)
{
    (void)wide, (void)key, (void)associated, (void)text, (void)nonce;
}

bool sealer_wide_unseal(const struct sealer_wide *wide, const unsigned char *key, str associated,
                        str sealed, void *out)
{
    (void)wide, (void)key, (void)associated, (void)sealed, (void)out;
    return false;
}

#endif
