/* sealer.c - authenticated encryption: AES-256-GCM by IPsec MB, by libsodium, or by OpenSSL.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every payload has a key of its own, so what counts is how fast a key is set up: for the payload
 * of an event libsodium takes three quarters of OpenSSL's time, and IPsec MB, where the program was
 * built with it, less than half. They have AES only where the processor has; for other processors
 * there is OpenSSL, whose contexts are used again.
 */
#include "store/sealer.h"

#include "base/mem.h"
#include "store/sealer_wide.h"
#include "sys/entropy.h"
#include "sys/thread.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

enum { NONCES = 256, IDLE = 16 };

struct sealer {
    struct sys *sys;
    bool is_native;           /* libsodium has the processor's AES */
    struct sealer_wide *wide; /* NULL: libsodium's, or none */
    EVP_CIPHER *cipher;
    struct mutex *lock;
    /* Under the lock: */
    unsigned char nonces[NONCES][SEALER_NONCE]; /* random; each is taken once */
    unsigned nonces_left;
    EVP_CIPHER_CTX *idle[IDLE];
    unsigned idle_count;
};

fallible sealer_open(struct sys *sys, struct sealer **out_sealer)
{
    struct sealer *sealer = mem_alloc(sizeof *sealer);

    if (!sealer)
        return mem_exhausted();
    sealer->sys = sys;
    sealer->lock = mutex_open();
    sealer->is_native = sodium_init() >= 0 && crypto_aead_aes256gcm_is_available();
    sealer->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (!sealer->lock || !sealer->cipher) {
        enum err err =
            sealer->lock ? fail(ERR_IO, "OpenSSL offers no AES-256-GCM") : mem_exhausted();
        sealer_close(sealer);
        return err;
    }
    if (sealer->is_native)
        sealer->wide = sealer_wide_open();
    *out_sealer = sealer;
    return OK;
}

void sealer_close(struct sealer *sealer)
{
    if (!sealer)
        return;
    while (sealer->idle_count)
        EVP_CIPHER_CTX_free(sealer->idle[--sealer->idle_count]);
    sealer_wide_close(sealer->wide);
    EVP_CIPHER_free(sealer->cipher);
    mutex_close(sealer->lock);
    mem_free(sealer);
}

void sealer_use_openssl(struct sealer *sealer)
{
    sealer->is_native = false;
}

void sealer_use_libsodium(struct sealer *sealer)
{
    sealer_wide_close(sealer->wide);
    sealer->wide = NULL;
}

/* A call of the system for each nonce would cost as much as sealing; the process never forks, so
 * nobody else can hold the same ones. */
static void take_nonce(struct sealer *sealer, unsigned char *out_nonce)
{
    mutex_lock(sealer->lock);
    if (!sealer->nonces_left) {
        entropy_fill(sealer->sys, sealer->nonces, sizeof sealer->nonces);
        sealer->nonces_left = NONCES;
    }
    memcpy(out_nonce, sealer->nonces[--sealer->nonces_left], SEALER_NONCE);
    mutex_unlock(sealer->lock);
}

/* By OpenSSL */

/* A context of its own for each call under way. */
static EVP_CIPHER_CTX *take_context(struct sealer *sealer)
{
    EVP_CIPHER_CTX *context = NULL;

    mutex_lock(sealer->lock);
    if (sealer->idle_count)
        context = sealer->idle[--sealer->idle_count];
    mutex_unlock(sealer->lock);
    if (context)
        return context;
    context = EVP_CIPHER_CTX_new();
    if (context && !EVP_CipherInit_ex2(context, sealer->cipher, NULL, NULL, 1, NULL)) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

static void give_context(struct sealer *sealer, EVP_CIPHER_CTX *context)
{
    mutex_lock(sealer->lock);
    if (sealer->idle_count < IDLE) {
        sealer->idle[sealer->idle_count++] = context;
        context = NULL;
    }
    mutex_unlock(sealer->lock);
    EVP_CIPHER_CTX_free(context);
}

/* All steps but the tag; false when OpenSSL refuses one. */
static bool run(EVP_CIPHER_CTX *context, str associated, str in, unsigned char *out)
{
    int len;

    return EVP_CipherUpdate(context, NULL, &len, (const unsigned char *)associated.data,
                            (int)associated.len) &&
           (in.len == 0 ||
            EVP_CipherUpdate(context, out, &len, (const unsigned char *)in.data, (int)in.len));
}

static fallible seal_by_openssl(struct sealer *sealer, const unsigned char *key, str associated,
                                str text, unsigned char *nonce)
{
    unsigned char *sealed = nonce + SEALER_NONCE;
    EVP_CIPHER_CTX *context = take_context(sealer);
    bool done;
    int len;

    if (!context)
        return mem_exhausted();
    done = EVP_CipherInit_ex2(context, NULL, key, nonce, 1, NULL) &&
           run(context, associated, text, sealed) &&
           EVP_CipherFinal_ex(context, sealed + text.len, &len) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEALER_TAG, sealed + text.len);
    give_context(sealer, context);
    return done ? OK : fail(ERR_IO, "OpenSSL could not seal a payload");
}

