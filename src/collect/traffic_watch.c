/* traffic_watch.c - a table of visitors, the ring of what was stored of them, and who was found
 * out.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Locks: one for each part of the table, one for the ring, one for the queue; a part's lock may be
 * held when the ring's or the queue's is taken, never the other way round, and never two parts'.
 *
 * A note knows the note before it of the same visitor, and a visitor its newest. Notes are
 * overwritten in the order in which they came, so a visitor's chain ends where a note is too old.
 */
#include "collect/traffic_watch.h"

#include "base/mem.h"
#include "collect/traffic_crowd.h"
#include "collect/traffic_int.h"
#include "sys/address.h"
#include "sys/thread.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAYS = 8,
    LOCKS = 64,
    CACHE_LINE = 64,
    VISITORS = 65536,
    NOTES = 524288,
    CROWDS = 16384,
    DUE = 4096, /* visitors found out and not yet given */
    TENS = 6,   /* of seconds that views are counted for */
    SITE_VIEWS = 100,
    USED_SHARE = 50, /* one page in so many is told to be in use where that is told at all */
    STRANGERS = 20,  /* new visitors of one network */
    FANNED = 5,      /* networks that follow a new link */
    WALK_LEAST = 30, /* pages of one visit */
    WALK_MOST = 100, /* more cannot be told apart */
    DOUBTS = 5,
    PACES_MOST = 1000, /* then the oldest fade */
};

/* Nine in ten: then what was stored is revised; also after even odds for several times, and for who
 * follows a new link with many others. */
static const double FOUND_ODDS = 2.2;
static const float UNJUDGED = -100;
static const double WALKED_SHARE = 0.9;
static const millis VISIT = 30 * MILLIS_MINUTE;
static const millis REMEMBERED = 24 * MILLIS_HOUR; /* that a visitor was found out */
static const millis FAN_SPAN = 10 * MILLIS_SECOND;
static const millis STRANGER_SPAN = 10 * MILLIS_MINUTE;
static const millis NEW_LINK = 30 * MILLIS_SECOND;
/* Before that each page looks as if nobody had known it. */
static const millis SETTLING = 10 * MILLIS_MINUTE;
static const millis MOMENT = 50;
static const millis SHORTEST_PACE = 200, LONGEST_PACE = 10 * MILLIS_MINUTE;

/* Its key lies apart, so that a group's are looked through in one line of the processor's cache. */
struct visitor {
    millis last;
    /* Of the visit: */
    millis viewed; /* the latest */
    int64_t ten;   /* the latest of `tens`, counted from 1970 */
    uint64_t page;
    uint64_t pages; /* bits */
    uint64_t networks;
    uint32_t views, parts, paces;
    uint16_t tens[TENS];
    uint16_t hurried;
    float pace, spread; /* mean of the paces in ms; sum of squares from it */
    uint8_t doubts;     /* how often it was as likely a machine as not */
    bool has_walked, is_fan_out;
    /* For longer: */
    bool is_trapped, is_found, is_due;
    uint32_t used;
    uint32_t newest; /* note; 0: none */
    float odds;
    const char *reason;
};

struct note {
    uint64_t seq;
    uint32_t before; /* of the same visitor; 0: none */
    uint32_t owner;  /* half of the visitor's key: of an overwritten note it is another's */
};

struct traffic_watch {
    hash_key key;
    uint64_t *keys; /* of the visitors at the same places; 0: nobody's */
    struct visitor *visitors;
    size_t groups; /* of WAYS; a power of two */
    struct mutex *locks[LOCKS];
    struct traffic_crowds *pages, *networks;
    char *honeypots;
    str honeypot_list;
    atomic_int_fast64_t began; /* the first hit's time; 0: none yet */
    atomic_uint_fast64_t views, used, parts;
    struct mutex *note_lock;
    struct note *notes;
    size_t note_count; /* a power of two */
    uint32_t next;     /* number of the next note, from 1 */
    struct mutex *due_lock;
    uint64_t due[DUE];
    size_t due_first, due_count;
    atomic_uint_fast64_t made, forgotten; /* visitors */
    atomic_uint_fast64_t noted, found, revised;
};

