/* plan_book.c - plans from the catalog into a snapshot, and events held against it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who judges counts himself in before he reads the snapshot, and out behind it, at the counter of
 * the present phase. Who changes the plans publishes the next snapshot, begins the next phase and
 * waits until nobody is left in the phase before: then nobody reads the old snapshot any more.
 */
#include "collect/plan_book.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "collect/message.h"
#include "collect/plan_check.h"
#include "store/catalog.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <assert.h>
#include <string.h>

enum { CACHE_LINE = 64, SHOWN = 3, NAME_SHOWN = 100, STAMP_BYTES = 64, READING = 8 << 20 };

struct snapshot {
    struct plan_entry **entries; /* by name */
    size_t count;
    uint32_t *slots; /* 1 + index of an entry, 0: none */
    size_t slot_mask;
    enum plan_unplanned unplanned;
};

struct readers {
    _Alignas(CACHE_LINE) atomic_uint count;
};

struct plan_book {
    struct sys *sys;
    struct catalog *catalog;
    struct mutex *mutex; /* of those who change the plans, or look at all */
    struct snapshot *latest;
    _Atomic(struct snapshot *) current; /* the latest; NULL while it says nothing */
    atomic_uint phase;
    struct readers readers[2];
    atomic_uint_fast64_t unplanned_count;
};

static const char *const MODES[] = {[PLAN_WATCH] = "watch", [PLAN_ENFORCE] = "enforce"};
static const char *const UNPLANNED[] = {[PLAN_UNPLANNED_KEEP] = "keep",
                                        [PLAN_UNPLANNED_WATCH] = "watch",
                                        [PLAN_UNPLANNED_QUARANTINE] = "quarantine"};

const char *plan_book_mode_name(enum plan_mode mode)
{
    return MODES[mode];
}

const char *plan_book_unplanned_name(enum plan_unplanned unplanned)
{
    return UNPLANNED[unplanned];
}

fallible plan_book_unplanned_of(str name, enum plan_unplanned *out_unplanned)
{
    for (size_t i = 0; i < sizeof UNPLANNED / sizeof UNPLANNED[0]; i++)
        if (str_equals(name, str_of(UNPLANNED[i]))) {
            *out_unplanned = (enum plan_unplanned)i;
            return OK;
        }
    return fail(ERR_INVALID, "\"unplanned\" must be keep, watch or quarantine");
}

static fallible mode_of(str name, enum plan_mode *out_mode)
{
    for (size_t i = 0; i < sizeof MODES / sizeof MODES[0]; i++)
        if (str_equals(name, str_of(MODES[i]))) {
            *out_mode = (enum plan_mode)i;
            return OK;
        }
    return fail(ERR_INVALID, "\"mode\" must be enforce or watch");
}

/* Snapshots */

static void free_snapshot(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    mem_free(snapshot->entries);
    mem_free(snapshot->slots);
    mem_free(snapshot);
}

static void free_entry(struct plan_entry *entry)
{
    if (entry)
        plan_schema_close(entry->schema); /* whose memory it is in */
}

