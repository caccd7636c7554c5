/* reach.c - the special addresses of the Internet, and how addresses are disguised.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/reach.h"

#include <string.h>

enum { PARTS = 4, FOUR = 4, SIXTEEN = 16 };

/* IPv4 networks that are not somebody on the Internet. */
static const struct {
    unsigned char base[FOUR];
    unsigned bits;
} special_four[] = {
    {{0, 0, 0, 0}, 8},        /* this host */
    {{10, 0, 0, 0}, 8},       /* private */
    {{100, 64, 0, 0}, 10},    /* shared by a provider's customers; Alibaba's metadata */
    {{127, 0, 0, 0}, 8},      /* loopback */
    {{168, 63, 129, 16}, 32}, /* Azure's platform */
    {{169, 254, 0, 0}, 16},   /* link-local; most clouds' metadata */
    {{172, 16, 0, 0}, 12},    /* private */
    {{192, 0, 0, 0}, 24},     /* protocol assignments; Oracle's metadata */
    {{192, 0, 2, 0}, 24},     /* documentation */
    {{192, 88, 99, 0}, 24},   /* 6to4 relays */
    {{192, 168, 0, 0}, 16},   /* private */
    {{198, 18, 0, 0}, 15},    /* benchmarks */
    {{198, 51, 100, 0}, 24},  /* documentation */
    {{203, 0, 113, 0}, 24},   /* documentation */
    {{224, 0, 0, 0}, 3},      /* multicast, reserved, broadcast */
};

/* Of IPv6 only 2000::/3 is given out; within it these are not somebody either. */
static const struct {
    unsigned char base[SIXTEEN];
    unsigned bits;
} special_six[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments: Teredo, ORCHID, benchmarks */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: an IPv4 address follows */
    {{0x3f, 0xff}, 20},             /* documentation */
};

/* IPv4 addresses stand behind these: they are judged as such. */
static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const unsigned char translated[12] = {0x00, 0x64, 0xff, 0x9b};

static bool is_within(const unsigned char *bytes, const unsigned char *base, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    unsigned char mask = (unsigned char)(0xff00 >> rest);

    return memcmp(bytes, base, whole) == 0 &&
           (!rest || (bytes[whole] & mask) == (base[whole] & mask));
}

static bool is_public_four(const unsigned char *bytes)
{
    for (size_t i = 0; i < sizeof special_four / sizeof *special_four; i++)
        if (is_within(bytes, special_four[i].base, special_four[i].bits))
            return false;
    return true;
}

bool reach_is_public(const struct address *address)
{
    static const unsigned char given_out[SIXTEEN] = {0x20};
    const unsigned char *bytes = address->bytes;

    if (address->is_four)
        return is_public_four(bytes);
    if (memcmp(bytes, mapped, sizeof mapped) == 0 ||
        memcmp(bytes, translated, sizeof translated) == 0)
        return is_public_four(bytes + sizeof mapped);
    if (!is_within(bytes, given_out, 3))
        return false;
    for (size_t i = 0; i < sizeof special_six / sizeof *special_six; i++)
        if (is_within(bytes, special_six[i].base, special_six[i].bits))
            return false;
    return true;
}

bool reach_allows(const struct networks *allowed, const struct address *address)
{
    struct address plain = *address;

    networks_unmap(&plain);
    return reach_is_public(address) || (allowed && networks_have(allowed, &plain));
}

/* Spellings */

static bool read_part(str text, uint64_t *out_number)
{
    unsigned base = 10;
    uint64_t number = 0;

    if (text.len > 1 && text.data[0] == '0') {
        bool is_hex = text.data[1] == 'x' || text.data[1] == 'X';

        base = is_hex ? 16 : 8;
        text = str_slice(text, is_hex ? 2 : 1, text.len);
    } else if (!text.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = str_hex(text.data[i]);

        if (digit < 0 || (unsigned)digit >= base || number > UINT32_MAX)
            return false;
        number = number * base + (unsigned)digit;
    }
    *out_number = number;
    return number <= UINT32_MAX;
}

/* One to four numbers; the last fills all bytes that are left (inet_aton, WHATWG URL). */
static bool read_numbers(str host, struct address *out)
{
    uint64_t parts[PARTS], whole = 0;
    size_t count = 0;

    while (host.data) {
        if (count == PARTS || !read_part(str_cut(&host, '.'), &parts[count]))
            return false;
        count++;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        if (parts[i] > 255)
            return false;
        whole |= parts[i] << (8 * (3 - i));
    }
    if (parts[count - 1] >> (8 * (PARTS + 1 - count)))
        return false;
    whole |= parts[count - 1];
    *out = (struct address){.is_four = true};
    for (size_t i = 0; i < FOUR; i++)
        out->bytes[i] = (unsigned char)(whole >> (8 * (3 - i)));
    return true;
}

static str without_dot(str host)
{
    return str_ends(host, S(".")) ? str_slice(host, 0, host.len - 1) : host;
}

bool reach_read(str host, struct address *out_address)
{
    host = without_dot(host);
    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
        str inner = str_slice(host, 1, host.len - 1);

        return address_read(str_cut(&inner, '%'), out_address); /* without its zone */
    }
    return host.len && (address_read(host, out_address) || read_numbers(host, out_address));
}

bool reach_is_local_name(str host)
{
    static const char *const names[] = {"localhost", "local",    "internal", "lan",
                                        "home.arpa", "intranet", "private",  "corp"};

    host = without_dot(host);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        str name = str_of(names[i]);
        str end = str_slice(host, host.len > name.len ? host.len - name.len : 0, host.len);

        if (str_equals_nocase(end, name) &&
            (host.len == name.len || host.data[host.len - name.len - 1] == '.'))
            return true;
    }
    return false;
}
