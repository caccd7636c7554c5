/* inspect.c - a table of kinds, and for each how its value is read and told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/inspect.h"

#include "collect/agent.h"
#include "collect/domain.h"
#include "collect/geography.h"
#include "collect/traffic.h"
#include "sys/address.h"

struct question {
    const struct inspect_means *means;
    const struct json *doc;
    uint32_t at; /* the value */
    str text;    /* of a value that is one */
    struct arena *mem;
    struct json_writer *out;
};

static void add(struct json_writer *w, str name, str text)
{
    json_key(w, name);
    if (text.data)
        json_text(w, text);
    else
        json_null(w);
}

static void add_family(struct json_writer *w, str name, str family, const str *major)
{
    json_key(w, name);
    json_open(w, '{');
    add(w, S("family"), family);
    if (major)
        add(w, S("major"), *major);
    json_shut(w, '}');
}

static fallible write_agent(const struct question *q)
{
    struct agent agent;

    TRY(agent_read(q->means->agents, q->text, q->mem, &agent));
    add_family(q->out, S("browser"), agent.browser, &agent.browser_major);
    add_family(q->out, S("os"), agent.system, &agent.system_major);
    add_family(q->out, S("device"), agent.device, NULL);
    json_key(q->out, S("crawler"));
    json_bool(q->out, agent.is_crawler);
    return OK;
}

static fallible write_domain(const struct question *q)
{
    str ascii, registrable;

    TRY(domain_registrable(q->text, q->mem, &registrable));
    TRY(domain_ascii(q->text, q->mem, &ascii));
    add(q->out, S("registrable"), registrable);
    add(q->out, S("ascii"), ascii);
    return OK;
}

static fallible write_address(const struct question *q)
{
    struct geography_fact fact;

    TRY(geography_find(q->means->geography, q->text, q->mem, &fact));
    add(q->out, S("country"), fact.country);
    add(q->out, S("region"), fact.region);
    add(q->out, S("city"), fact.city);
    json_key(q->out, S("asn"));
    if (fact.has_asn)
        json_u64(q->out, fact.asn);
    else
        json_null(q->out);
    add(q->out, S("network"), fact.network);
    return OK;
}

/* Header names are the same in any case; the last of equal ones counts, as everywhere in JSON. */
static str find_header(const void *owner, str name)
{
    const struct question *q = owner;
    uint32_t headers = json_find(q->doc, q->at, S("headers"));
    str found = {NULL, 0};

    EACH_MEMBER(q->doc, headers, key, value)
    {
        if (json_type_of(q->doc, value) == JSON_STRING &&
            str_equals_nocase(json_string(q->doc, key, q->mem), name))
            found = json_string(q->doc, value, q->mem);
    }
    return found;
}

/* The network of the "ip" that stands beside the headers, if there is one that can be found. */
static fallible find_network(const struct question *q, struct traffic_request *request)
{
    uint32_t ip = json_find(q->doc, q->at, S("ip"));
    struct geography_fact fact;
    struct address address;

    if (ip == JSON_ABSENT || json_type_of(q->doc, ip) != JSON_STRING)
        return OK;
    request->address = json_string(q->doc, ip, q->mem);
    if (!request->address.data)
        return arena_exhausted();
    if (!address_read(request->address, &address))
        return OK;
    TRY(geography_find(q->means->geography, request->address, q->mem, &fact));
    request->has_asn = fact.has_asn;
    request->asn = fact.asn;
    return OK;
}

static fallible write_traffic(const struct question *q)
{
    uint32_t headers = json_find(q->doc, q->at, S("headers"));
    struct traffic_request request = {
        .agents = q->means->agents, .header = find_header, .owner = q};
    struct traffic_verdict verdict;

    if (headers == JSON_ABSENT || json_type_of(q->doc, headers) != JSON_OBJECT)
        return fail(ERR_INVALID, "\"value\" must have \"headers\", an object of names and texts");
    EACH_MEMBER(q->doc, headers, key, value)
    {
        (void)value;
        request.header_count++;
    }
    TRY(find_network(q, &request));
    TRY(traffic_judge(&request, q->mem, &verdict));
    json_key(q->out, S("verdict"));
    json_text(q->out, verdict.is_machine ? S("machine") : S("human"));
    json_key(q->out, S("probability"));
    json_double(q->out, verdict.probability);
    json_key(q->out, S("reasons"));
    json_open(q->out, '[');
    for (size_t i = 0; i < verdict.reason_count; i++)
        json_text(q->out, str_of(verdict.reasons[i]));
    json_shut(q->out, ']');
    return OK;
}

static const struct kind {
    const char *name;
    fallible (*write)(const struct question *q);
    enum json_type type; /* of the value */
} KINDS[] = {
    {"user-agent", write_agent, JSON_STRING},
    {"traffic", write_traffic, JSON_OBJECT},
    {"domain", write_domain, JSON_STRING},
    {"ip", write_address, JSON_STRING},
};

fallible inspect_write(const struct inspect_means *means, str kind, const struct json *doc,
                       uint32_t at, struct arena *mem, struct json_writer *out)
{
    struct question q = {.means = means, .doc = doc, .at = at, .mem = mem, .out = out};

    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        if (!str_equals(kind, str_of(KINDS[i].name)))
            continue;
        if (at == JSON_ABSENT || json_type_of(doc, at) != KINDS[i].type)
            return fail(ERR_INVALID, "\"value\" must be %s",
                        KINDS[i].type == JSON_STRING ? "a text" : "an object");
        q.text = KINDS[i].type == JSON_STRING ? json_string(doc, at, mem) : S("");
        if (!q.text.data)
            return arena_exhausted();
        json_open(out, '{');
        TRY(KINDS[i].write(&q));
        json_shut(out, '}');
        return OK;
    }
    return fail(ERR_INVALID, "\"kind\" must be one of user-agent, traffic, domain, ip");
}
