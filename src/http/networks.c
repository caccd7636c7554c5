/* networks.c - networks written as CIDR, compared bit by bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/networks.h"

#include "base/mem.h"

#include <string.h>

enum { MAPPED_BITS = 96 };

bool networks_unmap(struct address *address)
{
    static const unsigned char mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};
    struct address four = {.is_four = true};

    if (address->is_four || memcmp(address->bytes, mapped, sizeof mapped) != 0)
        return false;
    memcpy(four.bytes, address->bytes + sizeof mapped, 4);
    *address = four;
    return true;
}

static bool are_equal(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

/* Bits behind the prefix are most often a slip of the pen: "10.0.0.1/8" is asked about. */
static bool is_zero_behind(const struct network *network)
{
    static const unsigned char zero[16];
    unsigned first = (network->bits + 7) / 8, most = address_bits(&network->base) / 8;
    unsigned rest = network->bits % 8;

    if (rest && (unsigned char)(network->base.bytes[network->bits / 8] << rest))
        return false;
    return memcmp(network->base.bytes + first, zero, most - first) == 0;
}

static bool read_network(str text, struct network *out)
{
    str rest = text, base = str_cut(&rest, '/');
    struct network network;
    uint64_t bits;

    if (!address_read(base, &network.base))
        return false;
    bits = address_bits(&network.base);
    if (rest.data && (!str_to_u64(rest, &bits) || bits > address_bits(&network.base)))
        return false;
    if (bits >= MAPPED_BITS && networks_unmap(&network.base))
        bits -= MAPPED_BITS;
    network.bits = (unsigned)bits;
    *out = network;
    return is_zero_behind(&network);
}

static str next_entry(str *rest)
{
    while (rest->len) {
        size_t len = 0;
        str entry;

        while (len < rest->len && !memchr(", \t", rest->data[len], 3))
            len++;
        entry = str_slice(*rest, 0, len);
        *rest = str_slice(*rest, len + 1, rest->len);
        if (entry.len)
            return entry;
    }
    return (str){NULL, 0};
}

fallible networks_read(str text, struct networks *out_networks)
{
    struct networks networks = {.list = mem_alloc((text.len / 2 + 1) * sizeof networks.list[0])};
    str rest = text, entry;

    if (!networks.list)
        return mem_exhausted();
    while ((entry = next_entry(&rest)).len)
        if (!read_network(entry, &networks.list[networks.count++])) {
            networks_done(&networks);
            return fail(ERR_INVALID,
                        "\"%.*s\" is no address or network such as 10.0.0.0/8 or 2001:db8::/32",
                        STR_ARG(entry));
        }
    *out_networks = networks;
    return OK;
}

void networks_done(struct networks *networks)
{
    mem_free(networks->list);
    *networks = (struct networks){0};
}

bool networks_have(const struct networks *networks, const struct address *address)
{
    for (size_t i = 0; i < networks->count; i++) {
        const struct network *network = &networks->list[i];

        if (network->base.is_four == address->is_four &&
            are_equal(network->base.bytes, address->bytes, network->bits))
            return true;
    }
    return false;
}
