/* terms.c - certificate, proxies and HSTS, made together and given up together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/terms.h"

#include "base/buf.h"
#include "base/mem.h"
#include "http/syntax.h"

#include <string.h>

/* NULL without memory. `text` behind the struct: header's name, then HSTS. */
static struct terms *make(str client_header, str transport_security)
{
    struct terms *terms = mem_alloc(sizeof *terms + client_header.len + transport_security.len);
    char *text = (char *)(terms + 1);

    if (!terms)
        return NULL;
    atomic_init(&terms->holders, 1);
    memcpy(text, client_header.data, client_header.len);
    terms->client_header = str_from(text, client_header.len);
    if (!transport_security.len)
        return terms;
    text += client_header.len;
    memcpy(text, transport_security.data, transport_security.len);
    terms->transport_security = str_from(text, transport_security.len);
    return terms;
}

fallible terms_open(struct sys *sys, const struct terms_plan *plan, const struct terms *before,
                    struct terms **out_terms)
{
    struct buf hsts = {0};
    struct terms *terms;
    enum err err;

    if (!syntax_is_token(plan->client_header))
        return fail(ERR_INVALID, "\"%.*s\" is no name of a header", STR_ARG(plan->client_header));
    if (plan->hsts_seconds)
        buf_print(&hsts, "max-age=%llu", (unsigned long long)plan->hsts_seconds);
    terms = buf_is_broken(&hsts) ? NULL : make(plan->client_header, buf_str(&hsts));
    buf_done(&hsts);
    if (!terms)
        return mem_exhausted();
    err = networks_read(plan->trusted_proxies, &terms->proxies);
    if (!err && plan->certificate[0])
        err = tls_context_open(sys, plan->certificate, plan->key, before ? before->tls : NULL,
                               &terms->tls);
    if (err)
        terms_release(terms);
    else
        *out_terms = terms;
    return err;
}

static fallible copy_networks(const struct networks *from, struct networks *out)
{
    size_t size = from->count * sizeof from->list[0];
    struct network *list = mem_alloc(size + 1);

    if (!list)
        return mem_exhausted();
    memcpy(list, from->list, size);
    *out = (struct networks){list, from->count};
    return OK;
}

fallible terms_renew(struct sys *sys, const struct terms *before, struct terms **out_terms)
{
    struct terms *terms = make(before->client_header, before->transport_security);
    enum err err;

    if (!terms)
        return mem_exhausted();
    err = copy_networks(&before->proxies, &terms->proxies);
    if (!err)
        err = tls_context_renew(sys, before->tls, &terms->tls);
    if (err)
        terms_release(terms);
    else
        *out_terms = terms;
    return err;
}

struct terms *terms_share(struct terms *terms)
{
    if (terms)
        atomic_fetch_add_explicit(&terms->holders, 1, memory_order_relaxed);
    return terms;
}

void terms_release(struct terms *terms)
{
    if (!terms || atomic_fetch_sub_explicit(&terms->holders, 1, memory_order_acq_rel) != 1)
        return;
    tls_context_close(terms->tls);
    networks_done(&terms->proxies);
    mem_free(terms);
}
