/* test_domain.c - names of hosts: for the wire, and as they are registered.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/domain.h"

#include "support/test.h"

TEST(domain_has_its_form_for_the_wire_and_its_registered_part)
{
    static const struct {
        const char *name, *ascii, *registrable; /* NULL: absent */
    } cases[] = {
        {"www.Example.COM", "www.example.com", "example.com"},
        {"a.b.example.co.uk", "a.b.example.co.uk", "example.co.uk"},
        {"co.uk", "co.uk", NULL},
        {"b\xc3\xbc"
         "cher.de",
         "xn--bcher-kva.de",
         "b\xc3\xbc"
         "cher.de"},
        {"fa\xc3\x9f.de", "xn--fa-hia.de", "fa\xc3\x9f.de"},
        {"-a.de", NULL, "-a.de"},
        {"a..de", NULL, NULL},
        {".example.com", NULL, NULL},
        {"192.0.2.7", "192.0.2.7", NULL},
        {"", NULL, NULL},
    };

    EACH_CASE(c, cases)
    {
        str ascii, registrable;

        CHECK_OK(domain_ascii(str_of(c->name), test_mem, &ascii));
        CHECK_OK(domain_registrable(str_of(c->name), test_mem, &registrable));
        CHECK(str_equals(ascii, str_of(c->ascii)));
        CHECK(str_equals(registrable, str_of(c->registrable)));
    }
}
