/* test_tls_context.c - certificates and keys as operators store them, and what is wrong with some.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/tls_context.h"

#include "support/certificate.h"
#include "support/test.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"

#include <openssl/pem.h>

struct world {
    struct sys *sys;
    struct certificate_pem ours, theirs, weak;
};

static void put_file(struct world *w, const char *name, str first, str second)
{
    struct buf text = {0};

    buf_add(&text, first);
    buf_add(&text, second);
    CHECK_OK(file_replace(w->sys, name, buf_str(&text)));
    buf_done(&text);
}

static str locked_key(const struct certificate_pem *pem)
{
    BIO *in = BIO_new_mem_buf(pem->key.data, (int)pem->key.len), *out = BIO_new(BIO_s_mem());
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    unsigned char word[] = "secret";
    char *data;
    long len;
    str text;

    CHECK(PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(), word, 6, NULL, NULL));
    len = BIO_get_mem_data(out, &data);
    text = arena_dup(test_mem, str_from(data, (size_t)len));
    EVP_PKEY_free(key);
    BIO_free(in);
    BIO_free(out);
    return text;
}

static void open_world(struct world *w)
{
    str none = {NULL, 0};

    w->sys = sim_open(1);
    certificate_make("ours.example", CERTIFICATE_P256, -1, 90, &w->ours);
    certificate_make("theirs.example", CERTIFICATE_RSA_2048, -90, -1, &w->theirs);
    certificate_make("weak.example", CERTIFICATE_RSA_1024, -1, 90, &w->weak);
    put_file(w, "ours.pem", buf_str(&w->ours.certificate), none);
    put_file(w, "ours.key", buf_str(&w->ours.key), none);
    put_file(w, "theirs.pem", buf_str(&w->theirs.certificate), none);
    put_file(w, "theirs.key", buf_str(&w->theirs.key), none);
    put_file(w, "weak.pem", buf_str(&w->weak.certificate), buf_str(&w->weak.key));
    put_file(w, "both.pem", buf_str(&w->ours.key), buf_str(&w->ours.certificate));
    put_file(w, "chain.pem", buf_str(&w->ours.certificate), buf_str(&w->theirs.certificate));
    put_file(w, "chain2.pem", buf_str(&w->theirs.certificate), buf_str(&w->ours.certificate));
    put_file(w, "all.pem", buf_str(&w->ours.certificate), buf_str(&w->ours.key));
    put_file(w, "text.pem", S("a diary\n"), none);
    put_file(w, "empty.pem", none, none);
    put_file(w, "cut.pem", str_slice(buf_str(&w->ours.certificate), 0, 200), none);
    put_file(w, "tail.pem", buf_str(&w->ours.certificate),
             S("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    put_file(w, "locked.key", locked_key(&w->ours), none);
}

static void close_world(struct world *w)
{
    certificate_drop(&w->ours);
    certificate_drop(&w->theirs);
    certificate_drop(&w->weak);
    sim_close(w->sys);
}

TEST(tls_context_takes_certificates_as_they_are_stored)
{
    static const struct {
        const char *certificate;
        const char *key;
    } cases[] = {
        {"ours.pem", "ours.key"},  {"both.pem", ""},
        {"all.pem", ""},           {"all.pem", "all.pem"},
        {"chain.pem", "ours.key"}, {"theirs.pem", "theirs.key"},
        {"ours.pem", "both.pem"},  {"chain2.pem", "theirs.key"},
    };
    struct world w;

    open_world(&w);
    EACH_CASE(c, cases)
    {
        struct tls_context *context;

        CHECK_OK(tls_context_open(w.sys, c->certificate, c->key, NULL, &context));
        tls_context_close(context);
    }
    close_world(&w);
}

TEST(tls_context_names_the_file_and_what_is_wrong_with_it)
{
    static const struct {
        const char *certificate;
        const char *key;
        enum err err;
        const char *file;
        const char *wrong;
    } cases[] = {
        {"none.pem", "ours.key", ERR_ABSENT, "none.pem", "No such"},
        {"ours.pem", "none.key", ERR_ABSENT, "none.key", "No such"},
        {"text.pem", "ours.key", ERR_INVALID, "text.pem", "no certificate"},
        {"empty.pem", "ours.key", ERR_INVALID, "empty.pem", "no certificate"},
        {"ours.key", "ours.key", ERR_INVALID, "ours.key", "no certificate"},
        {"cut.pem", "ours.key", ERR_INVALID, "cut.pem", "cannot be read"},
        {"tail.pem", "ours.key", ERR_INVALID, "tail.pem", "certificate 2"},
        {"ours.pem", "text.pem", ERR_INVALID, "text.pem", "no private key"},
        {"ours.pem", "empty.pem", ERR_INVALID, "empty.pem", "no private key"},
        {"ours.pem", "", ERR_INVALID, "ours.pem", "no private key"},
        {"ours.pem", "locked.key", ERR_INVALID, "locked.key", "passphrase"},
        {"ours.pem", "theirs.key", ERR_INVALID, "theirs.key", "does not belong"},
        {"chain2.pem", "ours.key", ERR_INVALID, "chain2.pem", "first certificate"},
        {"weak.pem", "", ERR_INVALID, "weak.pem", "key too small"},
    };
    struct world w;

    open_world(&w);
    EACH_CASE(c, cases)
    {
        struct tls_context *context = (struct tls_context *)&w;

        CHECK_ERR(c->err, tls_context_open(w.sys, c->certificate, c->key, NULL, &context));
        CHECK(str_contains(str_of(err_text()), str_of(c->file)));
        CHECK(str_contains(str_of(err_text()), str_of(c->wrong)));
        CHECK(context == (struct tls_context *)&w);
    }
    close_world(&w);
}

TEST(tls_context_knows_how_long_its_certificate_is_valid)
{
    struct tls_context *context, *renewed;
    millis from, until, now = clock_now(sys_real());
    struct world w;

    open_world(&w);
    CHECK_OK(tls_context_open(w.sys, "theirs.pem", "theirs.key", NULL, &context));
    CHECK_OK(tls_context_renew(w.sys, context, &renewed));
    tls_context_validity(renewed, &from, &until);
    CHECK_INT((now - from + MILLIS_DAY / 2) / MILLIS_DAY, 90);
    CHECK_INT((now - until + MILLIS_DAY / 2) / MILLIS_DAY, 1);
    tls_context_close(context);
    tls_context_close(renewed);
    close_world(&w);
}
