/* verdicts.c - says of each request on standard input what our reader makes of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * In: 4 bytes of length (little-endian), then that many bytes; and so on. Out: the same form, with
 * the text that verdict.h describes.
 */
#include "unit/http/verdict.h"

#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 1 << 20 };

static bool read_length(uint32_t *out)
{
    unsigned char bytes[4];

    if (fread(bytes, 1, 4, stdin) != 4)
        return false;
    *out = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
    return true;
}

static void write_block(str text)
{
    unsigned char bytes[4] = {(unsigned char)text.len, (unsigned char)(text.len >> 8),
                              (unsigned char)(text.len >> 16), (unsigned char)(text.len >> 24)};

    fwrite(bytes, 1, 4, stdout);
    fwrite(text.data, 1, text.len, stdout);
}

int main(void)
{
    static const struct verdict_limits limits = {.head = 16 << 10, .body = LONGEST};
    static char in[LONGEST];
    struct buf out = {0};
    uint32_t len;

    while (read_length(&len)) {
        if (len > LONGEST || fread(in, 1, len, stdin) != len)
            return 1;
        buf_clear(&out);
        verdict_write(str_from(in, len), SPLIT_NONE, NULL, limits, &out);
        write_block(buf_str(&out));
    }
    buf_done(&out);
    return 0;
}
