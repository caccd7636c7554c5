/* deletion.c - a scan of everything that keeps nothing but sequence numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/deletion.h"

#include "base/mem.h"
#include "measure/dictionary.h"
#include "measure/selection.h"
#include "store/deleted.h"
#include "sys/entropy.h"

#define DEFAULT_BYTES ((size_t)256 << 20)

/* A scan_taker. */
static enum err take(void *argument, const struct scan_batch *batch)
{
    struct deleted *found = argument;

    for (size_t i = 0; i < batch->persons; i++)
        for (uint32_t hit = batch->first[i]; hit < batch->end[i]; hit++)
            TRY(deleted_add(found, batch->seqs[hit], batch->seqs[hit] + 1));
    return OK;
}

fallible deletion_find(const struct source *source, const struct answer_options *options,
                       str request, struct deleted *found)
{
    size_t bytes = options->memory_bytes ? options->memory_bytes : DEFAULT_BYTES;
    struct arena *mem = arena_open(bytes);
    struct json_reader *reader = json_reader_open();
    struct query query = {0};
    struct query_event event;
    struct dictionary more;
    struct source own = *source;
    uint64_t seed;
    enum err err;

    entropy_fill(options->sys, &seed, sizeof seed);
    dictionary_init(&more, seed);
    own.more = &more;
    own.more_bytes = bytes;
    err =
        mem && reader ? query_parse_events(reader, mem, request, &query, &event) : mem_exhausted();
    if (!err)
        err =
            selection_scan(&own, options, mem,
                           &(struct selection){
                               .query = &query, .event = &event, .taker = take, .argument = found});
    query_done(&query);
    dictionary_done(&more);
    json_reader_close(reader);
    arena_close(mem);
    return err;
}
