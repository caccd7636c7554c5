/* certificate.c - self-signed certificates by OpenSSL.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/certificate.h"

#include "support/test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static EVP_PKEY *make_key(enum certificate_key kind)
{
    if (kind == CERTIFICATE_P256)
        return EVP_EC_gen("P-256");
    return EVP_RSA_gen(kind == CERTIFICATE_RSA_2048 ? 2048U : 1024U);
}

static void take(BIO *bio, struct buf *out)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);

    *out = (struct buf){0};
    buf_add_bytes(out, data, (size_t)len);
    BIO_free(bio);
}

void certificate_make(const char *name, enum certificate_key kind, int from_days, int until_days,
                      struct certificate_pem *out)
{
    EVP_PKEY *key = make_key(kind);
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME *subject;

    assert_non_null(key);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_set_version(certificate, X509_VERSION_3);
    X509_time_adj_ex(X509_getm_notBefore(certificate), from_days, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(certificate), until_days, 0, NULL);
    subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_set_pubkey(certificate, key);
    CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    CHECK(PEM_write_bio_X509(bio, certificate));
    take(bio, &out->certificate);
    bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    take(bio, &out->key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void certificate_drop(struct certificate_pem *pem)
{
    buf_done(&pem->certificate);
    buf_done(&pem->key);
}