/* Opening */

static fallible take_honeypots(struct traffic_watch *watch, str list)
{
    str rest = list;

    while (rest.len) {
        str path = str_trim(str_cut(&rest, ','));

        if (path.len && traffic_page_of(path).data[0] != '/')
            return fail(ERR_INVALID, "the honeypot \"%.*s\" is no path: it begins with /",
                        STR_ARG(path));
    }
    watch->honeypots = mem_alloc(list.len + 1);
    if (!watch->honeypots)
        return mem_exhausted();
    if (list.len)
        memcpy(watch->honeypots, list.data, list.len);
    watch->honeypot_list = str_from(watch->honeypots, list.len);
    return OK;
}

static size_t power_from(size_t least, size_t wanted)
{
    while (least < wanted)
        least *= 2;
    return least;
}

static fallible take_memory(struct traffic_watch *watch, const struct traffic_watch_config *config)
{
    watch->groups = power_from(LOCKS, (config->visitors ? config->visitors : VISITORS) / WAYS);
    watch->note_count = power_from(1, config->notes ? config->notes : NOTES);
    watch->next = 1;
    watch->keys = mem_alloc(watch->groups * WAYS * sizeof *watch->keys);
    watch->visitors = mem_alloc(watch->groups * WAYS * sizeof *watch->visitors);
    watch->notes = mem_alloc(watch->note_count * sizeof *watch->notes);
    watch->note_lock = mutex_open();
    watch->due_lock = mutex_open();
    if (!watch->keys || !watch->visitors || !watch->notes || !watch->note_lock || !watch->due_lock)
        return mem_exhausted();
    for (size_t i = 0; i < LOCKS; i++) {
        watch->locks[i] = mutex_open();
        if (!watch->locks[i])
            return mem_exhausted();
    }
    TRY(traffic_crowd_open(CROWDS, FAN_SPAN, &watch->pages));
    return traffic_crowd_open(CROWDS, STRANGER_SPAN, &watch->networks);
}

fallible traffic_watch_open(const struct traffic_watch_config *config,
                            struct traffic_watch **out_watch)
{
    struct traffic_watch *watch = mem_alloc(sizeof *watch);
    enum err err;

    if (!watch)
        return mem_exhausted();
    watch->key = config->key;
    err = take_honeypots(watch, config->honeypots);
    if (!err)
        err = take_memory(watch, config);
    if (err) {
        traffic_watch_close(watch);
        return err;
    }
    *out_watch = watch;
    return OK;
}

void traffic_watch_close(struct traffic_watch *watch)
{
    if (!watch)
        return;
    traffic_crowd_close(watch->pages);
    traffic_crowd_close(watch->networks);
    for (size_t i = 0; i < LOCKS && watch->locks[i]; i++)
        mutex_close(watch->locks[i]);
    if (watch->note_lock)
        mutex_close(watch->note_lock);
    if (watch->due_lock)
        mutex_close(watch->due_lock);
    mem_free(watch->keys);
    mem_free(watch->visitors);
    mem_free(watch->notes);
    mem_free(watch->honeypots);
    mem_free(watch);
}

/* The table */

static struct mutex *lock_of(const struct traffic_watch *watch, uint64_t key)
{
    return watch->locks[key & (LOCKS - 1)];
}

/* Under the lock of its part: the visitor, or NULL. */
static struct visitor *find(const struct traffic_watch *watch, uint64_t key)
{
    size_t group = (key & (watch->groups - 1)) * WAYS;

