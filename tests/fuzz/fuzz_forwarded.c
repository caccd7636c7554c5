/* fuzz_forwarded.c - any bytes as the headers of a trusted proxy: nobody else's word counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte chooses the header; lines are headers of their own. Whatever the client wrote, the
 * address that our proxy adds behind it is the one that is taken. The rest is also read as a list
 * of networks.
 */
#include "http/forwarded.h"

#include <stdlib.h>

enum { MOST_LINES = 8 };

static const struct {
    str name;
    str added;
} KINDS[] = {
    {{"X-Forwarded-For", 15}, {"203.0.113.9", 11}},
    {{"Forwarded", 9}, {"for=203.0.113.9", 15}},
};

static void check(const struct http_request *request, str name, const struct networks *trusted)
{
    struct buf text = {0};
    struct forwarded got;
    struct address again;

    forwarded_read(request, name, trusted, &got);
    if (!got.has_client)
        return;
    again = got.client;
    if (networks_unmap(&again))
        abort();
    address_write(&got.client, &text);
    if (!address_read(buf_str(&text), &again) || again.is_four != got.client.is_four)
        abort();
    buf_done(&text);
}

static void check_added(struct http_request *request, size_t kind, const struct networks *trusted)
{
    struct address want;
    struct forwarded got;

    if (!address_read(S("203.0.113.9"), &want))
        abort();
    request->headers[request->header_count++] =
        (struct http_header){KINDS[kind].name, KINDS[kind].added};
    forwarded_read(request, KINDS[kind].name, trusted, &got);
    for (size_t i = 0; i < 4; i++)
        if (!got.has_client || !got.client.is_four || got.client.bytes[i] != want.bytes[i])
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_header headers[MOST_LINES + 1];
    struct http_request request = {.headers = headers};
    size_t kind = size ? data[0] % 2 : 0;
    str in = size ? str_from(data + 1, size - 1) : S(""), rest = in;
    struct networks trusted, any;

    if (networks_read(S("10.0.0.0/8 2001:db8:aaaa::/48"), &trusted))
        abort();
    while (rest.len && request.header_count < MOST_LINES)
        headers[request.header_count++] =
            (struct http_header){KINDS[kind].name, str_trim(str_cut(&rest, '\n'))};
    check(&request, KINDS[kind].name, &trusted);
    check_added(&request, kind, &trusted);
    networks_done(&trusted);
    if (networks_read(in, &any) == OK)
        networks_done(&any);
    return 0;
}
