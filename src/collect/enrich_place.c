/* enrich_place.c - country, region, city, network and time zone of an address.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich_int.h"

#include "collect/geography.h"
#include "collect/memo.h"

enum { NAME_MOST = 128, ADDRESS_MOST = 64 };

static void end_line(struct json_writer *w)
{
    buf_add_byte(w->out, '\n');
    w->needs_comma = false;
}

/* The three members with a line's end behind each: JSON as it is written here holds none. */
static fallible write_all(struct enrich_call *call, const struct geography_fact *fact,
                          str *out_lines)
{
    struct json_writer w = enrich_write(call);

    if (fact->country.len || fact->region.len || fact->city.len) {
        json_key(&w, S("location"));
        json_open(&w, '{');
        enrich_write_text(&w, S("country"), fact->country, NAME_MOST);
        enrich_write_text(&w, S("region"), fact->region, NAME_MOST);
        enrich_write_text(&w, S("city"), fact->city, NAME_MOST);
        json_shut(&w, '}');
    }
    end_line(&w);
    if (fact->has_asn) {
        json_key(&w, S("network"));
        json_open(&w, '{');
        json_key(&w, S("asn"));
        json_u64(&w, fact->asn);
        json_shut(&w, '}');
    }
    end_line(&w);
    enrich_write_text(&w, S("timezone"), fact->timezone, NAME_MOST);
    return enrich_written(call, out_lines);
}

/* Nothing is known of what is no address; and an event is worth more than a damaged database. */
static fallible look_up(struct enrich_call *call, str address, str *out_lines)
{
    struct geography_fact fact = {0};
    enum err err = geography_find(call->enrich->config.geography, address, call->mem, &fact);

    if (err == ERR_LIMIT)
        return err;
    if (err)
        fact = (struct geography_fact){0};
    return write_all(call, &fact, out_lines);
}

static str line_of(str *rest)
{
    str line = str_cut(rest, '\n');

    return line.len ? line : (str){NULL, 0};
}

/* "network":{"asn":64500} */
static void read_network(struct enrich_place *place)
{
    str rest = place->network, digits;

    (void)str_cut(&rest, '{');
    (void)str_cut(&rest, ':');
    digits = str_cut(&rest, '}');
    place->has_asn = digits.len && str_to_u64(digits, &place->asn);
}

fallible enrich_place_tell(struct enrich_call *call, str address, struct enrich_place *out_told)
{
    struct memo *memo = call->enrich->caches[ENRICH_ADDRESSES];
    str lines;

    address = str_slice(str_trim(address), 0, ADDRESS_MOST);
    if (!call->address.data || !str_equals(address, call->address)) {
        if (!memo_find(memo, address, call->mem, &lines)) {
            TRY(look_up(call, address, &lines));
            memo_put(memo, address, lines);
        }
        call->address = address;
        call->told_place.location = line_of(&lines);
        call->told_place.network = line_of(&lines);
        call->told_place.timezone = line_of(&lines);
        read_network(&call->told_place);
    }
    *out_told = call->told_place;
    return OK;
}