    for (size_t i = group; i < group + WAYS; i++)
        if (watch->keys[i] == key) {
            /* All of its lines at once, instead of each when it is wanted. */
            for (size_t at = CACHE_LINE; at < sizeof *watch->visitors; at += CACHE_LINE)
                __builtin_prefetch((char *)&watch->visitors[i] + at, 1);
            return &watch->visitors[i];
        }
    return NULL;
}

static uint64_t key_of(const struct traffic_watch *watch, const struct visitor *visitor)
{
    return watch->keys[visitor - watch->visitors];
}

static void count(atomic_uint_fast64_t *total, uint64_t more)
{
    atomic_fetch_add_explicit(total, more, memory_order_relaxed);
}

/* Likewise; who is new takes the place of who was not seen for longest, if possible of one that has
 * nothing to be given. */
static struct visitor *find_or_make(struct traffic_watch *watch, uint64_t key)
{
    size_t group = (key & (watch->groups - 1)) * WAYS, oldest = group;
    const struct visitor *visitors = watch->visitors;
    struct visitor *visitor = find(watch, key);

    if (visitor)
        return visitor;
    for (size_t i = group; i < group + WAYS; i++) {
        if (!watch->keys[i]) {
            oldest = i;
            break;
        }
        if (visitors[i].is_due != visitors[oldest].is_due
                ? visitors[oldest].is_due
                : visitors[i].last < visitors[oldest].last)
            oldest = i;
    }
    if (watch->keys[oldest])
        count(&watch->forgotten, 1);
    count(&watch->made, 1);
    watch->keys[oldest] = key;
    watch->visitors[oldest] = (struct visitor){.odds = UNJUDGED};
    return &watch->visitors[oldest];
}

/* A new visit: what the last one was like is forgotten, what the visitor is stays. */
static void begin_visit(struct visitor *visitor, millis at)
{
    bool remembers = at - visitor->last <= REMEMBERED;

    *visitor = (struct visitor){
        .last = at,
        .is_trapped = remembers && visitor->is_trapped,
        .is_found = remembers && visitor->is_found,
        .is_due = visitor->is_due,
        .used = visitor->used,
        .newest = visitor->newest,
        .odds = visitor->odds,
        .reason = visitor->reason,
    };
}

/* What is seen of a hit */

struct hit {
    uint64_t visitor, page, network; /* hashes; 0: not told */
    millis at;
    enum traffic_act act;
    bool is_part, is_trap;
};

static uint64_t hash_of(const struct traffic_watch *watch, str text)
{
    uint64_t hash = hash_keyed(&watch->key, text).low;

    return hash ? hash : 1;
}

/* /24 or /48; as many bytes stand for it. */
static uint64_t network_of(const struct traffic_watch *watch, str text)
{
    struct address address;

    if (!address_read(text, &address))
        return 0;
    return hash_of(watch, str_from(address.bytes, address.is_four ? 3 : 6));
}

static uint64_t visitor_of(const struct traffic_watch *watch, const struct traffic_seen *seen)
{
    enum { AGENT_MOST = 256 };
    char text[AGENT_MOST + 64];
    const struct traffic_request *request = seen->request;
    str address = str_slice(request->address, 0, 48), agent = str_slice(seen->text, 0, AGENT_MOST);
    size_t len = 0;

    if (request->visitor.len)
        return hash_of(watch, request->visitor);
    text[len++] = 0; /* no id begins so: they are text */
    if (address.len)
        memcpy(text + len, address.data, address.len);
    len += address.len;
    text[len++] = ' ';
    if (agent.len)
        memcpy(text + len, agent.data, agent.len);
    return hash_of(watch, str_from(text, len + agent.len));
}

static bool is_trap(const struct traffic_watch *watch, str page)
{
    str rest = watch->honeypot_list;

    page = str_cut(&page, '?');
    while (rest.len && page.len)
        if (str_equals(traffic_page_of(str_trim(str_cut(&rest, ','))), page))
            return true;
    return false;
}

/* Remembering */

