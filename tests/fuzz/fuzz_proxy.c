/* fuzz_proxy.c - any bytes as the PROXY protocol header of a connection.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * It is read in steps of what it asks for, as from a socket: never past its end, and with the same
 * end as when all came at once. Whom it names is named again by a header that is written from it.
 */
#include "base/buf.h"
#include "http/proxy_header.h"

#include <assert.h>
#include <string.h>

static void check_same(const struct proxy_header *a, const struct proxy_header *b)
{
    assert(a->has_client == b->has_client);
    assert(!a->has_client ||
           (a->client.is_four == b->client.is_four &&
            memcmp(a->client.bytes, b->client.bytes, a->client.is_four ? 4 : 16) == 0));
}

static void check_written(const struct proxy_header *header)
{
    struct proxy_header again;
    struct buf text = {0};

    buf_add(&text, header->client.is_four ? S("PROXY TCP4 ") : S("PROXY TCP6 "));
    address_write(&header->client, &text);
    buf_add(&text, header->client.is_four ? S(" 192.0.2.1 1 2\r\n") : S(" ::1 1 2\r\n"));
    assert(proxy_header_read(buf_str(&text), &again) == OK && again.size == text.len);
    check_same(header, &again);
    buf_done(&text);
}

/* The error, or OK: it is complete, or the bytes are at their end. */
static enum err read_in_steps(str bytes, struct proxy_header *out)
{
    size_t len = 0;

    for (;;) {
        enum err err = proxy_header_read(str_slice(bytes, 0, len), out);

        if (err || out->size) {
            assert(err || out->size == len);
            return err;
        }
        assert(out->wanted && len + out->wanted <= PROXY_HEADER_MOST);
        if (out->wanted > bytes.len - len)
            return OK;
        len += out->wanted;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_from((const char *)data, size);
    struct proxy_header whole, stepped;
    enum err err = proxy_header_read(bytes, &whole);

    assert(!err || err == ERR_INVALID);
    if (err || !whole.size) {
        enum err later = read_in_steps(bytes, &stepped);

        assert(later || !stepped.size);
        return 0;
    }
    assert(whole.size <= size && !whole.wanted);
    assert(read_in_steps(bytes, &stepped) == OK && stepped.size == whole.size);
    check_same(&whole, &stepped);
    assert(whole.is_secure == stepped.is_secure);
    if (whole.has_client)
        check_written(&whole);
    return 0;
}
