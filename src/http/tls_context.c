/* tls_context.c - certificate, key and tickets in an SSL_CTX.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/tls_context.h"

#include "base/mem.h"
#include "http/tls_wire.h"
#include "sys/entropy.h"
#include "sys/file.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

enum { MOST_BYTES = 1 << 20, NAME_BYTES = 16, SECRET_BYTES = 32, TICKET_KEYS = 2 };

static const char CIPHERS[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char CIPHERS_13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                 "TLS_CHACHA20_POLY1305_SHA256";
static const char CURVES[] = "X25519:P-256:P-384";

struct ticket_key {
    unsigned char name[NAME_BYTES];
    unsigned char cipher[SECRET_BYTES];
    unsigned char mac[SECRET_BYTES];
    bool is_there;
};

struct tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *wire;
    struct ticket_key keys[TICKET_KEYS]; /* the first seals, all unseal */
    millis from, until;
};

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
    STACK_OF(X509) * chain;
};

static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    return text ? text : "no reason given";
}

static void drop_identity(struct identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    sk_X509_pop_free(identity->chain, X509_free);
}

/* Files */

static fallible read_certificates(const char *path, BIO *bio, struct identity *identity)
{
    X509 *one;

    identity->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (!identity->certificate)
        return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
                   ? fail(ERR_INVALID, "%s holds no certificate (PEM is read here)", path)
                   : fail(ERR_INVALID, "%s: its certificate cannot be read: %s", path, reason());
    identity->chain = sk_X509_new_null();
    while (identity->chain && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        if (!sk_X509_push(identity->chain, one)) {
            X509_free(one);
            return mem_exhausted();
        }
    if (!identity->chain)
        return mem_exhausted();
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return fail(ERR_INVALID, "%s: certificate %d cannot be read: %s", path,
                    sk_X509_num(identity->chain) + 2, reason());
    return OK;
}

/* OpenSSL would ask at the terminal. */
static int has_no_passphrase(char *out, int size, int rwflag, void *argument)
{
    (void)out;
    (void)size;
    (void)rwflag;
    *(bool *)argument = true;
    return -1;
}

static fallible read_key(const char *path, BIO *bio, struct identity *identity)
{
    bool is_locked = false;

    identity->key = PEM_read_bio_PrivateKey(bio, NULL, has_no_passphrase, &is_locked);
    if (identity->key)
        return OK;
    if (is_locked)
        return fail(ERR_INVALID, "the key in %s is locked by a passphrase: store it without one",
                    path);
    return fail(ERR_INVALID, "%s holds no private key that can be read (PEM is read here)", path);
}

static fallible read_pem(struct sys *sys, const char *path,
                         enum err (*parse)(const char *path, BIO *bio, struct identity *identity),
                         struct identity *identity)
{
    struct arena *mem = arena_open((size_t)2 * MOST_BYTES);
    str text = {NULL, 0};
    BIO *bio = NULL;
    enum err err = mem ? file_load(sys, path, MOST_BYTES, mem, &text) : arena_exhausted();

    ERR_clear_error();
    if (!err) {
        bio = BIO_new_mem_buf(text.data, (int)text.len);
        err = bio ? parse(path, bio, identity) : mem_exhausted();
        OPENSSL_cleanse((char *)text.data, text.len);
    }
    ERR_clear_error();
    BIO_free(bio);
    arena_close(mem);
    return err;
}

static fallible read_identity(struct sys *sys, const char *certificate, const char *key,
                              struct identity *out)
{
    TRY(read_pem(sys, certificate, read_certificates, out));
    TRY(read_pem(sys, key, read_key, out));
    if (X509_check_private_key(out->certificate, out->key) == 1)
        return OK;
    ERR_clear_error();
    return fail(ERR_INVALID, "the key in %s does not belong to the first certificate in %s", key,
                certificate);
}

static millis instant(const ASN1_TIME *at)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;

    if (!epoch || !ASN1_TIME_diff(&days, &seconds, epoch, at))
        ERR_clear_error();
    ASN1_TIME_free(epoch);
    return days * MILLIS_DAY + seconds * MILLIS_SECOND;
}

/* Tickets */

static const struct ticket_key *find_key(const struct tls_context *context,
                                         const unsigned char *name)
{
    for (int i = 0; i < TICKET_KEYS; i++)
        if (context->keys[i].is_there && memcmp(context->keys[i].name, name, NAME_BYTES) == 0)
            return &context->keys[i];
    return NULL;
}

