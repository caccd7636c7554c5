/* enrich_traffic.c - was it a person or a machine? The verdict, as it is stored.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich_int.h"

#include "collect/traffic.h"

enum { HUNDREDTHS = 100 };

static str agent_alone(const void *owner, str name)
{
    return str_equals_nocase(name, S("user-agent")) ? *(const str *)owner : (str){NULL, 0};
}

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
    json_key(w, S("reasons"));
    json_open(w, '[');
    for (size_t i = 0; i < verdict->reason_count; i++)
        json_text(w, str_of(verdict->reasons[i]));
    json_shut(w, ']');
    json_shut(w, '}');
}

fallible enrich_traffic_tell(struct enrich_call *call, str agent, bool has_headers, str *out_told)
{
    struct traffic_request request = {agent_alone, &agent, 1};
    struct traffic_verdict verdict;
    struct json_writer w;

    if (!call->judged_text.data || call->judged_headers != has_headers ||
        !str_equals(agent, call->judged_text)) {
        if (has_headers)
            request = (struct traffic_request){call->request->header, call->request->owner,
                                               call->request->header_count};
        TRY(traffic_judge(call->enrich->config.agents, &request, call->mem, &verdict));
        w = enrich_write(call);
        write_verdict(&w, &verdict);
        TRY(enrich_written(call, &call->told_traffic));
        call->judged_text = agent;
        call->judged_headers = has_headers;
    }
    *out_told = call->told_traffic;
    return OK;
}