/* Where the views of ten seconds are counted; 1970's first ones have some before them, too. */
static size_t place_of(int64_t ten)
{
    return (size_t)((ten % TENS + TENS) % TENS);
}

static void count_view(struct visitor *visitor, millis at)
{
    int64_t ten = at / (10 * MILLIS_SECOND), ahead = ten - visitor->ten;

    if (ahead <= -TENS)
        return;
    for (int64_t i = 0; i < ahead && i < TENS; i++)
        visitor->tens[place_of(ten - i)] = 0;
    if (ahead > 0)
        visitor->ten = ten;
    if (visitor->tens[place_of(ten)] < UINT16_MAX)
        visitor->tens[place_of(ten)]++;
}

/* Welford's: mean and squares in one go. */
static void count_pace(struct visitor *visitor, millis pace)
{
    float off = (float)pace - visitor->pace;

    if (visitor->paces >= PACES_MOST) {
        visitor->paces /= 2;
        visitor->spread /= 2;
    }
    visitor->paces++;
    visitor->pace += off / (float)visitor->paces;
    visitor->spread += off * ((float)pace - visitor->pace);
}

static void view(struct visitor *visitor, const struct hit *hit)
{
    visitor->views++;
    count_view(visitor, hit->at);
    if (!hit->page)
        return;
    if (visitor->page && hit->page != visitor->page && hit->at >= visitor->viewed) {
        millis pace = hit->at - visitor->viewed;

        /* What came in one batch without times of its own came at the same time. */
        if (pace > 0 && pace < MOMENT && visitor->hurried < UINT16_MAX)
            visitor->hurried++;
        if (pace >= SHORTEST_PACE && pace <= LONGEST_PACE)
            count_pace(visitor, pace);
    }
    visitor->viewed = hit->at;
    visitor->page = hit->page;
    visitor->pages |= UINT64_C(1) << (hit->page >> 58);
    if (visitor->views >= WALK_LEAST && visitor->views <= WALK_MOST)
        visitor->has_walked =
            traffic_crowd_estimate(visitor->pages) >= WALKED_SHARE * visitor->views;
}

static void remember(struct visitor *visitor, const struct hit *hit)
{
    if (hit->at - visitor->last > VISIT)
        begin_visit(visitor, hit->at);
    if (hit->at > visitor->last)
        visitor->last = hit->at;
    if (hit->network)
        visitor->networks |= UINT64_C(1) << (hit->network >> 58);
    visitor->is_trapped |= hit->is_trap;
    if (hit->act == TRAFFIC_ENGAGED) {
        visitor->used++;
        visitor->doubts = 0;
    } else if (hit->is_part)
        visitor->parts++;
    else if (hit->act != TRAFFIC_OTHER)
        view(visitor, hit);
}

static void tell(const struct visitor *visitor, const struct hit *hit, struct traffic_past *out)
{
    int64_t ten = hit->at / (10 * MILLIS_SECOND);
    millis into = hit->at % (10 * MILLIS_SECOND);

    out->is_known = true;
    out->is_trapped = visitor->is_trapped;
    out->is_found = visitor->is_found;
    out->is_fan_out = visitor->is_fan_out;
    out->has_walked = visitor->has_walked;
    out->views = visitor->views;
    for (int64_t i = 0; ten == visitor->ten && i < TENS; i++)
        out->views_60s += visitor->tens[place_of(ten - i)];
    if (ten == visitor->ten)
        out->views_10s = visitor->tens[place_of(ten)] +
                         (unsigned)(visitor->tens[place_of(ten - 1)] * (10 * MILLIS_SECOND - into) /
                                    (10 * MILLIS_SECOND));
    out->networks = traffic_crowd_estimate(visitor->networks);
    out->hurried = visitor->hurried;
    out->used = visitor->used;
    out->parts = visitor->parts;
    out->paces = visitor->paces;
    if (visitor->paces > 1 && visitor->pace > 0)
        out->unevenness =
            sqrt((double)visitor->spread / (visitor->paces - 1)) / (double)visitor->pace;
}

