/* test_signature.c - the example that the scheme publishes, and secrets that are none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/signature.h"

#include "support/test.h"

#define SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define BODY "{\"test\": 2432232314}"

static str sign(const char *const *secrets, size_t count)
{
    struct signature_secret read[4];
    struct buf out = {0};
    str text;

    for (size_t i = 0; i < count; i++)
        CHECK_OK(signature_read(str_of(secrets[i]), &read[i]));
    signature_sign(read, count, S("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330, S(BODY), &out);
    text = arena_dup(test_mem, buf_str(&out));
    buf_done(&out);
    return text;
}

TEST(signature_is_that_of_the_published_example)
{
    static const char *const plain[] = {SECRET}, *const prefixed[] = {"whsec_" SECRET};

    CHECK_STR(sign(plain, 1), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    CHECK_STR(sign(prefixed, 1), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* The second by Python's hmac. */
TEST(signature_is_given_by_each_secret_while_one_is_changed)
{
    static const char *const both[] = {"whsec_" SECRET,
                                       "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};

    CHECK_STR(sign(both, 2), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= "
                             "v1,woH/1mJtZGSMCmpFTxRYbStS24eLLD/oXIYr4PYyZ7g=");
}

TEST(signature_secrets_are_read_as_written)
{
    struct signature_secret secret = {.len = SIGNATURE_MADE}, again;
    struct buf text = {0};

    for (size_t i = 0; i < secret.len; i++)
        secret.bytes[i] = (unsigned char)(255 - 7 * i);
    signature_write(&secret, &text);
    CHECK_OK(signature_read(buf_str(&text), &again));
    CHECK_INT(again.len, SIGNATURE_MADE);
    CHECK(str_equals(str_from(again.bytes, again.len), str_from(secret.bytes, secret.len)));
    buf_done(&text);
}

TEST(signature_refuses_what_is_no_secret)
{
    static const char *const cases[] = {
        "",
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_" SECRET "!",
        "whsec_" SECRET SECRET SECRET,
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_whsec_" SECRET "+",
        "a secret of some length that is no Base64",
    };
    struct signature_secret secret;

    EACH_CASE(c, cases) CHECK_ERR(ERR_INVALID, signature_read(str_of(*c), &secret));
}
