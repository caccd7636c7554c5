/* enrich_campaign.c - the parameters of a page's address that tell which campaign led to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sources: Google Analytics, "Custom campaigns" (utm_*); of click ids each network's own page on
 * its conversion tags. Networks put some ids into every link, whether it was paid for or not.
 */
#include "collect/enrich_int.h"

#include "proto/form.h"

enum { VALUE_MOST = 256, UTM_PREFIX = 4, NAME_MOST = 16 };

static const struct {
    str parameter; /* behind utm_ */
    str member;
} UTM[ENRICH_UTM] = {
    {{"source", 6}, {"source", 6}},   {{"medium", 6}, {"medium", 6}},
    {{"campaign", 8}, {"name", 4}},   {{"term", 4}, {"term", 4}},
    {{"content", 7}, {"content", 7}}, {{"id", 2}, {"id", 2}},
};

enum { MEDIUM = 1 };

/* Of several in one address the first of this table counts. */
static const struct {
    str parameter;
    const char *kind;
} CLICKS[] = {
    {{"gclid", 5}, "paid"},     /* Google Ads */
    {{"wbraid", 6}, "paid"},    /* the same, from the web to an application */
    {{"gbraid", 6}, "paid"},    /* and from one */
    {{"dclid", 5}, "paid"},     /* Google's display network */
    {{"msclkid", 7}, "paid"},   /* Microsoft Advertising */
    {{"ttclid", 6}, "paid"},    /* TikTok */
    {{"twclid", 6}, "paid"},    /* X */
    {{"li_fat_id", 9}, "paid"}, /* LinkedIn */
    {{"rdt_cid", 7}, "paid"},   /* Reddit */
    {{"ScCid", 5}, "paid"},     /* Snapchat */
    {{"sccid", 5}, "paid"},     /* the same */
    {{"yclid", 5}, "paid"},     /* Yandex Direct */
    {{"qclid", 5}, "paid"},     /* Quora */
    {{"obclid", 6}, "paid"},    /* Outbrain */
    {{"tblci", 5}, "paid"},     /* Taboola */
    {{"irclickid", 9}, "paid"}, /* Impact */
    {{"cjevent", 7}, "paid"},   /* CJ Affiliate */
    {{"awc", 3}, "paid"},       /* Awin */
    {{"srsltid", 7}, "search"}, /* Google's free product listings */
    {{"fbclid", 6}, "social"},  /* Facebook and Instagram, every link */
    {{"igshid", 6}, "social"},  /* Instagram, shared */
    {{"igsh", 4}, "social"},    /* the same */
    {{"epik", 4}, "social"},    /* Pinterest */
    {{"mc_cid", 6}, "mail"},    /* Mailchimp: the mailing */
    {{"_kx", 3}, "mail"},       /* Klaviyo */
};

enum { CLICK_COUNT = sizeof CLICKS / sizeof *CLICKS };

static void look_at(str name, str value, struct enrich_campaign *found, size_t *click)
{
    if (str_starts(name, S("utm_"))) {
        name = str_slice(name, UTM_PREFIX, name.len);
        for (size_t i = 0; i < ENRICH_UTM; i++)
            if (!found->utm[i].data && str_equals(name, UTM[i].parameter))
                found->utm[i] = value;
        return;
    }
    for (size_t i = 0; i < *click; i++)
        if (str_equals(name, CLICKS[i].parameter)) {
            *click = i;
            found->click_id = value;
        }
}

static str query_of(const struct enrich_page *page)
{
    str rest = page->url, url = str_cut(&rest, '#'), query = url;

    str_cut(&query, '?');
    if (query.len || url.len)
        return query;
    return str_starts(page->search, S("?")) ? str_slice(page->search, 1, page->search.len)
                                            : page->search;
}

/* Names are never encoded by who makes such links, values are. */
fallible enrich_campaign_find(struct enrich_call *call, const struct enrich_page *page,
                              struct enrich_campaign *out_campaign)
{
    struct enrich_campaign found = {0};
    str query = query_of(page), name, value;
    size_t click = CLICK_COUNT;

    while (form_next(&query, &name, &value))
        if (name.len <= NAME_MOST && value.len)
            look_at(name, value, &found, &click);
    for (size_t i = 0; i < ENRICH_UTM; i++) {
        if (found.utm[i].data && !(found.utm[i] = form_decode(call->mem, found.utm[i], true)).data)
            return arena_exhausted();
        found.has_utm |= found.utm[i].len > 0;
    }
    if (click < CLICK_COUNT) {
        found.click_id = form_decode(call->mem, found.click_id, true);
        if (!found.click_id.data)
            return arena_exhausted();
        found.click_name = CLICKS[click].parameter;
        found.click_kind = str_of(CLICKS[click].kind);
    }
    found.medium = found.utm[MEDIUM];
    *out_campaign = found;
    return OK;
}

fallible enrich_campaign_tell(struct enrich_call *call, const struct enrich_campaign *campaign,
                              bool has_utm, str *out_told)
{
    struct json_writer w;

    *out_told = (str){NULL, 0};
    if (!campaign->click_id.len && !(has_utm && campaign->has_utm))
        return OK;
    w = enrich_write(call);
    json_key(&w, S("campaign"));
    json_open(&w, '{');
    for (size_t i = 0; has_utm && i < ENRICH_UTM; i++)
        enrich_write_text(&w, UTM[i].member, campaign->utm[i], VALUE_MOST);
    enrich_write_text(&w, S("click_id"), campaign->click_id, VALUE_MOST);
    enrich_write_text(&w, S("click_kind"), campaign->click_name, VALUE_MOST);
    json_shut(&w, '}');
    return enrich_written(call, out_told);
}
