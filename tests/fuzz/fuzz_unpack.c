/* fuzz_unpack.c - any bytes as an archive, given and taken in pieces.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "proto/unpack.h"

#include <assert.h>
#include <stdint.h>

enum { PIECE = 37, ROOM = 4096, MOST_STEPS = 5000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str packed = str_from(data, size);
    enum unpack_kind kind = unpack_recognise(packed);
    struct unpack *unpack;
    char out[ROOM];
    size_t len = 1;

    if (kind == UNPACK_NOTHING)
        return 0;
    assert(!unpack_open(kind, &unpack));
    for (int step = 0; step < MOST_STEPS && (packed.len || len); step++) {
        str given = str_slice(packed, 0, PIECE);
        size_t before = given.len;

        if (unpack_step(unpack, &given, out, sizeof out, &len))
            break;
        assert(len <= sizeof out && given.len <= before);
        assert(!before || len || given.len < before);
        packed = str_slice(packed, before - given.len, packed.len);
    }
    unpack_close(unpack);
    return 0;
}
