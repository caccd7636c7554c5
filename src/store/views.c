/* views.c - rows of the table `view`, and who may do what with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/views.h"

#include "store/catalog.h"
#include "store/view_text.h"

/* Reading */

struct reading {
    struct arena *mem;
    struct view *list;
    size_t count;
};

static enum err take_view(void *argument, struct row *row)
{
    struct reading *reading = argument;
    struct arena *mem = reading->mem;
    struct view view = {
        .id = catalog_row_i64(row, 0),
        .change = catalog_row_i64(row, 1),
        .user_id = catalog_row_i64(row, 2),
        .page = catalog_row_text(row, 4, mem),
        .name = catalog_row_text(row, 5, mem),
        .address = catalog_row_text(row, 6, mem),
        .is_shared = catalog_row_i64(row, 7) != 0,
        .created_at = catalog_row_i64(row, 8),
        .changed_at = catalog_row_i64(row, 9),
    };

    if (view.user_id)
        view.user_name = catalog_row_text(row, 3, mem);
    if (arena_is_exhausted(mem))
        return arena_exhausted();
    reading->list[reading->count++] = view;
    return OK;
}

static bool is_own(const struct views_by *by, const struct view *view)
{
    return view->user_id && view->user_id == by->user_id;
}

static fallible read_one(struct tx *tx, const struct views_by *by, int64_t id, struct arena *mem,
                         struct view *out_view)
{
    struct view view;
    struct reading reading = {.mem = mem, .list = &view};

    TRY(catalog_each(tx, SQL_VIEW_GET, BIND(B_I64(id)), take_view, &reading));
    if (!reading.count || !(view.is_shared || is_own(by, &view)))
        return fail(ERR_ABSENT, "there is no such view");
    *out_view = view;
    return OK;
}

fallible views_list(struct catalog *catalog, const struct views_by *by,
                    const struct views_question *question, struct arena *mem,
                    struct view **out_list, size_t *out_count)
{
    size_t limit = question->limit < VIEWS_PAGE_MOST ? question->limit : VIEWS_PAGE_MOST;
    int64_t before =
        question->cursor && question->cursor < INT64_MAX ? (int64_t)question->cursor : INT64_MAX;
    struct reading reading = {.mem = mem, .list = arena_array(mem, limit, sizeof(struct view))};
    struct tx *tx;
    enum err err;

    if (!reading.list)
        return arena_exhausted();
    TRY(catalog_begin(catalog, &tx));
    err = catalog_each(tx, SQL_VIEW_LIST,
                       BIND(B_I64(by->user_id), B_I64(before),
                            question->page.data ? B_TEXT(question->page) : B_NULL,
                            B_I64((int64_t)limit)),
                       take_view, &reading);
    TRY(catalog_end(tx, err));
    *out_list = reading.list;
    *out_count = reading.count;
    return OK;
}

fallible views_get(struct catalog *catalog, const struct views_by *by, int64_t id,
                   struct arena *mem, struct view *out_view)
{
    struct tx *tx;

    TRY(catalog_begin(catalog, &tx));
    return catalog_end(tx, read_one(tx, by, id, mem, out_view));
}

/* Writing */

static fallible check_wish(const struct views_wish *wish, struct arena *mem)
{
    TRY(view_text_check_name(wish->name));
    TRY(view_text_check_page(wish->page));
    return view_text_check_address(wish->address, mem);
}

static fallible may_save(const struct views_by *by)
{
    return by->can_save ? OK
                        : fail(ERR_DENIED, "this key only looks at views: use one that has the "
                                           "scope \"manage\" besides");
}

static fallible may_share(const struct views_by *by, bool is_shared)
{
    return by->can_share || !is_shared
               ? OK
               : fail(ERR_DENIED, "the role \"viewer\" does not share views: leave \"shared\" "
                                  "false, or ask an owner for another role");
}

static fallible may_change(const struct views_by *by, const struct view *view)
{
    TRY(may_save(by));
    return is_own(by, view) || by->can_change_all
               ? OK
               : fail(ERR_DENIED, "this view is another's: save one of your own, or ask her or an "
                                  "owner");
}

static struct bind owner_bind(int64_t user_id)
{
    return user_id ? B_I64(user_id) : B_NULL;
}

static enum err take_number(void *argument, struct row *row)
{
    *(int64_t *)argument = catalog_row_i64(row, 0);
    return OK;
}

