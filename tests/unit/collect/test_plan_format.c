/* test_plan_format.c - texts that have a form, and texts that nearly do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/plan_format.h"
#include "support/test.h"

TEST(plan_format_tells_what_fits)
{
    static const struct {
        const char *format, *text;
        bool fits;
    } cases[] = {
        {"date-time", "2026-11-21T09:30:00Z", true},
        {"date-time", "2026-11-21t09:30:00.123456z", true},
        {"date-time", "2026-11-21T09:30:00+05:30", true},
        {"date-time", "2016-12-31T23:59:60Z", true},
        {"date-time", "2026-11-21 09:30:00Z", false},
        {"date-time", "2026-11-21T09:30:00", false},
        {"date-time", "2026-11-21T09:30Z", false},
        {"date-time", "2026-11-21T09:30:00.Z", false},
        {"date-time", "2026-11-21T09:30:00+0530", false},
        {"date-time", "2026-02-30T09:30:00Z", false},
        {"date-time", "2026-11-21T25:30:00Z", false},
        {"date-time", "", false},
        {"date", "2024-02-29", true},
        {"date", "2026-02-29", false},
        {"date", "2026-2-3", false},
        {"date", "2026-11-21T", false},
        {"email", "ann+tag@example.co.uk", true},
        {"email", "ann@localhost", true},
        {"email",
         "j\xC3\xB6rg@b\xC3\xBC"
         "cher.example",
         true},
        {"email", "ann", false},
        {"email", "@example.com", false},
        {"email", "ann@", false},
        {"email", "ann@exa mple.com", false},
        {"email", "a@b@c", false},
        {"email", "ann@-x.com", false},
        {"email", "ann@x..com", false},
        {"email", "a,b@x.com", false},
        {"uri", "https://example.com/a?b=c#d", true},
        {"uri", "mailto:ann@example.com", true},
        {"uri", "urn:isbn:0451450523", true},
        {"uri", "/a/b", false},
        {"uri", "1http://x", false},
        {"uri", "http://x y", false},
        {"uri", "http://x/%zz", false},
        {"uri", "http://x/%2", false},
        {"uri", "http://\xC3\xA9", false},
        {"uri", "", false},
        {"uuid", "0B8f9a3e-6f0e-4c5a-9a54-0d3a5e6f7a81", true},
        {"uuid", "0b8f9a3e6f0e4c5a9a540d3a5e6f7a81", false},
        {"uuid", "0b8f9a3g-6f0e-4c5a-9a54-0d3a5e6f7a81", false},
        {"hostname", "a.example.com", true},
        {"hostname", "a..b", false},
        {"hostname", "a_b", false},
        {"ipv4", "192.0.2.255", true},
        {"ipv4", "192.0.2.256", false},
        {"ipv4", "192.0.2", false},
        {"ipv4", "192.0.02.1", false},
        {"ipv4", "1.2.3.4.", false},
    };

    EACH_CASE(c, cases)
    {
        const struct plan_format *format = plan_format_find(str_of(c->format));

        CHECK(format != NULL);
        if (format->fits(str_of(c->text)) != c->fits)
            fail_msg("%s: %s", c->format, c->text);
        CHECK(format->fits(str_of(format->example)));
    }
    CHECK(plan_format_find(S("colour")) == NULL);
    CHECK(plan_format_find((str){NULL, 0}) == NULL);
}
