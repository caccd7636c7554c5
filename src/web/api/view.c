/* view.c - saved views: listed, saved, changed, deleted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/views.h"

#include "store/access.h"
#include "sys/clock.h"
#include "web/api/api.h"
#include "web/parameters.h"
#include "web/web.h"
#include "web/wish.h"

static struct catalog *catalog_of(struct exchange *x)
{
    return web_config(web_of(x))->catalog;
}

static fallible read_by(struct exchange *x, struct views_by *out_by)
{
    struct gate_visitor visitor;
    bool manages;

    TRY(gate_identify(web_gate(web_of(x)), x, &visitor));
    manages = visitor.scopes & ACCESS_MANAGE;
    if (visitor.is_user)
        *out_by = (struct views_by){
            .user_id = visitor.session.user_id,
            .can_save = true,
            .can_share = visitor.session.role != USERS_VIEWER,
            .can_change_all = visitor.session.role == USERS_OWNER,
        };
    else
        *out_by =
            (struct views_by){.can_save = manages, .can_share = manages, .can_change_all = manages};
    return OK;
}

static fallible read_id(struct exchange *x, int64_t *out_id)
{
    if (!str_to_i64(exchange_path_value(x, S("id")), out_id))
        return fail(ERR_ABSENT, "there is no such view");
    return OK;
}

static void write_view(struct json_writer *w, const struct view *view)
{
    json_open(w, '{');
    json_key(w, S("id"));
    json_i64(w, view->id);
    json_key(w, S("name"));
    json_text(w, view->name);
    json_key(w, S("page"));
    json_text(w, view->page);
    json_key(w, S("address"));
    json_text(w, view->address);
    json_key(w, S("shared"));
    json_bool(w, view->is_shared);
    json_key(w, S("owner"));
    if (view->user_id) {
        json_open(w, '{');
        json_key(w, S("id"));
        json_i64(w, view->user_id);
        json_key(w, S("name"));
        json_text(w, view->user_name);
        json_shut(w, '}');
    } else {
        json_null(w);
    }
    json_key_time(w, S("created_at"), view->created_at);
    json_key_time(w, S("changed_at"), view->changed_at);
    json_shut(w, '}');
}

static void answer_view(struct exchange *x, int status, enum err err, const struct view *view)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};

    if (err) {
        web_fail(x, err);
        return;
    }
    write_view(&w, view);
    web_answer_json(x, status, &out);
    buf_done(&out);
}

static fallible read_question(struct exchange *x, struct views_question *out_question)
{
    struct views_question question = {.page = exchange_query_value(x, S("page"))};
    uint64_t limit;

    TRY(parameters_number(x, S("limit"), &limit));
    TRY(parameters_number(x, S("cursor"), &question.cursor));
    question.limit = limit;
    *out_question = question;
    return OK;
}

static void write_list(struct exchange *x, const struct view *list, size_t count, bool is_full,
                       struct buf *out)
{
    struct json_writer w = {.out = out};

    json_open(&w, '{');
    json_key(&w, S("views"));
    json_open(&w, '[');
    for (size_t i = 0; i < count; i++)
        write_view(&w, &list[i]);
    json_shut(&w, ']');
    json_key(&w, S("cursor"));
    if (is_full)
        json_text(&w, arena_print(exchange_mem(x), "%lld", (long long)list[count - 1].change));
    else
        json_null(&w);
    json_shut(&w, '}');
}

void view_list(struct exchange *x)
{
    struct views_question question;
    struct views_by by;
    struct buf out = {0};
    struct view *list;
    size_t count;
    enum err err = read_question(x, &question);

    if (!err)
        err = read_by(x, &by);
    if (!err)
        err = views_list(catalog_of(x), &by, &question, exchange_mem(x), &list, &count);
    if (err) {
        web_fail(x, err);
        return;
    }
    write_list(x, list, count, count == question.limit, &out);
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

void view_show(struct exchange *x)
{
    struct view view = {0};
    struct views_by by;
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = read_by(x, &by);
    if (!err)
        err = views_get(catalog_of(x), &by, id, exchange_mem(x), &view);
    answer_view(x, 200, err, &view);
}

static fallible must_have(bool is_given, const char *name)
{
    return is_given ? OK : fail(ERR_INVALID, "\"%s\" is missing", name);
}

/* A change carries all; of a new view `shared` may be left out. */
static fallible read_wish(struct exchange *x, bool is_change, struct views_wish *out_wish)
{
    struct views_wish wish = {0};
    bool says_shared = false;
    struct wish_member members[] = {
        {.name = "name", .text = &wish.name},
        {.name = "page", .text = &wish.page},
        {.name = "address", .text = &wish.address},
        {.name = "shared", .kind = WISH_BOOL, .is_true = &wish.is_shared, .is_given = &says_shared},
    };

    TRY(wish_read(x, members, 4));
    TRY(must_have(wish.name.data, "name"));
    TRY(must_have(wish.page.data, "page"));
    TRY(must_have(wish.address.data, "address"));
    TRY(must_have(says_shared || !is_change, "shared"));
    *out_wish = wish;
    return OK;
}

void view_add(struct exchange *x)
{
    struct view view = {0};
    struct views_wish wish;
    struct views_by by;
    enum err err = read_wish(x, false, &wish);

    if (!err)
        err = read_by(x, &by);
    if (!err)
        err = views_add(catalog_of(x), &by, &wish, clock_now(web_config(web_of(x))->sys),
                        exchange_mem(x), &view);
    answer_view(x, 201, err, &view);
}

void view_change(struct exchange *x)
{
    struct views_revision revision = {.now = clock_now(web_config(web_of(x))->sys)};
    struct view view = {0};
    struct views_by by;
    enum err err = read_id(x, &revision.id);

    if (!err)
        err = read_wish(x, true, &revision.wish);
    if (!err)
        err = read_by(x, &by);
    if (!err)
        err = views_change(catalog_of(x), &by, &revision, exchange_mem(x), &view);
    answer_view(x, 200, err, &view);
}

void view_remove(struct exchange *x)
{
    struct views_by by;
    int64_t id;
    enum err err = read_id(x, &id);

    if (!err)
        err = read_by(x, &by);
    if (!err)
        err = views_remove(catalog_of(x), &by, id, exchange_mem(x));
    if (err)
        web_fail(x, err);
    else
        exchange_answer(x, 204, (str){NULL, 0}, (str){NULL, 0});
}
