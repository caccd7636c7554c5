/* test_reach.c - addresses that a URL from outside may and may not lead to, in many disguises.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/reach.h"

#include "http/courier.h"
#include "support/test.h"

TEST(reach_knows_which_addresses_are_public)
{
    static const struct {
        const char *text;
        bool is_public;
    } cases[] = {
        {"1.1.1.1", true},
        {"8.8.8.8", true},
        {"9.255.255.255", true},
        {"11.0.0.0", true},
        {"100.63.255.255", true},
        {"100.128.0.0", true},
        {"126.255.255.255", true},
        {"128.0.0.0", true},
        {"168.63.129.15", true},
        {"169.253.255.255", true},
        {"172.15.255.255", true},
        {"172.32.0.0", true},
        {"192.0.1.0", true},
        {"192.167.255.255", true},
        {"192.169.0.0", true},
        {"198.17.255.255", true},
        {"198.20.0.0", true},
        {"223.255.255.255", true},
        {"0.0.0.0", false},
        {"0.1.2.3", false},
        {"10.0.0.1", false},
        {"10.255.255.255", false},
        {"100.64.0.0", false},
        {"100.100.100.200", false}, /* Alibaba's metadata */
        {"127.0.0.1", false},
        {"127.255.255.255", false},
        {"168.63.129.16", false}, /* Azure's platform */
        {"169.254.169.254", false},
        {"169.254.170.2", false},
        {"172.16.0.0", false},
        {"172.31.255.255", false},
        {"192.0.0.192", false}, /* Oracle's metadata */
        {"192.0.2.1", false},
        {"192.88.99.1", false},
        {"192.168.0.1", false},
        {"198.18.0.1", false},
        {"198.51.100.1", false},
        {"203.0.113.1", false},
        {"224.0.0.1", false},
        {"240.0.0.1", false},
        {"255.255.255.255", false},
        {"2606:4700:4700::1111", true},
        {"2a00:1450:4001::1", true},
        {"3fff:1000::1", true},
        {"2001:4860:4860::8888", true},
        {"64:ff9b::808:808", true}, /* 8.8.8.8 behind NAT64 */
        {"::ffff:8.8.8.8", true},
        {"::", false},
        {"::1", false},
        {"::7f00:1", false}, /* IPv4-compatible */
        {"::8.8.8.8", false},
        {"::ffff:127.0.0.1", false},
        {"::ffff:10.0.0.1", false},
        {"::ffff:169.254.169.254", false},
        {"::ffff:0:127.0.0.1", false},
        {"64:ff9b::7f00:1", false},
        {"64:ff9b::a9fe:a9fe", false},
        {"64:ff9b:1::1", false},
        {"100::1", false},
        {"2001::1", false},          /* Teredo */
        {"2001:0:7f00:1::", false},  /* with a server */
        {"2001:10::1", false},       /* ORCHID */
        {"2001:1ff:ffff::1", false}, /* the last of the assignments */
        {"2001:db8::1", false},
        {"2002:7f00:1::", false}, /* 6to4 of 127.0.0.1 */
        {"2002:a9fe:a9fe::1", false},
        {"2002:808:808::1", false},
        {"3fff::1", false},
        {"4000::1", false},
        {"5f00::1", false},
        {"fc00::1", false},
        {"fd00:ec2::254", false}, /* Amazon's metadata */
        {"fe80::1", false},
        {"fec0::1", false},
        {"ff02::1", false},
    };

    EACH_CASE(c, cases)
    {
        struct address address;

        CHECK(address_read(str_of(c->text), &address));
        if (reach_is_public(&address) != c->is_public)
            CHECK_STR(str_of(c->text), c->is_public ? "to be public" : "not to be public");
    }
}