/* The first entry whose name is not below `name`. */
static size_t place_of(struct plan_entry *const *entries, size_t count, str name)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_compare(entries[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct plan_entry *find_by_name(struct plan_entry *const *entries, size_t count, str name)
{
    size_t at = place_of(entries, count, name);

    return at < count && str_equals(entries[at]->name, name) ? entries[at] : NULL;
}

static const struct plan_entry *look_up(const struct snapshot *snapshot, str name)
{
    size_t slot = hash_checksum(name.data, name.len) & snapshot->slot_mask;

    for (; snapshot->slots[slot]; slot = (slot + 1) & snapshot->slot_mask)
        if (str_equals(snapshot->entries[snapshot->slots[slot] - 1]->name, name))
            return snapshot->entries[snapshot->slots[slot] - 1];
    return NULL;
}

static void fill_slots(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        str name = snapshot->entries[i]->name;
        size_t slot = hash_checksum(name.data, name.len) & snapshot->slot_mask;

        while (snapshot->slots[slot])
            slot = (slot + 1) & snapshot->slot_mask;
        snapshot->slots[slot] = (uint32_t)i + 1;
    }
}

/* The entries of `old`, without the one named `name`, and with `added`. */
static fallible make_snapshot(const struct snapshot *old, str name, struct plan_entry *added,
                              enum plan_unplanned unplanned, struct snapshot **out_snapshot)
{
    struct snapshot *next = mem_alloc(sizeof *next);
    size_t most = (old ? old->count : 0) + 1, slots = 4;

    while (slots < 2 * most)
        slots *= 2;
    if (next) {
        next->entries = mem_alloc(most * sizeof *next->entries);
        next->slots = mem_alloc(slots * sizeof *next->slots);
    }
    if (!next || !next->entries || !next->slots) {
        free_snapshot(next);
        return mem_exhausted();
    }
    next->slot_mask = slots - 1;
    next->unplanned = unplanned;
    for (size_t i = 0; old && i < old->count; i++)
        if (!str_equals(old->entries[i]->name, name))
            next->entries[next->count++] = old->entries[i];
    if (added) {
        size_t at = place_of(next->entries, next->count, added->name);

        memmove(next->entries + at + 1, next->entries + at,
                (next->count - at) * sizeof *next->entries);
        next->entries[at] = added;
        next->count++;
    }
    fill_slots(next);
    *out_snapshot = next;
    return OK;
}

/* Nobody reads the snapshot before when it returns. */
static void publish(struct plan_book *book, struct snapshot *next)
{
    struct snapshot *old = book->latest;
    unsigned phase = atomic_load(&book->phase);

    book->latest = next;
    atomic_store(&book->current,
                 next->count || next->unplanned != PLAN_UNPLANNED_KEEP ? next : NULL);
    atomic_store(&book->phase, phase + 1);
    while (atomic_load(&book->readers[phase & 1].count))
        clock_sleep(book->sys, 1);
    free_snapshot(old);
}

static unsigned begin_reading(struct plan_book *book)
{
    for (;;) {
        unsigned phase = atomic_load(&book->phase);

        atomic_fetch_add(&book->readers[phase & 1].count, 1);
        if (atomic_load(&book->phase) == phase)
            return phase;
        atomic_fetch_sub(&book->readers[phase & 1].count, 1);
    }
}

static void end_reading(struct plan_book *book, unsigned phase)
{
    atomic_fetch_sub(&book->readers[phase & 1].count, 1);
}

/* Entries */

static fallible check_name(str name)
{
    if (!name.len || name.len > MESSAGE_MOST_NAME || !utf8_is_valid(name))
        return fail(ERR_INVALID, "an event's name has 1 to %d bytes of UTF-8", MESSAGE_MOST_NAME);
    if (str_equals(name, S("alias")))
        return fail(ERR_INVALID, "an alias has no properties: there is nothing to plan");
    return OK;
}

/* `schema` is the entry's from now on, unless it fails. */
static fallible make_entry(const struct plan_entry *wanted, struct plan_entry **out_entry)
{
    struct arena *mem = wanted->schema->mem;
    struct plan_entry *entry = arena_take(mem, sizeof *entry);

    if (!entry)
        return arena_exhausted();
    entry->mode = wanted->mode;
    entry->changed_at = wanted->changed_at;
    entry->schema = wanted->schema;
    entry->name = arena_dup(mem, wanted->name);
    entry->description = arena_dup(mem, wanted->description);
    entry->text = arena_dup(mem, wanted->text);
    if (!entry->name.data || !entry->description.data || !entry->text.data)
        return arena_exhausted();
    *out_entry = entry;
    return OK;
}

static fallible compile_entry(struct plan_entry *wanted, const struct json *doc, uint32_t schema,
                              struct plan_entry **out_entry)
{
    enum err err;

    TRY(plan_schema_open(doc, schema, &wanted->schema));
    wanted->text = json_raw(doc, schema);
    err = make_entry(wanted, out_entry);
    if (err)
        plan_schema_close(wanted->schema);
    return err;
}

static fallible read_text(const struct json *doc, uint32_t at, const char *name, struct arena *mem,
                          str *out)
{
    if (json_type_of(doc, at) != JSON_STRING)
        return fail(ERR_INVALID, "\"%s\" must be a text", name);
    *out = json_string(doc, at, mem);
    return out->data ? OK : arena_exhausted();
}

static fallible read_wanted(const struct json *doc, uint32_t at, struct arena *mem,
                            struct plan_entry *wanted, uint32_t *out_schema)
{
    str text;

    if (json_type_of(doc, at) != JSON_OBJECT)
        return fail(ERR_INVALID, "a plan must be an object with the member \"schema\"");
    EACH_MEMBER(doc, at, key, value)
    {
        if (json_is_string(doc, key, S("schema"))) {
            *out_schema = value;
        } else if (json_is_string(doc, key, S("description"))) {
            TRY(read_text(doc, value, "description", mem, &wanted->description));
        } else if (json_is_string(doc, key, S("mode"))) {
            TRY(read_text(doc, value, "mode", mem, &text));
            TRY(mode_of(text, &wanted->mode));
        } else {
            text = json_string(doc, key, mem);
            return fail(ERR_INVALID,
                        "a plan has the members description, mode and schema, not \"%.*s\"",
                        STR_ARG(str_slice(text, 0, NAME_SHOWN)));
        }
    }
    if (wanted->description.len > PLAN_BOOK_DESCRIPTION)
        return fail(ERR_LIMIT, "\"description\" may have %d bytes at the most",
                    PLAN_BOOK_DESCRIPTION);
    return *out_schema == JSON_ABSENT
               ? fail(ERR_INVALID, "give \"schema\": a JSON Schema of the event's properties")
               : OK;
}

/* Opening */

struct loading {
    struct plan_book *book;
    struct json_reader *reader;
    struct arena *mem;
};

static enum err load_entry(void *argument, struct row *row)
{
    struct loading *loading = argument;
    struct snapshot *next;
    struct plan_entry wanted = {.changed_at = catalog_row_i64(row, 4)}, *entry;
    struct json doc;
    str mode, text;
    enum err err;

    arena_reset(loading->mem);
    wanted.name = catalog_row_text(row, 0, loading->mem);
    wanted.description = catalog_row_text(row, 1, loading->mem);
    mode = catalog_row_text(row, 2, loading->mem);
    text = catalog_row_text(row, 3, loading->mem);
    if (!wanted.name.data || !wanted.description.data || !mode.data || !text.data)
        return arena_exhausted();
    TRY(mode_of(mode, &wanted.mode));
    err = json_parse_copy(loading->reader, loading->mem, text, &doc);
    if (!err)
        err = compile_entry(&wanted, &doc, 0, &entry);
    if (err == ERR_INVALID) {
        text = arena_print(loading->mem, "%s", err_text());
        return fail(ERR_CORRUPT, "catalog: the plan of \"%.*s\" cannot be read: %.*s",
                    STR_ARG(wanted.name), STR_ARG(text));
    }
    if (err)
        return err;
    err = make_snapshot(loading->book->latest, entry->name, entry, PLAN_UNPLANNED_KEEP, &next);
    if (err)
        free_entry(entry);
    else
        publish(loading->book, next);
    return err;
}

static enum err load_unplanned(void *argument, struct row *row)
{
    struct loading *loading = argument;
    str name = catalog_row_text(row, 0, loading->mem);

    return name.data ? plan_book_unplanned_of(name, &loading->book->latest->unplanned)
                     : arena_exhausted();
}

static fallible load(struct plan_book *book)
{
    struct loading loading = {book, json_reader_open(), arena_open(READING)};
    struct snapshot *none = NULL;
    struct tx *tx;
    enum err err = loading.reader && loading.mem ? OK : mem_exhausted();

    if (!err)
        err = make_snapshot(NULL, (str){NULL, 0}, NULL, PLAN_UNPLANNED_KEEP, &none);
    if (!err)
        publish(book, none);
    if (!err)
        err = catalog_begin(book->catalog, &tx);
    if (!err) {
        err = catalog_each(tx, SQL_PLAN_EVENT_LIST, NO_BIND, load_entry, &loading);
        if (!err)
            err = catalog_each(tx, SQL_PLAN_SETTING_GET, NO_BIND, load_unplanned, &loading);
        err = catalog_end(tx, err);
    }
    if (!err && book->latest->unplanned != PLAN_UNPLANNED_KEEP)
        atomic_store(&book->current, book->latest);
    json_reader_close(loading.reader);
    arena_close(loading.mem);
    return err;
}

fallible plan_book_open(struct sys *sys, struct catalog *catalog, struct plan_book **out_book)
{
    struct plan_book *book = mem_alloc_aligned(sizeof *book, CACHE_LINE);
    enum err err;

    if (!book)
        return mem_exhausted();
    book->sys = sys;
    book->catalog = catalog;
    book->mutex = mutex_open();
    err = book->mutex ? load(book) : mem_exhausted();
    if (err)
        plan_book_close(book);
    else
        *out_book = book;
    return err;
}

void plan_book_close(struct plan_book *book)
{
    if (!book)
        return;
    for (size_t i = 0; book->latest && i < book->latest->count; i++)
        free_entry(book->latest->entries[i]);
    free_snapshot(book->latest);
    mutex_close(book->mutex);
    mem_free(book);
}

/* Changing; under the mutex */

static fallible check_room(const struct snapshot *latest, const struct plan_entry *added)
{
    uint64_t nodes = added->schema->node_count;
    size_t count = 1;

    for (size_t i = 0; i < latest->count; i++)
        if (!str_equals(latest->entries[i]->name, added->name)) {
            nodes += latest->entries[i]->schema->node_count;
            count++;
        }
    if (count > PLAN_BOOK_EVENTS || nodes > PLAN_BOOK_NODES)
        return fail(ERR_LIMIT, "there can be %d plans with %d properties in all", PLAN_BOOK_EVENTS,
                    PLAN_BOOK_NODES);
    return OK;
}

static fallible write_change(struct tx *tx, str name, const struct plan_entry *added,
                             enum plan_unplanned unplanned)
{
    if (added)
        return catalog_run(tx, SQL_PLAN_EVENT_PUT,
                           BIND(B_TEXT(added->name), B_TEXT(added->description),
                                B_TEXT(str_of(MODES[added->mode])), B_TEXT(added->text),
                                B_I64(added->changed_at)));
    if (name.data)
        return catalog_run(tx, SQL_PLAN_EVENT_REMOVE, BIND(B_TEXT(name)));
    return catalog_run(tx, SQL_PLAN_SETTING_PUT, BIND(B_TEXT(str_of(UNPLANNED[unplanned]))));
}

/* What is published is durable before. */
static fallible change(struct plan_book *book, str name, struct plan_entry *added,
                       enum plan_unplanned unplanned)
{
    struct snapshot *next = NULL;
    struct plan_entry *old =
        name.data ? find_by_name(book->latest->entries, book->latest->count, name) : NULL;
    struct tx *tx;
    enum err err = OK;

    if (added)
        err = check_room(book->latest, added);
    else if (name.data && !old)
        err = fail(ERR_ABSENT, "there is no plan for that event");
    if (!err)
        err = make_snapshot(book->latest, name, added, unplanned, &next);
    if (!err)
        err = catalog_begin(book->catalog, &tx);
    if (!err)
        err = catalog_end(tx, write_change(tx, name, added, unplanned));
    if (err) {
        free_snapshot(next);
        return err;
    }
    publish(book, next);
    free_entry(old);
    return OK;
}

fallible plan_book_put(struct plan_book *book, str name, const struct json *doc, uint32_t at)
{
    struct plan_entry wanted = {
        .name = name, .mode = PLAN_ENFORCE, .changed_at = clock_now(book->sys)};
    struct arena *mem = arena_open(READING);
    struct plan_entry *entry = NULL;
    uint32_t schema = JSON_ABSENT;
    enum err err = mem ? check_name(name) : mem_exhausted();

    if (!err)
        err = read_wanted(doc, at, mem, &wanted, &schema);
    if (!err)
        err = compile_entry(&wanted, doc, schema, &entry);
    if (!err) {
        mutex_lock(book->mutex);
        err = change(book, entry->name, entry, book->latest->unplanned);
        mutex_unlock(book->mutex);
        if (err)
            free_entry(entry);
    }
    arena_close(mem);
    return err;
}

fallible plan_book_remove(struct plan_book *book, str name)
{
    enum err err;

    mutex_lock(book->mutex);
    err = change(book, name.data ? name : S(""), NULL, book->latest->unplanned);
    mutex_unlock(book->mutex);
    return err;
}

fallible plan_book_set_unplanned(struct plan_book *book, enum plan_unplanned unplanned)
{
    enum err err;

    mutex_lock(book->mutex);
    err = change(book, (str){NULL, 0}, NULL, unplanned);
    mutex_unlock(book->mutex);
    return err;
}

/* Looking */

struct plan_look plan_book_begin(struct plan_book *book)
{
    mutex_lock(book->mutex);
    return (struct plan_look){book->latest->entries, book->latest->count, book->latest->unplanned,
                              atomic_load(&book->unplanned_count)};
}

void plan_book_end(struct plan_book *book)
{
    mutex_unlock(book->mutex);
}

const struct plan_entry *plan_book_find(const struct plan_look *look, str name)
{
    return find_by_name(look->entries, look->count, name);
}

/* Judging */

struct judged {
    const struct json *doc;
    uint32_t at; /* the message in it */
    struct arena *mem;
    struct message *message;
};

static str call_of(enum event_type type)
{
    static const char *const calls[] = {
        [EVENT_TRACK] = "track",       [EVENT_PAGE] = "page",   [EVENT_SCREEN] = "screen",
        [EVENT_IDENTIFY] = "identify", [EVENT_GROUP] = "group", [EVENT_ALIAS] = "alias",
    };

    return str_of(calls[type]);
}

static str name_of(const struct judged *judged)
{
    const struct json *doc = judged->doc;

    if (judged->message->type != EVENT_TRACK)
        return call_of(judged->message->type);
    return json_string(doc, json_find(doc, judged->at, S("event")), judged->mem);
}

static void write_reason(struct buf *out, str name, const struct plan_findings *findings)
{
    struct json_writer w = {.out = out};

    json_text(&w, str_slice(name, 0, NAME_SHOWN));
    buf_add(out, S(" breaks its plan: "));
    for (size_t i = 0; i < findings->count && i < SHOWN; i++) {
        if (i)
            buf_add(out, S("; "));
        plan_check_write(out, &findings->list[i]);
    }
    if (findings->count == PLAN_CHECK_FINDINGS)
        buf_print(out, "; and %zu more or still more", findings->count - SHOWN);
    else if (findings->count > SHOWN)
        buf_print(out, "; and %zu more", findings->count - SHOWN);
}

/* What only the request told is added to what waits, so that it is the same event when it is sent
 * again: when it was, and which call. Of equal keys the last counts. */
static fallible complete(const struct judged *judged)
{
    struct message *message = judged->message;
    const struct json *doc = judged->doc;
    uint32_t type = json_find(doc, judged->at, S("type"));
    str call = call_of(message->type);
    struct buf more = {0};

    if (message->flags) {
        buf_add(&more, S(",\"timestamp\":\""));
        time_write_utc(&more, message->time);
        buf_add(&more, S("\""));
    }
    if (type == JSON_ABSENT || !json_is_string(doc, type, call))
        buf_print(&more, ",\"type\":\"%.*s\"", STR_ARG(call));
    if (buf_is_broken(&more)) {
        buf_done(&more);
        return mem_exhausted();
    }
    if (more.len)
        message->json = arena_print(judged->mem, "%.*s%.*s}",
                                    STR_ARG(str_slice(message->json, 0, message->json.len - 1)),
                                    STR_ARG(buf_str(&more)));
    buf_done(&more);
    return message->json.data ? OK : arena_exhausted();
}

static fallible set_aside(const struct judged *judged, const struct buf *reason)
{
    struct message *message = judged->message;
    str text = buf_is_broken(reason) ? (str){NULL, 0} : arena_dup(judged->mem, buf_str(reason));

    if (!text.data)
        return arena_exhausted();
    TRY(complete(judged));
    message->is_misfit = true;
    message->breaks_plan = true;
    message->reason = text;
    return OK;
}

static fallible judge_unplanned(struct plan_book *book, const struct snapshot *snapshot, str name,
                                const struct judged *judged)
{
    struct buf reason = {0};
    struct json_writer w = {.out = &reason};
    enum err err;

    if (snapshot->unplanned == PLAN_UNPLANNED_KEEP || judged->message->type != EVENT_TRACK)
        return OK;
    atomic_fetch_add_explicit(&book->unplanned_count, 1, memory_order_relaxed);
    if (snapshot->unplanned == PLAN_UNPLANNED_WATCH)
        return OK;
    json_text(&w, str_slice(name, 0, NAME_SHOWN));
    buf_add(&reason, S(" has no plan (rule unplanned): plan it, or let unplanned events be kept"));
    err = set_aside(judged, &reason);
    buf_done(&reason);
    return err;
}

static fallible judge_planned(const struct plan_entry *entry, const struct plan_instance *instance,
                              const struct judged *judged)
{
    struct plan_entry *counted = (struct plan_entry *)entry;
    struct plan_findings findings;
    struct buf reason = {0};
    enum err err;

    TRY(plan_check(entry->schema, instance, judged->mem, &findings));
    atomic_fetch_add_explicit(&counted->checked, 1, memory_order_relaxed);
    if (!findings.count)
        return OK;
    atomic_fetch_add_explicit(&counted->broken, 1, memory_order_relaxed);
    plan_check_count(&findings);
    if (entry->mode == PLAN_WATCH)
        return OK;
    write_reason(&reason, entry->name, &findings);
    err = set_aside(judged, &reason);
    buf_done(&reason);
    return err;
}

static bool is_said(const struct json *doc, uint32_t at)
{
    return at != JSON_ABSENT && json_type_of(doc, at) != JSON_NULL &&
           !json_is_string(doc, at, S(""));
}

static fallible judge(struct plan_book *book, const struct snapshot *snapshot,
                      const struct judged *judged)
{
    const struct json *doc = judged->doc;
    enum event_type type = judged->message->type;
    bool has_traits = type == EVENT_IDENTIFY || type == EVENT_GROUP;
    str name = name_of(judged);
    const struct plan_entry *entry;
    struct plan_instance instance = {.doc = doc, .extra = JSON_ABSENT, .extra_name = S("name")};

    if (!name.data)
        return arena_exhausted();
    entry = look_up(snapshot, name);
    if (!entry)
        return judge_unplanned(book, snapshot, name, judged);
    instance.at = json_find(doc, judged->at, has_traits ? S("traits") : S("properties"));
    if ((type == EVENT_PAGE || type == EVENT_SCREEN) &&
        is_said(doc, json_find(doc, judged->at, S("name"))))
        instance.extra = json_find(doc, judged->at, S("name"));
    return judge_planned(entry, &instance, judged);
}

fallible plan_book_judge(struct plan_book *book, const struct json *doc, uint32_t at,
                         struct arena *mem, struct message *message)
{
    struct judged judged = {doc, at, mem, message};
    struct snapshot *snapshot;
    unsigned phase;
    enum err err;

    if (!book || message->is_misfit || !atomic_load_explicit(&book->current, memory_order_relaxed))
        return OK;
    phase = begin_reading(book);
    snapshot = atomic_load(&book->current);
    err = snapshot ? judge(book, snapshot, &judged) : OK;
    end_reading(book, phase);
    return err;
}