/* See SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 0 is a full handshake, 2 asks for a new ticket. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int seals)
{
    const struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct ticket_key *key = seals ? &context->keys[0] : find_key(context, name);
    const EVP_CIPHER *kind = EVP_aes_256_cbc();
    OSSL_PARAM parameters[3];

    if (!key)
        return 0;
    parameters[0] =
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->mac, SECRET_BYTES);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    if (!EVP_MAC_CTX_set_params(mac, parameters))
        return -1;
    if (seals) {
        memcpy(name, key->name, NAME_BYTES);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(kind)) != 1 ||
            !EVP_EncryptInit_ex(cipher, kind, NULL, key->cipher, iv))
            return -1;
        return 1;
    }
    if (!EVP_DecryptInit_ex(cipher, kind, NULL, key->cipher, iv))
        return -1;
    return key == &context->keys[0] ? 1 : 2;
}

static void make_ticket_key(struct sys *sys, struct ticket_key *out)
{
    entropy_fill(sys, out->name, sizeof out->name);
    entropy_fill(sys, out->cipher, sizeof out->cipher);
    entropy_fill(sys, out->mac, sizeof out->mac);
    out->is_there = true;
}

/* The context */

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *argument)
{
    static const unsigned char ours[] = "\x08http/1.1";

    (void)ssl;
    (void)argument;
    return SSL_select_next_proto((unsigned char **)out, out_len, ours, sizeof ours - 1, offered,
                                 offered_len) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool set_up(struct tls_context *context)
{
    SSL_CTX *ssl = context->ssl;

    SSL_CTX_set_app_data(ssl, context);
    /* All ciphers are strong: ours is the cheapest first, but of a client whose processor has no
     * AES. HTTP says itself where it ends, so a missing goodbye cuts nothing off. */
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ssl, 1); /* a record by one call instead of two */
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) &&
           SSL_CTX_set_cipher_list(ssl, CIPHERS) && SSL_CTX_set_ciphersuites(ssl, CIPHERS_13) &&
           SSL_CTX_set1_curves_list(ssl, CURVES) &&
           SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, on_ticket);
}

/* Of `identity` the context takes its own references. */
static fallible open_context(const struct identity *identity, struct tls_context **out_context)
{
    struct tls_context *context = mem_alloc(sizeof *context);
    enum err err = OK;

    if (!context)
        return mem_exhausted();
    context->ssl = SSL_CTX_new(TLS_server_method());
    context->wire = tls_wire_method();
    if (!context->ssl || !context->wire || !set_up(context))
        err = fail(ERR_LIMIT, "OpenSSL cannot be set up: %s", reason());
    else if (SSL_CTX_use_cert_and_key(context->ssl, identity->certificate, identity->key,
                                      identity->chain, 1) != 1)
        err = fail(ERR_INVALID, "OpenSSL refuses the certificate: %s", reason());
    ERR_clear_error();
    if (err) {
        tls_context_close(context);
        return err;
    }
    context->from = instant(X509_get0_notBefore(identity->certificate));
    context->until = instant(X509_get0_notAfter(identity->certificate));
    *out_context = context;
    return OK;
}

fallible tls_context_open(struct sys *sys, const char *certificate, const char *key,
                          const struct tls_context *before, struct tls_context **out_context)
{
    struct identity identity = {0};
    struct tls_context *context = NULL;
    enum err err = read_identity(sys, certificate, key[0] ? key : certificate, &identity);

    if (!err) {
        err = open_context(&identity, &context);
        if (err == ERR_INVALID)
            err = fail(err, "%s: %s", certificate, err_text());
    }
    drop_identity(&identity);
    if (err)
        return err;
    if (before)
        memcpy(context->keys, before->keys, sizeof context->keys);
    else
        make_ticket_key(sys, &context->keys[0]);
    *out_context = context;
    return OK;
}

fallible tls_context_renew(struct sys *sys, const struct tls_context *before,
                           struct tls_context **out_context)
{
    struct identity identity = {.certificate = SSL_CTX_get0_certificate(before->ssl),
                                .key = SSL_CTX_get0_privatekey(before->ssl)};
    struct tls_context *context;

    SSL_CTX_get0_chain_certs(before->ssl, &identity.chain);
    TRY(open_context(&identity, &context));
    context->keys[1] = before->keys[0];
    make_ticket_key(sys, &context->keys[0]);
    *out_context = context;
    return OK;
}

void tls_context_close(struct tls_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->wire);
    OPENSSL_cleanse(context->keys, sizeof context->keys);
    mem_free(context);
}

SSL_CTX *tls_context_ssl(const struct tls_context *context)
{
    return context->ssl;
}

BIO_METHOD *tls_context_wire(const struct tls_context *context)
{
    return context->wire;
}

void tls_context_validity(const struct tls_context *context, millis *out_from, millis *out_until)
{
    *out_from = context->from;
    *out_until = context->until;
}
