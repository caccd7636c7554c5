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
    str text;        /* in lower case, without a port; empty: there is none */
    str registrable; /* absent: it has none, as an address has none */
    const struct referrer *row;
};

/* Empty where there is none. */
static str find_host(str url)
{
    str rest = url, host;

    do
        str_cut(&rest, ':');
    while (rest.len && !str_starts(rest, S("//")));
    if (!rest.len)
        return S("");
    rest = str_slice(rest, 2, rest.len);
    for (size_t i = 0; i < rest.len; i++)
        if (rest.data[i] == '/' || rest.data[i] == '?' || rest.data[i] == '#')
            rest.len = i;
    host = rest;
    while (str_find(host, '@') >= 0)
        str_cut(&host, '@');
    if (!str_starts(host, S("[")))
        host = str_cut(&(str){host.data, host.len}, ':');
    return host.len <= HOST_MOST ? host : S("");
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

static fallible look_up(struct enrich_call *call, str text, struct host *out_host)
{
    struct host host = {.text = text};

    if (text.len)
        TRY(domain_registrable(text, call->mem, &host.registrable));
    host.row = find_referrer(text, host.registrable);
    *out_host = host;
    return OK;
}

/* Names under which nothing is registered equal only themselves. */
static bool is_internal(const struct host *from, const struct host *page)
{
    return page->text.len &&
           (str_equals(page->text, from->text) ||
            (from->registrable.len && str_equals(page->registrable, from->registrable)));
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

static str kind_of(const struct host *from, bool is_own, str told)
{
    str kind = from->row ? str_of(from->row->kind) : (str){NULL, 0};

    if (!from->row && is_mail_host(from->text, from->registrable))
        kind = S("mail");
    if (!from->text.len || str_equals(told, S("paid")))
        return told;
    if (is_own)
        return S("internal");
    if (kind.len && !str_equals(kind, S("other")))
        return kind;
    return told.len ? told : S("other");
}

static fallible write_referrer(struct enrich_call *call, const struct host *from,
                               const struct host *page, str told, str *out_told)
{
    struct json_writer w = enrich_write(call);
    bool is_own = is_internal(from, page);
    str domain = from->text;

    json_key(&w, S("referrer"));
    json_open(&w, '{');
    if (str_starts(domain, S("www.")))
        domain = str_slice(domain, 4, domain.len);
    enrich_write_text(&w, S("domain"), domain, HOST_MOST);
    enrich_write_text(&w, S("kind"), kind_of(from, is_own, told), HOST_MOST);
    if (from->row && !is_own)
        enrich_write_text(&w, S("name"), str_of(from->row->name), HOST_MOST);
    json_shut(&w, '}');
    return enrich_written(call, out_told);
}

/* The three texts of which all follows, a line each. */
static str write_key(char *key, str told, str from, str page)
{
    const str parts[] = {told, from, page};
    size_t len = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        for (size_t at = 0; at < parts[i].len; at++) {
            char c = parts[i].data[at];

            key[len++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        key[len++] = '\n';
    }
    return str_from(key, len);
}

fallible enrich_referrer_tell(struct enrich_call *call, const struct enrich_page *page,
                              const struct enrich_campaign *campaign, str *out_told)
{
    enum { KIND_MOST = 16 };
    struct memo *memo = call->enrich->caches[ENRICH_REFERRERS];
    char room[KIND_MOST + 2 * HOST_MOST + 3];
    str told = kind_of_campaign(campaign), key, rest;
    struct host from, own;

    *out_told = (str){NULL, 0};
    key = write_key(room, told, find_host(page->referrer), find_host(page->url));
    rest = key;
    told = str_cut(&rest, '\n');
    from.text = str_cut(&rest, '\n');
    if ((!from.text.len && !told.len) || memo_find(memo, key, call->mem, out_told))
        return OK;
    TRY(look_up(call, from.text, &from));
    TRY(look_up(call, str_cut(&rest, '\n'), &own));
    TRY(write_referrer(call, &from, &own, told, out_told));
    memo_put(memo, key, *out_told);
    return OK;
}