static void count_for_site(struct traffic_watch *watch, const struct hit *hit,
                           struct traffic_past *out)
{
    uint64_t views, used, parts;
    int_fast64_t none = 0;

    if (!atomic_load_explicit(&watch->began, memory_order_relaxed))
        atomic_compare_exchange_strong(&watch->began, &none, hit->at);
    if (hit->act == TRAFFIC_ENGAGED)
        atomic_fetch_add_explicit(&watch->used, 1, memory_order_relaxed);
    else if (hit->is_part)
        atomic_fetch_add_explicit(&watch->parts, 1, memory_order_relaxed);
    else if (hit->act == TRAFFIC_VIEW)
        atomic_fetch_add_explicit(&watch->views, 1, memory_order_relaxed);
    views = atomic_load_explicit(&watch->views, memory_order_relaxed);
    used = atomic_load_explicit(&watch->used, memory_order_relaxed);
    parts = atomic_load_explicit(&watch->parts, memory_order_relaxed);
    out->site_used = views >= SITE_VIEWS && used >= views / USED_SHARE;
    out->site_loads = views >= SITE_VIEWS && parts >= views / 2;
}

/* Found out */

/* Under the visitor's lock. A full queue: the next hit tries again. */
static void make_due(struct traffic_watch *watch, struct visitor *visitor)
{
    if (visitor->is_due || !visitor->newest)
        return;
    mutex_lock(watch->due_lock);
    if (watch->due_count < DUE) {
        watch->due[(watch->due_first + watch->due_count++) % DUE] = key_of(watch, visitor);
        visitor->is_due = true;
    }
    mutex_unlock(watch->due_lock);
}

static void weigh(struct traffic_watch *watch, struct visitor *visitor)
{
    double odds = (double)visitor->odds;

    if (visitor->is_fan_out)
        odds += traffic_weight(TRAFFIC_fan_out);
    visitor->is_found |=
        odds >= FOUND_ODDS || visitor->doubts >= DOUBTS || (visitor->is_fan_out && odds >= 0);
    if (visitor->is_found)
        make_due(watch, visitor);
}

static void fan_out(struct traffic_watch *watch, const struct traffic_crowd_told *told)
{
    for (size_t i = 0; i < told->count; i++) {
        struct visitor *visitor;

        mutex_lock(lock_of(watch, told->members[i]));
        visitor = find(watch, told->members[i]);
        if (visitor && !visitor->is_fan_out) {
            visitor->is_fan_out = true;
            weigh(watch, visitor);
        }
        mutex_unlock(lock_of(watch, told->members[i]));
    }
}

static void ask_crowds(struct traffic_watch *watch, const struct hit *hit, bool is_first,
                       struct traffic_past *out)
{
    struct traffic_crowd_join join = {.key = hit->network,
                                      .kind = hit->visitor,
                                      .member = hit->visitor,
                                      .is_new = is_first,
                                      .is_used = hit->act == TRAFFIC_ENGAGED,
                                      .at = hit->at};
    struct traffic_crowd_told told;

    if (!hit->network)
        return;
    traffic_crowd_join(watch->networks, &join, &told);
    out->is_strangers = told.kinds >= STRANGERS && !told.is_used;
    if (!hit->page || hit->is_part || (hit->act != TRAFFIC_VIEW && hit->act != TRAFFIC_CLICK))
        return;
    join.key = hit->page;
    join.kind = hit->network;
    join.is_new = true;
    join.wanted = FANNED;
    traffic_crowd_join(watch->pages, &join, &told);
    if (told.kinds < FANNED || hit->at - told.first > NEW_LINK ||
        told.first - (millis)atomic_load(&watch->began) < SETTLING)
        return;
    out->is_fan_out = true;
    fan_out(watch, &told);
}

