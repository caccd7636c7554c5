/* views.h - saved views: what a user finds again in the console, and shares.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A view is seen by its owner, and by everybody where it is shared. A view of nobody - made by a
 * key, or left by a user who was removed - is always shared. Any thread.
 */
#pragma once
#include "base/arena.h"
#include "base/time.h"

struct catalog;

enum { VIEWS_MOST = 1000, VIEWS_PAGE_MOST = 500 };

struct view {
    int64_t id;
    int64_t change;  /* the cursor behind it, see views_list */
    int64_t user_id; /* its owner; 0: nobody */
    str user_name;
    str page, name, address;
    bool is_shared;
    millis created_at, changed_at;
};

/* Who asks, and what she may. */
struct views_by {
    int64_t user_id; /* 0: a key */
    bool can_save;
    bool can_share;
    bool can_change_all; /* the shared ones of others, too */
};

struct views_wish {
    str page, name, address;
    bool is_shared;
};

/* Those that `by` sees, the newest change first: at most `limit` behind `cursor` (0: from the
 * newest), of one page or (absent) of all. */
struct views_question {
    str page;
    uint64_t cursor;
    size_t limit;
};
fallible views_list(struct catalog *catalog, const struct views_by *by,
                    const struct views_question *question, struct arena *mem,
                    struct view **out_list, size_t *out_count);
/* ERR_ABSENT, as below: there is none, or it is another's own. */
fallible views_get(struct catalog *catalog, const struct views_by *by, int64_t id,
                   struct arena *mem, struct view *out_view);
/* ERR_INVALID; ERR_DENIED; ERR_CONFLICT: the owner has one of this name on this page; ERR_LIMIT:
 * she has VIEWS_MOST. */
fallible views_add(struct catalog *catalog, const struct views_by *by,
                   const struct views_wish *wish, millis now, struct arena *mem,
                   struct view *out_view);
struct views_revision {
    int64_t id;
    struct views_wish wish;
    millis now;
};
/* The owner stays. ERR_ABSENT, ERR_INVALID, ERR_DENIED, ERR_CONFLICT. */
fallible views_change(struct catalog *catalog, const struct views_by *by,
                      const struct views_revision *revision, struct arena *mem,
                      struct view *out_view);
/* ERR_ABSENT, ERR_DENIED. Ids are not used again. */
fallible views_remove(struct catalog *catalog, const struct views_by *by, int64_t id,
                      struct arena *mem);
