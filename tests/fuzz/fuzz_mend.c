/* fuzz_mend.c - any bytes as a map, a NUL, and the event that it mends: what comes out is an event.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/mend.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_reader *reader;
    static struct arena *mem;
    str body = str_from(data, size), map = str_cut(&body, '\0'), mended;
    struct mend *mend;
    struct json doc;
    enum err err;

    if (!reader) {
        reader = json_reader_open();
        mem = arena_open(256u << 20);
        assert(reader && mem);
    }
    arena_reset(mem);
    if (json_parse_copy(reader, mem, map, &doc) || mend_read(&doc, 0, mem, &mend))
        return 0;
    err = mend_apply(mend, reader, mem, body, &mended);
    assert(err == OK || err == ERR_INVALID || err == ERR_LIMIT);
    if (err == OK) {
        assert(!json_parse(reader, mem, mended, &doc));
        assert(json_type_of(&doc, 0) == JSON_OBJECT);
    }
    return 0;
}