uint64_t traffic_watch_see(struct traffic_watch *watch, const struct traffic_seen *seen,
                           struct traffic_past *out_past)
{
    const struct traffic_request *request = seen->request;
    str page = seen->page;
    struct hit hit = {.visitor = visitor_of(watch, seen),
                      .page = page.len ? hash_of(watch, page) : 0,
                      .network = network_of(watch, request->address),
                      .at = request->at > 0 ? request->at : 0,
                      .act = request->act,
                      .is_part = traffic_page_is_part(page),
                      .is_trap = is_trap(watch, page)};
    struct traffic_past past = {.has_own_id = request->visitor.len > 0};
    struct visitor *visitor;
    bool is_first;

    __builtin_prefetch(&watch->keys[(hit.visitor & (watch->groups - 1)) * WAYS]);
    traffic_crowd_warm(watch->networks, hit.network);
    traffic_crowd_warm(watch->pages, hit.page);
    count_for_site(watch, &hit, &past);
    mutex_lock(lock_of(watch, hit.visitor));
    visitor = find_or_make(watch, hit.visitor);
    is_first = !visitor->views && !visitor->parts && !visitor->used;
    remember(visitor, &hit);
    tell(visitor, &hit, &past);
    mutex_unlock(lock_of(watch, hit.visitor));
    ask_crowds(watch, &hit, is_first, &past);
    *out_past = past;
    return hit.visitor;
}

void traffic_watch_judged(struct traffic_watch *watch, uint64_t key,
                          const struct traffic_found *found)
{
    struct visitor *visitor;

    mutex_lock(lock_of(watch, key));
    visitor = find(watch, key);
    if (visitor) {
        if (!visitor->is_found) {
            visitor->odds = (float)found->odds;
            visitor->reason = found->reason;
            if (found->odds >= 0 && visitor->doubts < DOUBTS)
                visitor->doubts++;
        }
        weigh(watch, visitor);
    }
    mutex_unlock(lock_of(watch, key));
}

/* Notes */

static bool is_kept(const struct traffic_watch *watch, uint32_t number, uint64_t key)
{
    return number && watch->next - number <= watch->note_count &&
           watch->notes[number & (watch->note_count - 1)].owner == (uint32_t)(key >> 32);
}

