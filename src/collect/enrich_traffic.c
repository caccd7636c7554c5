/* enrich_traffic.c - was it a person or a machine? The verdict, as it is stored.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich_int.h"

#include "base/hash.h"

enum { HUNDREDTHS = 100 };

static void write_probability(struct json_writer *w, double probability)
{
    unsigned hundredths = (unsigned)(probability * HUNDREDTHS + 0.5);
    const char digits[] = {'0', '.', (char)('0' + hundredths / 10 % 10),
                           (char)('0' + hundredths % 10)};

    json_verbatim(w, hundredths >= HUNDREDTHS ? S("1") : str_from(digits, sizeof digits));
}

static void write_verdict(struct json_writer *w, const struct traffic_verdict *verdict)
{
    json_key(w, S("traffic"));
    json_open(w, '{');
    json_key(w, S("verdict"));
    json_text(w, verdict->is_machine ? S("machine") : S("human"));
    json_key(w, S("probability"));
    write_probability(w, verdict->probability);
    if (verdict->reason_count) {
        json_key(w, S("reasons"));
        json_open(w, '[');
        for (size_t i = 0; i < verdict->reason_count; i++)
            json_text(w, str_of(verdict->reasons[i]));
        json_shut(w, ']');
    }
    json_shut(w, '}');
}

static bool is_same(const struct enrich_call *call, const struct enrich_hit *hit)
{
    return call->judged_text.data && call->judged_headers == hit->has_headers &&
           str_equals(hit->agent, call->judged_text);
}

static enum traffic_act act_of(const struct enrich_hit *hit)
{
    if (hit->is_used)
        return TRAFFIC_ENGAGED;
    return hit->event->is_view ? TRAFFIC_VIEW : TRAFFIC_OTHER;
}

/* A page's own request tells more than the agent. Who hands requests on for others, as sites'
 * servers do, sends their agent with headers of its own: nothing is missing then. */
static bool is_direct(const struct enrich_request *request)
{
    static const str names[] = {{"accept-language", 15}, {"sec-fetch-mode", 14}, {"sec-ch-ua", 9}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (request->header(request->owner, names[i]).len)
            return true;
    return false;
}

static fallible judge(struct enrich_call *call, const struct enrich_hit *hit,
                      struct traffic_verdict *out)
{
    struct traffic_request request = {
        .agents = call->enrich->config.agents,
        .texts = call->enrich->caches[ENRICH_SIGNS],
        .same = is_same(call, hit) ? &call->judged : NULL,
        .agent = hit->agent,
        .address = hit->address,
        .has_asn = hit->place && hit->place->has_asn,
        .asn = hit->place ? hit->place->asn : 0,
        .watch = call->enrich->config.watch,
        .visitor = hit->event->visitor,
        .page = hit->page,
        .act = act_of(hit),
        .at = hit->event->at,
    };

    if (hit->has_headers) {
        request.header = call->request->header;
        request.owner = call->request->owner;
        if (is_direct(call->request)) {
            request.name_at = call->request->name_at;
            request.header_count = call->request->header_count;
            request.is_old = call->request->is_old;
            request.is_secure = call->request->is_secure;
        }
    }
    return traffic_judge(&request, call->mem, out);
}

/* Events of one request mostly show the same few signs, and these tell the rest. */
static fallible tell(struct enrich_call *call, const struct traffic_verdict *verdict, str *out_told)
{
    struct enrich_told *told =
        &call->told_traffic[hash_checksum(&verdict->signs, sizeof verdict->signs) % ENRICH_TOLD];
    struct json_writer w;

    if (!told->text.data || told->signs != verdict->signs) {
        w = enrich_write(call);
        write_verdict(&w, verdict);
        TRY(enrich_written(call, &told->text));
        told->signs = verdict->signs;
    }
    *out_told = told->text;
    return OK;
}

fallible enrich_traffic_tell(struct enrich_call *call, const struct enrich_hit *hit, str *out_told,
                             uint64_t *out_person)
{
    struct traffic_verdict verdict;

    TRY(judge(call, hit, &verdict));
    TRY(tell(call, &verdict, out_told));
    if (verdict.is_machine)
        atomic_fetch_add_explicit(&call->enrich->machines[verdict.heaviest], 1,
                                  memory_order_relaxed);
    else
        call->humans++;
    call->judged = verdict;
    call->judged_text = hit->agent;
    call->judged_headers = hit->has_headers;
    *out_person = verdict.is_machine ? 0 : verdict.visitor;
    return OK;
}
