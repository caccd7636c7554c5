/* visitor.c - networks instead of addresses, families instead of agents' whole texts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/visitor.h"

#include "collect/agent.h"
#include "collect/inspect.h"
#include "http/networks.h"
#include "sys/address.h"
#include "sys/clock.h"
#include "web/network.h"
#include "web/web.h"

#include <string.h>

enum { FOUR_KEPT = 3, SIX_KEPT = 6, AGENT_MOST = 512 };

fallible visitor_network(str address, bool is_kept, struct arena *mem, str *out_network)
{
    struct address read;
    struct buf text = {0};
    size_t kept;

    if (!address_read(address, &read)) {
        *out_network = S("unknown");
        return OK;
    }
    networks_unmap(&read);
    kept = read.is_four ? FOUR_KEPT : SIX_KEPT;
    if (!is_kept)
        memset(read.bytes + kept, 0, sizeof read.bytes - kept);
    address_write(&read, &text);
    if (!is_kept)
        buf_print(&text, "/%zu", 8 * kept);
    *out_network = buf_is_broken(&text) ? (str){NULL, 0} : arena_dup(mem, buf_str(&text));
    buf_done(&text);
    return out_network->data ? OK : arena_exhausted();
}

static str family(str name)
{
    return name.data ? name : S("?");
}

static fallible read_device(struct exchange *x, str *out_device)
{
    const struct web_config *config = web_config(web_of(x));
    str text = str_slice(exchange_header(x, S("User-Agent")), 0, AGENT_MOST);
    struct agent agent;

    *out_device = S("");
    if (!text.len)
        return OK;
    TRY(agent_read(config->inspect->agents, text, exchange_mem(x), &agent));
    *out_device = arena_print(exchange_mem(x), "%.*s, %.*s", STR_ARG(family(agent.browser)),
                              STR_ARG(family(agent.system)));
    return out_device->data ? OK : arena_exhausted();
}

fallible visitor_read(struct exchange *x, struct users_sign_in_visit *out_visit)
{
    const struct web_config *config = web_config(web_of(x));
    str peer = exchange_request(x)->peer;
    struct users_sign_in_visit visit;
    struct address room;

    visit.network = arena_dup(exchange_mem(x), network_of(peer, &room));
    if (!visit.network.data)
        return arena_exhausted();
    TRY(visitor_network(peer, config->keeps_addresses, exchange_mem(x), &visit.shown));
    TRY(read_device(x, &visit.device));
    *out_visit = visit;
    return OK;
}

fallible visitor_by(struct exchange *x, struct audit_by *out_by)
{
    const struct web_config *config = web_config(web_of(x));
    struct gate_visitor visitor;
    struct audit_by by;

    TRY(gate_identify(web_gate(web_of(x)), x, &visitor));
    by.actor = visitor.is_user
                   ? arena_print(exchange_mem(x), "user:%lld", (long long)visitor.session.user_id)
                   : arena_print(exchange_mem(x), "key:%lld", (long long)visitor.key_id);
    if (!by.actor.data)
        return arena_exhausted();
    TRY(visitor_network(exchange_request(x)->peer, config->keeps_addresses, exchange_mem(x),
                        &by.network));
    *out_by = by;
    return OK;
}

fallible visitor_audit(struct exchange *x, const char *action, str object, str details)
{
    const struct web_config *config = web_config(web_of(x));
    struct audit_by by;
    struct audit_entry entry = {&by, action, object, details};

    TRY(visitor_by(x, &by));
    return audit_write(config->catalog, clock_now(config->sys), &entry);
}