void traffic_watch_note(struct traffic_watch *watch, uint64_t key, uint64_t seq)
{
    struct visitor *visitor;

    if (!key)
        return;
    mutex_lock(lock_of(watch, key));
    visitor = find(watch, key);
    if (visitor) {
        mutex_lock(watch->note_lock);
        watch->notes[watch->next & (watch->note_count - 1)] =
            (struct note){seq, visitor->newest, (uint32_t)(key >> 32)};
        visitor->newest = watch->next++;
        if (!watch->next)
            watch->next = 1;
        mutex_unlock(watch->note_lock);
        count(&watch->noted, 1);
        if (visitor->is_found)
            make_due(watch, visitor);
    }
    mutex_unlock(lock_of(watch, key));
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* Under the visitor's lock: her numbers, or the sequence numbers into `out` where there is room. */
static size_t gather(struct traffic_watch *watch, const struct visitor *visitor, uint64_t *out,
                     size_t room)
{
    size_t count = 0;

    mutex_lock(watch->note_lock);
    for (uint32_t number = visitor->newest; is_kept(watch, number, key_of(watch, visitor));) {
        const struct note *note = &watch->notes[number & (watch->note_count - 1)];

        if (count < room)
            out[count] = note->seq;
        count++;
        number = note->before;
    }
    mutex_unlock(watch->note_lock);
    return count < room || !room ? count : room;
}

static size_t make_runs(uint64_t *seqs, size_t count, struct traffic_run *out)
{
    size_t runs = 0;

    qsort(seqs, count, sizeof *seqs, by_number);
    for (size_t i = 0; i < count; i++) {
        if (runs && seqs[i] < out[runs - 1].first + out[runs - 1].count)
            continue;
        if (runs && seqs[i] == out[runs - 1].first + out[runs - 1].count)
            out[runs - 1].count++;
        else
            out[runs++] = (struct traffic_run){seqs[i], 1};
    }
    return runs;
}

static fallible give(struct traffic_watch *watch, struct visitor *visitor, struct arena *mem,
                     struct traffic_revision *out)
{
    size_t count = gather(watch, visitor, NULL, 0);
    uint64_t *seqs = arena_array(mem, count + 1, sizeof *seqs);
    struct traffic_run *runs = arena_array(mem, count + 1, sizeof *runs);

    if (!seqs || !runs)
        return arena_exhausted();
    count = gather(watch, visitor, seqs, count);
    visitor->newest = 0;
    visitor->is_due = false;
    *out = (struct traffic_revision){
        .visitor = key_of(watch, visitor),
        .probability = traffic_probability(
            (double)visitor->odds + (visitor->is_fan_out ? traffic_weight(TRAFFIC_fan_out) : 0)),
        .reason = visitor->reason ? visitor->reason : traffic_code(TRAFFIC_fan_out),
        .runs = runs,
        .count = make_runs(seqs, count, runs)};
    return OK;
}

/* The visitor that waits for longest; 0: none. */
static uint64_t first_due(struct traffic_watch *watch)
{
    uint64_t key;

    mutex_lock(watch->due_lock);
    key = watch->due_count ? watch->due[watch->due_first] : 0;
    mutex_unlock(watch->due_lock);
    return key;
}

static void pop_due(struct traffic_watch *watch)
{
    mutex_lock(watch->due_lock);
    watch->due_first = (watch->due_first + 1) % DUE;
    watch->due_count--;
    mutex_unlock(watch->due_lock);
}

fallible traffic_watch_revised(struct traffic_watch *watch, struct arena *mem,
                               struct traffic_revision *out_revision, bool *out_found)
{
    struct traffic_revision revision = {0};
    uint64_t key;

    while ((key = first_due(watch))) {
        struct visitor *visitor;
        enum err err = OK;

        mutex_lock(lock_of(watch, key));
        visitor = find(watch, key);
        if (visitor)
            err = give(watch, visitor, mem, &revision);
        mutex_unlock(lock_of(watch, key));
        if (err)
            return err;
        pop_due(watch);
        if (revision.count)
            break;
    }
    *out_found = revision.count > 0;
    if (!*out_found)
        return OK;
    count(&watch->found, 1);
    for (size_t i = 0; i < revision.count; i++)
        count(&watch->revised, revision.runs[i].count);
    *out_revision = revision;
    return OK;
}

static struct traffic_table table_of(uint64_t made, uint64_t forgotten, size_t room)
{
    /* Of two totals that are read while others count, the second may be ahead. */
    return (struct traffic_table){made > forgotten ? made - forgotten : 0, room, forgotten};
}

static struct traffic_table crowds_of(const struct traffic_crowds *crowds)
{
    uint64_t forgotten = traffic_crowd_forgotten(crowds);

    return table_of(traffic_crowd_made(crowds), forgotten, traffic_crowd_room(crowds));
}

void traffic_watch_stats_read(struct traffic_watch *watch, struct traffic_watch_stats *out_stats)
{
    uint64_t noted = atomic_load(&watch->noted), forgotten = atomic_load(&watch->forgotten);
    uint64_t overwritten = noted > watch->note_count ? noted - watch->note_count : 0;

    *out_stats = (struct traffic_watch_stats){
        .visitors = table_of(atomic_load(&watch->made), forgotten, watch->groups * WAYS),
        .pages = crowds_of(watch->pages),
        .networks = crowds_of(watch->networks),
        .notes = table_of(noted, overwritten, watch->note_count),
        .found = atomic_load(&watch->found),
        .revised = atomic_load(&watch->revised),
    };
}
