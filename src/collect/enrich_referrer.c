/* enrich_referrer.c - what kind of site led to a page, by its host and by the page's parameters.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich_int.h"

#include "collect/domain.h"
#include "collect/memo.h"

#include <string.h>

enum { HOST_MOST = 253 };

static const struct referrer {
    str domain;
    const char *kind;
    const char *name;
} REFERRERS[] = {
#define REFERRER(domain, kind, name) {{domain, sizeof domain - 1}, kind, name},
#include "collect/enrich_referrers.def"
#undef REFERRER
};

enum { REFERRER_COUNT = sizeof REFERRERS / sizeof *REFERRERS };

/* What is known of a host. */
struct host {
    str kind; /* absent: nothing */
    str name;
    str registrable; /* absent: it has none, as an address has none */
};

/* The host in lower case, without a port; absent where there is none. */
static fallible find_host(struct enrich_call *call, str url, str *out_host)
{
    const char *scheme;
    str rest, host;
    char *lower;

    *out_host = (str){NULL, 0};
    scheme = url.len ? memmem(url.data, url.len, "://", 3) : NULL;
    if (!scheme)
        return OK;
    rest = str_slice(url, (size_t)(scheme - url.data) + 3, url.len);
    for (size_t i = 0; i < rest.len; i++)
        if (rest.data[i] == '/' || rest.data[i] == '?' || rest.data[i] == '#')
            rest.len = i;
    host = rest;
    while (str_find(host, '@') >= 0)
        str_cut(&host, '@');
    if (!str_starts(host, S("[")))
        host = str_cut(&(str){host.data, host.len}, ':');
    if (!host.len || host.len > HOST_MOST)
        return OK;
    lower = arena_take(call->mem, host.len);
    if (!lower)
        return arena_exhausted();
    for (size_t i = 0; i < host.len; i++)
        lower[i] =
            host.data[i] >= 'A' && host.data[i] <= 'Z' ? (char)(host.data[i] + 32) : host.data[i];
    *out_host = str_from(lower, host.len);
    return OK;
}

static const struct referrer *find_row(str domain)
{
    for (size_t i = 0; i < REFERRER_COUNT; i++)
        if (str_equals(REFERRERS[i].domain, domain))
            return &REFERRERS[i];
    return NULL;
}

/* The longest domain of the table that the host belongs to; then its registered name under any
 * suffix. */
static const struct referrer *find_referrer(str host, str registrable)
{
    ptrdiff_t dot;

    for (str rest = host; rest.len; str_cut(&rest, '.')) {
        const struct referrer *row = find_row(rest);

        if (row)
            return row;
    }
    dot = str_find(registrable, '.');
    return dot > 0 ? find_row(str_slice(registrable, 0, (size_t)dot + 1)) : NULL;
}

static bool is_mail_host(str host, str registrable)
{
    return !str_equals(host, registrable) &&
           (str_starts(host, S("mail.")) || str_starts(host, S("webmail.")));
}

/* Kind, name and registrable domain with a line's end behind each. */
static fallible look_up(struct enrich_call *call, str host, str *out_lines)
{
    const struct referrer *row;
    str registrable, kind = {NULL, 0};

    TRY(domain_registrable(host, call->mem, &registrable));
    row = find_referrer(host, registrable);
    if (row)
        kind = str_of(row->kind);
    else if (is_mail_host(host, registrable))
        kind = S("mail");
    enrich_write(call);
    buf_add(&call->scratch, kind);
    buf_add_byte(&call->scratch, '\n');
    buf_add(&call->scratch, row ? str_of(row->name) : S(""));
    buf_add_byte(&call->scratch, '\n');
    buf_add(&call->scratch, registrable);
    return enrich_written(call, out_lines);
}

static str line_of(str *rest)
{
    str line = str_cut(rest, '\n');

    return line.len ? line : (str){NULL, 0};
}

static fallible find_facts(struct enrich_call *call, str host, struct host *out_facts)
{
    struct memo *memo = call->enrich->caches[ENRICH_HOSTS];
    str lines;

    if (!memo_find(memo, host, call->mem, &lines)) {
        TRY(look_up(call, host, &lines));
        memo_put(memo, host, lines);
    }
    out_facts->kind = line_of(&lines);
    out_facts->name = line_of(&lines);
    out_facts->registrable = line_of(&lines);
    return OK;
}