/* Has the owner another view of this name on this page? `id`: the one that may. */
static fallible check_namesakes(struct tx *tx, int64_t user_id, const struct views_wish *wish,
                                int64_t id)
{
    int64_t count = 0;

    TRY(catalog_each(tx, SQL_VIEW_NAMESAKES,
                     BIND(owner_bind(user_id), B_TEXT(wish->page), B_TEXT(wish->name), B_I64(id)),
                     take_number, &count));
    return count ? fail(ERR_CONFLICT, "there is a view of this \"name\" on this \"page\" already: "
                                      "choose another name, or change that view")
                 : OK;
}

/* Of nobody and seen by nobody it could never be found again. */
static fallible check_reach(int64_t user_id, const struct views_wish *wish)
{
    return user_id || wish->is_shared
               ? OK
               : fail(ERR_INVALID, "\"shared\" must be true for a view that is no user's: nobody "
                                   "else would see it");
}

static fallible check_count(struct tx *tx, int64_t user_id)
{
    int64_t count = 0;

    TRY(catalog_each(tx, SQL_VIEW_COUNT, BIND(owner_bind(user_id)), take_number, &count));
    return count < VIEWS_MOST ? OK
                              : fail(ERR_LIMIT,
                                     "there are %d views of this owner, and no more can "
                                     "be: delete one first",
                                     VIEWS_MOST);
}

static fallible add(struct tx *tx, const struct views_by *by, const struct views_wish *wish,
                    millis now, int64_t *out_id)
{
    TRY(may_save(by));
    TRY(may_share(by, wish->is_shared));
    TRY(check_reach(by->user_id, wish));
    TRY(check_count(tx, by->user_id));
    TRY(check_namesakes(tx, by->user_id, wish, 0));
    TRY(catalog_run(tx, SQL_VIEW_ADD,
                    BIND(owner_bind(by->user_id), B_TEXT(wish->page), B_TEXT(wish->name),
                         B_TEXT(wish->address), B_I64(wish->is_shared), B_I64(now))));
    return catalog_each(tx, SQL_VIEW_NEWEST, NO_BIND, take_number, out_id);
}

fallible views_add(struct catalog *catalog, const struct views_by *by,
                   const struct views_wish *wish, millis now, struct arena *mem,
                   struct view *out_view)
{
    struct view view;
    struct tx *tx;
    int64_t id = 0;
    enum err err;

    TRY(check_wish(wish, mem));
    TRY(catalog_begin(catalog, &tx));
    err = add(tx, by, wish, now, &id);
    if (!err)
        err = read_one(tx, by, id, mem, &view);
    TRY(catalog_end(tx, err));
    *out_view = view;
    return OK;
}

static fallible change(struct tx *tx, const struct views_by *by,
                       const struct views_revision *revision, struct arena *mem,
                       struct view *out_view)
{
    const struct views_wish *wish = &revision->wish;
    struct reading changed = {.mem = mem, .list = out_view};
    struct view view;

    TRY(read_one(tx, by, revision->id, mem, &view));
    TRY(may_change(by, &view));
    TRY(may_share(by, wish->is_shared));
    TRY(check_reach(view.user_id, wish));
    TRY(check_namesakes(tx, view.user_id, wish, view.id));
    TRY(catalog_run(tx, SQL_VIEW_CHANGE,
                    BIND(B_I64(view.id), B_TEXT(wish->page), B_TEXT(wish->name),
                         B_TEXT(wish->address), B_I64(wish->is_shared), B_I64(revision->now))));
    /* Not by read_one: what was just taken back from all is shown this once to who did it. */
    return catalog_each(tx, SQL_VIEW_GET, BIND(B_I64(view.id)), take_view, &changed);
}

fallible views_change(struct catalog *catalog, const struct views_by *by,
                      const struct views_revision *revision, struct arena *mem,
                      struct view *out_view)
{
    struct view view;
    struct tx *tx;

    TRY(check_wish(&revision->wish, mem));
    TRY(catalog_begin(catalog, &tx));
    TRY(catalog_end(tx, change(tx, by, revision, mem, &view)));
    *out_view = view;
    return OK;
}

static fallible remove_one(struct tx *tx, const struct views_by *by, int64_t id, struct arena *mem)
{
    struct view view;

    TRY(read_one(tx, by, id, mem, &view));
    TRY(may_change(by, &view));
    return catalog_run(tx, SQL_VIEW_REMOVE, BIND(B_I64(id)));
}

fallible views_remove(struct catalog *catalog, const struct views_by *by, int64_t id,
                      struct arena *mem)
{
    struct tx *tx;

    TRY(catalog_begin(catalog, &tx));
    return catalog_end(tx, remove_one(tx, by, id, mem));
}