static fallible differs(void)
{
    return fail(ERR_CORRUPT, "a sealed payload does not open with its key");
}

static fallible unseal_by_openssl(struct sealer *sealer, const unsigned char *key, str associated,
                                  str sealed, void *out)
{
    const unsigned char *nonce = (const unsigned char *)sealed.data;
    str text = str_slice(sealed, SEALER_NONCE, sealed.len - SEALER_TAG);
    unsigned char tag[SEALER_TAG];
    EVP_CIPHER_CTX *context = take_context(sealer);
    bool done;
    int len;

    if (!context)
        return mem_exhausted();
    memcpy(tag, text.data + text.len, SEALER_TAG);
    done = EVP_CipherInit_ex2(context, NULL, key, nonce, 0, NULL) &&
           run(context, associated, text, out) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEALER_TAG, tag) &&
           EVP_CipherFinal_ex(context, (unsigned char *)out + text.len, &len);
    give_context(sealer, context);
    return done ? OK : differs();
}

/* By libsodium */

static void seal_natively(const unsigned char *key, str associated, str text, unsigned char *nonce)
{
    unsigned char *sealed = nonce + SEALER_NONCE;
    crypto_aead_aes256gcm_state state;

    crypto_aead_aes256gcm_beforenm(&state, key);
    crypto_aead_aes256gcm_encrypt_detached_afternm(
        sealed, sealed + text.len, NULL, (const unsigned char *)text.data, text.len,
        (const unsigned char *)associated.data, associated.len, NULL, nonce, &state);
    sodium_memzero(&state, sizeof state);
}

static bool unseal_natively(const unsigned char *key, str associated, str sealed, void *out)
{
    const unsigned char *nonce = (const unsigned char *)sealed.data;
    str text = str_slice(sealed, SEALER_NONCE, sealed.len - SEALER_TAG);
    crypto_aead_aes256gcm_state state;
    bool is_same;

    crypto_aead_aes256gcm_beforenm(&state, key);
    is_same = crypto_aead_aes256gcm_decrypt_detached_afternm(
                  out, NULL, (const unsigned char *)text.data, text.len,
                  (const unsigned char *)text.data + text.len,
                  (const unsigned char *)associated.data, associated.len, nonce, &state) == 0;
    sodium_memzero(&state, sizeof state);
    return is_same;
}

fallible sealer_seal(struct sealer *sealer, const unsigned char *key, str associated, str text,
                     void *out)
{
    take_nonce(sealer, out);
    if (!sealer->is_native)
        return seal_by_openssl(sealer, key, associated, text, out);
    if (sealer->wide)
        sealer_wide_seal(sealer->wide, key, associated, text, out);
    else
        seal_natively(key, associated, text, out);
    return OK;
}

fallible sealer_unseal(struct sealer *sealer, const unsigned char *key, str associated, str sealed,
                       void *out)
{
    if (sealed.len < SEALER_OVERHEAD)
        return fail(ERR_CORRUPT, "a sealed payload of %zu bytes is too short", sealed.len);
    if (!sealer->is_native)
        return unseal_by_openssl(sealer, key, associated, sealed, out);
    if (sealer->wide)
        return sealer_wide_unseal(sealer->wide, key, associated, sealed, out) ? OK : differs();
    return unseal_natively(key, associated, sealed, out) ? OK : differs();
}