TEST(reach_reads_hosts_as_resolvers_do)
{
    static const struct {
        const char *host, *want; /* NULL: a name */
    } cases[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"127.0.0.1.", "127.0.0.1"},
        {"127.1", "127.0.0.1"},
        {"127.0.1", "127.0.0.1"},
        {"2130706433", "127.0.0.1"},
        {"0x7f000001", "127.0.0.1"},
        {"0X7F.1", "127.0.0.1"},
        {"0x7f.0x0.0x0.0x1", "127.0.0.1"},
        {"0177.0.0.01", "127.0.0.1"},
        {"017700000001", "127.0.0.1"},
        {"0", "0.0.0.0"},
        {"0x", "0.0.0.0"},
        {"10.256", "10.0.1.0"},
        {"169.254.43518", "169.254.169.254"},
        {"0xa9fea9fe", "169.254.169.254"},
        {"4294967295", "255.255.255.255"},
        {"[::1]", "::1"},
        {"[::ffff:127.0.0.1]", "::ffff:127.0.0.1"},
        {"[fe80::1%25eth0]", "fe80::1"},
        {"::1", "::1"},
        {"4294967296", NULL},
        {"256.0.0.1", NULL},
        {"1.2.3.4.5", NULL},
        {"1.2.3.256", NULL},
        {"1.2.65536", NULL},
        {"08.1", NULL},
        {"1..2", NULL},
        {"", NULL},
        {".", NULL},
        {"example.com", NULL},
        {"0xcafe.example", NULL},
        {"127.0.0.1.example", NULL},
        {"[::1", NULL},
        {"[]", NULL},
        {"99999999999999999999999999", NULL},
    };

    EACH_CASE(c, cases)
    {
        struct address address;
        struct buf text = {0};
        bool is_address = reach_read(str_of(c->host), &address);

        if (is_address)
            address_write(&address, &text);
        CHECK_STR(is_address ? buf_str(&text) : str_of(c->host), c->want ? c->want : c->host);
        CHECK_INT(is_address, c->want != NULL);
        buf_done(&text);
    }
}

TEST(reach_knows_local_names)
{
    static const struct {
        const char *host;
        bool is_local;
    } cases[] = {
        {"localhost", true},         {"LOCALHOST.", true},
        {"a.localhost", true},       {"printer.local", true},
        {"db.internal", true},       {"metadata.google.internal", true},
        {"example.com", false},      {"localhost.com", false},
        {"mylocalhost", false},      {"", false},
        {"internal.example", false},
    };

    EACH_CASE(c, cases) CHECK_INT(reach_is_local_name(str_of(c->host)), c->is_local);
}

TEST(reach_allows_what_the_operator_names)
{
    static const struct {
        const char *text;
        bool allows;
    } cases[] = {
        {"10.1.2.3", true},         {"10.2.0.0", false},       {"::ffff:10.1.2.3", true},
        {"::ffff:10.2.0.1", false}, {"fd00::5", true},         {"fd01::5", false},
        {"8.8.8.8", true},          {"64:ff9b::a01:1", false},
    };
    struct networks allowed;

    CHECK_OK(networks_read(S("10.1.0.0/16, fd00::/64"), &allowed));
    EACH_CASE(c, cases)
    {
        struct address address;

        CHECK(address_read(str_of(c->text), &address));
        CHECK_INT(reach_allows(&allowed, &address), c->allows);
        CHECK(c->allows || !reach_allows(NULL, &address));
    }
    networks_done(&allowed);
}

TEST(courier_keeps_no_url_that_leads_inside)
{
    static const struct {
        const char *url;
        enum err want;
    } cases[] = {
        {"http://8.8.8.8/hook", OK},
        {"https://1.1.1.1:8443/", OK},
        {"https://[2606:4700:4700::1111]/", OK},
        {"http://127.0.0.1/", ERR_INVALID},
        {"http://127.1/", ERR_INVALID},
        {"http://2130706433/", ERR_INVALID},
        {"http://0x7f.1/", ERR_INVALID},
        {"http://0177.0.0.1/", ERR_INVALID},
        {"http://%31%32%37.0.0.1/", ERR_INVALID},
        {"http://127.0.0.1./", ERR_INVALID},
        {"http://[::1]/", ERR_INVALID},
        {"http://[::ffff:127.0.0.1]/", ERR_INVALID},
        {"http://[64:ff9b::7f00:1]/", ERR_INVALID},
        {"http://[2002:7f00:1::]/", ERR_INVALID},
        {"http://169.254.169.254/latest/meta-data/", ERR_INVALID},
        {"http://localhost/", ERR_INVALID},
        {"http://localhost:8080/", ERR_INVALID},
        {"http://metadata.google.internal/", ERR_INVALID},
        {"http://user@8.8.8.8/", ERR_INVALID},
        {"http://8.8.8.8@127.0.0.1/", ERR_INVALID},
        {"http://", ERR_INVALID},
        {"ftp://8.8.8.8/", ERR_INVALID},
        {"file:///etc/passwd", ERR_INVALID},
        {"gopher://8.8.8.8/", ERR_INVALID},
        {"8.8.8.8", ERR_INVALID},
        {"", ERR_INVALID},
        {"http://8.8.8.8/ a", ERR_INVALID},
        {"http://8.8.8.8/\r\nX: y", ERR_INVALID},
        {"http://8.8.8.8:99999/", ERR_INVALID},
    };

    EACH_CASE(c, cases)
    {
        enum err err = courier_check(NULL, str_of(c->url));

        if (err != c->want)
            CHECK_STR(str_of(c->url), err ? "to be allowed" : "to be refused");
    }
}
