/* plan.c - the tracking plan: what each event must be, shown, changed, and how it is kept to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/intake.h"
#include "collect/plan_book.h"
#include "web/api/api.h"
#include "web/web.h"

static struct plan_book *book_of(struct exchange *x)
{
    return intake_plans(web_config(web_of(x))->intake);
}

static void write_violations(struct json_writer *w, const struct plan_schema *schema)
{
    json_open(w, '[');
    for (uint32_t i = 0; i < schema->node_count; i++)
        for (int rule = 0; rule < PLAN_RULES; rule++) {
            uint64_t count = atomic_load(&schema->nodes[i]->counts[rule]);

            if (!count)
                continue;
            json_open(w, '{');
            json_key(w, S("property"));
            json_text(w, schema->nodes[i]->path);
            json_key(w, S("rule"));
            json_text(w, str_of(plan_schema_rule_name((enum plan_rule)rule)));
            json_key(w, S("count"));
            json_u64(w, count);
            json_shut(w, '}');
        }
    json_shut(w, ']');
}

static void write_head(struct json_writer *w, const struct plan_entry *entry)
{
    json_key(w, S("name"));
    json_text(w, entry->name);
    json_key(w, S("description"));
    json_text(w, entry->description);
    json_key(w, S("mode"));
    json_text(w, str_of(plan_book_mode_name(entry->mode)));
    json_key(w, S("changed_at"));
    json_time(w, entry->changed_at);
    json_key(w, S("checked"));
    json_u64(w, atomic_load(&((struct plan_entry *)entry)->checked));
    json_key(w, S("broken"));
    json_u64(w, atomic_load(&((struct plan_entry *)entry)->broken));
}

static void write_entry(struct json_writer *w, const struct plan_entry *entry)
{
    json_open(w, '{');
    write_head(w, entry);
    json_key(w, S("schema"));
    json_verbatim(w, entry->text);
    json_key(w, S("violations"));
    write_violations(w, entry->schema);
    json_shut(w, '}');
}

static void answer_all(struct exchange *x)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct plan_look look = plan_book_begin(book_of(x));

    json_open(&w, '{');
    json_key(&w, S("unplanned"));
    json_text(&w, str_of(plan_book_unplanned_name(look.unplanned)));
    json_key(&w, S("unplanned_count"));
    json_u64(&w, look.unplanned_count);
    json_key(&w, S("events"));
    json_open(&w, '[');
    for (size_t i = 0; i < look.count; i++) {
        json_open(&w, '{');
        write_head(&w, look.entries[i]);
        json_shut(&w, '}');
    }
    json_shut(&w, ']');
    json_shut(&w, '}');
    plan_book_end(book_of(x));
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

static void answer_one(struct exchange *x, str name)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    struct plan_look look = plan_book_begin(book_of(x));
    const struct plan_entry *entry = plan_book_find(&look, name);

    if (entry)
        write_entry(&w, entry);
    plan_book_end(book_of(x));
    if (entry)
        web_answer_json(x, 200, &out);
    else
        web_fail(x, fail(ERR_ABSENT, "there is no plan for that event"));
    buf_done(&out);
}

void plan_list(struct exchange *x)
{
    answer_all(x);
}

static fallible read_setting(struct exchange *x, const struct json *doc,
                             enum plan_unplanned *out_unplanned)
{
    bool is_set = false;

    EACH_MEMBER(doc, 0, key, value)
    {
        if (!json_is_string(doc, key, S("unplanned")))
            return fail(ERR_INVALID, "the one setting is \"unplanned\"; an event's plan is put to "
                                     "/api/plan/events/NAME");
        TRY(plan_book_unplanned_of(json_string(doc, value, exchange_mem(x)), out_unplanned));
        is_set = true;
    }
    return is_set ? OK : fail(ERR_INVALID, "give \"unplanned\": keep, watch or quarantine");
}

void plan_set(struct exchange *x)
{
    struct json_reader *reader = web_take_reader(web_of(x));
    enum plan_unplanned unplanned;
    struct json doc;
    enum err err = reader ? web_read_object(x, reader, &doc) : arena_exhausted();

    if (!err)
        err = read_setting(x, &doc, &unplanned);
    if (!err)
        err = plan_book_set_unplanned(book_of(x), unplanned);
    if (reader)
        web_give_reader(web_of(x), reader);
    if (err)
        web_fail(x, err);
    else
        answer_all(x);
}

void plan_show(struct exchange *x)
{
    answer_one(x, exchange_path_value(x, S("name")));
}

static fallible check_defects(const struct json *doc)
{
    const struct json_defect *defect = json_defect_in(doc, 0);

    return defect ? fail(ERR_INVALID, "%s", json_defect_text(defect->kind)) : OK;
}

void plan_put(struct exchange *x)
{
    str name = exchange_path_value(x, S("name"));
    struct json_reader *reader = web_take_reader(web_of(x));
    struct json doc;
    enum err err = reader ? web_read_object(x, reader, &doc) : arena_exhausted();

    if (!err)
        err = check_defects(&doc);
    if (!err)
        err = plan_book_put(book_of(x), name, &doc, 0);
    if (reader)
        web_give_reader(web_of(x), reader);
    if (err)
        web_fail(x, err);
    else
        answer_one(x, name);
}

void plan_remove(struct exchange *x)
{
    enum err err = plan_book_remove(book_of(x), exchange_path_value(x, S("name")));

    if (err)
        web_fail(x, err);
    else
        exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}
