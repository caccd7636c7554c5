/* test_terms.c - on what terms connections are taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/terms.h"

#include "support/certificate.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"

static struct sys *with_certificate(void)
{
    struct sys *sys = sim_open(1);
    struct certificate_pem pem;

    certificate_make("a.example", CERTIFICATE_P256, -1, 90, &pem);
    CHECK_OK(file_replace(sys, "a.pem", buf_str(&pem.certificate)));
    CHECK_OK(file_replace(sys, "a.key", buf_str(&pem.key)));
    certificate_drop(&pem);
    return sys;
}

static struct terms_plan plan_of(const char *certificate, const char *key)
{
    return (struct terms_plan){.certificate = certificate,
                               .key = key,
                               .hsts_seconds = 31536000,
                               .trusted_proxies = S("10.0.0.0/8"),
                               .client_header = S("Forwarded")};
}

TEST(terms_renewed_are_the_same_terms)
{
    struct terms_plan plan = plan_of("a.pem", "a.key");
    struct sys *sys = with_certificate();
    struct terms *terms, *renewed;
    struct address address;

    CHECK(address_read(S("10.1.1.1"), &address));
    CHECK_OK(terms_open(sys, &plan, NULL, &terms));
    CHECK_OK(terms_renew(sys, terms, &renewed));
    terms_release(terms);
    CHECK_STR(renewed->client_header, "Forwarded");
    CHECK_STR(renewed->transport_security, "max-age=31536000");
    CHECK(networks_have(&renewed->proxies, &address));
    CHECK(renewed->tls != NULL);
    CHECK(terms_share(renewed) == renewed);
    terms_release(renewed);
    CHECK_STR(renewed->client_header, "Forwarded");
    terms_release(renewed);
    terms_release(NULL);
    sim_close(sys);
}

TEST(terms_without_certificate_have_no_tls)
{
    struct terms_plan plan = plan_of("", "");
    struct sys *sys = sim_open(1);
    struct terms *terms;

    plan.hsts_seconds = 0;
    CHECK_OK(terms_open(sys, &plan, NULL, &terms));
    CHECK(!terms->tls);
    CHECK_INT(terms->transport_security.len, 0);
    terms_release(terms);
    sim_close(sys);
}

TEST(terms_are_refused_whole)
{
    struct terms_plan key = plan_of("a.pem", "a.pem"), proxies = plan_of("a.pem", "a.key"),
                      header = plan_of("a.pem", "a.key");
    struct sys *sys = with_certificate();
    struct terms *terms = NULL;

    proxies.trusted_proxies = S("10.0.0.0/8, here");
    header.client_header = S("X Forwarded");
    CHECK_ERR(ERR_INVALID, terms_open(sys, &key, NULL, &terms));
    CHECK_ERR(ERR_INVALID, terms_open(sys, &proxies, NULL, &terms));
    CHECK(str_contains(str_of(err_text()), S("here")));
    CHECK_ERR(ERR_INVALID, terms_open(sys, &header, NULL, &terms));
    CHECK(str_contains(str_of(err_text()), S("X Forwarded")));
    CHECK(!terms);
    sim_close(sys);
}