/* Names under which nothing is registered equal only themselves. */
static fallible find_internal(struct enrich_call *call, str url, str host, const struct host *facts,
                              bool *out_is_internal)
{
    struct host own;
    str page;

    TRY(find_host(call, url, &page));
    *out_is_internal = page.len && str_equals(page, host);
    if (*out_is_internal || !page.len || !facts->registrable.len)
        return OK;
    TRY(find_facts(call, page, &own));
    *out_is_internal = str_equals(own.registrable, facts->registrable);
    return OK;
}

/* By the words of Google Analytics' default channels. */
static str kind_of_medium(str medium)
{
    static const struct {
        str medium;
        const char *kind;
    } mediums[] = {
        {{"cpc", 3}, "paid"},
        {{"ppc", 3}, "paid"},
        {{"cpm", 3}, "paid"},
        {{"cpa", 3}, "paid"},
        {{"cpv", 3}, "paid"},
        {{"retargeting", 11}, "paid"},
        {{"display", 7}, "paid"},
        {{"banner", 6}, "paid"},
        {{"email", 5}, "mail"},
        {{"e-mail", 6}, "mail"},
        {{"e_mail", 6}, "mail"},
        {{"mail", 4}, "mail"},
        {{"newsletter", 10}, "mail"},
        {{"social", 6}, "social"},
        {{"social-network", 14}, "social"},
        {{"social-media", 12}, "social"},
        {{"sm", 2}, "social"},
        {{"video", 5}, "video"},
        {{"organic", 7}, "search"},
    };

    if (medium.len > 4 && str_equals_nocase(str_slice(medium, 0, 4), S("paid")))
        return S("paid");
    for (size_t i = 0; i < sizeof mediums / sizeof *mediums; i++)
        if (str_equals_nocase(medium, mediums[i].medium))
            return str_of(mediums[i].kind);
    return str_equals_nocase(medium, S("paid")) ? S("paid") : (str){NULL, 0};
}

/* What the page's parameters say of how it was reached; absent: nothing. */
static str kind_of_campaign(const struct enrich_campaign *campaign)
{
    str kind = kind_of_medium(campaign->medium);

    if (str_equals(kind, S("paid")) || !campaign->click_kind.len)
        return kind.len || !campaign->has_utm ? kind : S("campaign");
    if (str_equals(campaign->click_kind, S("paid")) || !kind.len)
        return campaign->click_kind;
    return kind;
}

static fallible write_referrer(struct enrich_call *call, str host, str kind, str name,
                               str *out_told)
{
    struct json_writer w = enrich_write(call);

    json_key(&w, S("referrer"));
    json_open(&w, '{');
    if (str_starts(host, S("www.")))
        host = str_slice(host, 4, host.len);
    enrich_write_text(&w, S("domain"), host, HOST_MOST);
    enrich_write_text(&w, S("kind"), kind, HOST_MOST);
    enrich_write_text(&w, S("name"), name, HOST_MOST);
    json_shut(&w, '}');
    return enrich_written(call, out_told);
}

fallible enrich_referrer_tell(struct enrich_call *call, const struct enrich_page *page,
                              const struct enrich_campaign *campaign, str *out_told)
{
    str told = kind_of_campaign(campaign), host, kind;
    struct host facts = {0};
    bool is_internal;

    *out_told = (str){NULL, 0};
    TRY(find_host(call, page->referrer, &host));
    if (!host.len)
        return told.len ? write_referrer(call, host, told, (str){NULL, 0}, out_told) : OK;
    TRY(find_facts(call, host, &facts));
    TRY(find_internal(call, page->url, host, &facts, &is_internal));
    if (str_equals(told, S("paid")))
        kind = told;
    else if (is_internal)
        kind = S("internal");
    else if (facts.kind.len && !str_equals(facts.kind, S("other")))
        kind = facts.kind;
    else
        kind = told.len ? told : S("other");
    return write_referrer(call, host, kind, is_internal ? (str){NULL, 0} : facts.name, out_told);
}
