/* revision.c - a scan of everything that tells events by what they are said to be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure/revision.h"

#include "base/mem.h"
#include "measure/dictionary.h"
#include "measure/machines.h"
#include "measure/selection.h"
#include "sys/entropy.h"

#define DEFAULT_BYTES ((size_t)256 << 20)

struct finding {
    const struct source *source;
    text_code machine; /* what the property of a machine's event says */
    enum verdict wanted;
    struct deleted *found;
};

static enum verdict verdict_of(const struct finding *finding, const struct scan_batch *batch,
                               uint32_t hit)
{
    enum verdict revised = verdicts_look(finding->source->without.verdicts, batch->seqs[hit]);
    const struct value *told = scan_value(batch, 0, hit);

    if (revised != VERDICT_UNREVISED)
        return revised;
    return told->type == VALUE_TEXT && told->code == finding->machine ? VERDICT_MACHINE
                                                                      : VERDICT_HUMAN;
}

/* A scan_taker. */
static enum err take(void *argument, const struct scan_batch *batch)
{
    const struct finding *finding = argument;

    for (size_t i = 0; i < batch->persons; i++)
        for (uint32_t hit = batch->first[i]; hit < batch->end[i]; hit++)
            if (verdict_of(finding, batch, hit) != finding->wanted)
                TRY(deleted_add(finding->found, batch->seqs[hit], batch->seqs[hit] + 1));
    return OK;
}

static fallible find(struct finding *finding, const struct answer_options *options,
                     struct arena *mem, const struct query *query, const struct query_event *event)
{
    struct selection selection = {.query = query,
                                  .event = event,
                                  .path = S(MACHINES_PATH),
                                  .taker = take,
                                  .argument = finding};

    TRY(source_add_text(finding->source, S(MACHINES_VERDICT), &finding->machine));
    return selection_scan(finding->source, options, mem, &selection);
}

fallible revision_find(const struct source *source, const struct answer_options *options,
                       str request, struct deleted *found, enum verdict *out_verdict)
{
    size_t bytes = options->memory_bytes ? options->memory_bytes : DEFAULT_BYTES;
    struct arena *mem = arena_open(bytes);
    struct json_reader *reader = json_reader_open();
    struct query query = {0};
    struct query_event event;
    struct dictionary more;
    struct source own = *source;
    struct finding finding = {.source = &own, .found = found};
    bool is_machine;
    uint64_t seed;
    enum err err;

    entropy_fill(options->sys, &seed, sizeof seed);
    dictionary_init(&more, seed);
    own.more = &more;
    own.more_bytes = bytes;
    err = mem && reader ? query_parse_revision(reader, mem, request, &query, &event, &is_machine)
                        : mem_exhausted();
    if (!err) {
        finding.wanted = is_machine ? VERDICT_MACHINE : VERDICT_HUMAN;
        err = find(&finding, options, mem, &query, &event);
    }
    query_done(&query);
    dictionary_done(&more);
    json_reader_close(reader);
    arena_close(mem);
    if (!err)
        *out_verdict = finding.wanted;
    return err;
}
