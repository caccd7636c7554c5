/* oracle.c - the clients' record, and a naive reading of the log to compare it with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash/oracle.h"

#include "base/mem.h"
#include "people/identity.h"
#include "store/deletions.h"
#include "store/verdicts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A node is a name as a user (even places) or as a device (odd). */
enum { KEYS = PLAN_NAMES * 4, MOST_JOINS = 4096, MOST_NODES = KEYS + PLAN_STRANGERS + 1 };

struct ask_state {
    bool is_acked;
    bool is_refused;
    uint64_t seq;
};

struct id_state {
    bool is_acked;
    bool was_other_sent; /* before it was acknowledged: either text may be there */
    unsigned sent;       /* bits of the variants sent */
    unsigned kept;       /* the variant that must be there */
};

/* One attempt to delete or revise, in order of sequence numbers. */
struct attempt {
    const struct plan_ask *ask;
    uint64_t *seqs;
    size_t count;
    bool is_acked;
    bool is_done; /* by the latest reading */
};

struct oracle {
    const struct plan *plan;
    struct ask_state *asks;
    struct id_state *ids;
    struct attempt *attempts;
    size_t attempt_count;
    uint64_t left;
    uint64_t humans;
};

struct join {
    uint64_t seq;
    unsigned a, b; /* keys */
    bool is_merge;
    bool is_undone;
};

/* What one reading of the log found. */
struct reading {
    struct oracle *oracle;
    struct buf *trouble;
    unsigned *found; /* by id */
    unsigned events;
    unsigned events_stored;    /* without those in quarantine */
    unsigned keys[MOST_NODES]; /* of each node id */
    unsigned node_count;
    unsigned strangers;
    struct join joins[MOST_JOINS]; /* as recorded */
    unsigned join_count;
    unsigned wanted[KEYS]; /* union-find of what the events say */
    bool known[KEYS];
    bool claimed[KEYS];
    bool *deleted; /* by sequence number, below `deleted_room` */
    uint64_t deleted_room;
    uint64_t deleted_count;
    unsigned char *verdicts; /* the same, enum verdict */
    uint64_t *parts;         /* of a deletion or revision that is not whole */
    size_t part_count;
    uint64_t next_seq;
};

static void *need(size_t size)
{
    void *room = calloc(1, size);

    if (!room)
        abort();
    return room;
}

struct oracle *oracle_open(const struct plan *plan)
{
    struct oracle *oracle = need(sizeof *oracle);

    oracle->plan = plan;
    oracle->asks = need((plan->ask_count + 1) * sizeof *oracle->asks);
    oracle->ids = need((plan->id_count + 1) * sizeof *oracle->ids);
    return oracle;
}

void oracle_close(struct oracle *oracle)
{
    if (!oracle)
        return;
    for (size_t i = 0; i < oracle->attempt_count; i++)
        free(oracle->attempts[i].seqs);
    free(oracle->attempts);
    free(oracle->asks);
    free(oracle->ids);
    free(oracle);
}

void oracle_sent(struct oracle *oracle, const struct plan_ask *ask)
{
    for (size_t i = 0; i < ask->count; i++) {
        struct id_state *id = &oracle->ids[ask->events[i]->id];

        id->sent |= 1u << ask->events[i]->variant;
        if (!id->is_acked && id->sent == 3)
            id->was_other_sent = true;
    }
}

static void *need_more(void *room, size_t size)
{
    void *grown = realloc(room, size);

    if (!grown)
        abort();
    return grown;
}

void oracle_names(struct oracle *oracle, const struct plan_ask *ask, const struct deleted *found)
{
    struct attempt attempt = {.ask = ask,
                              .seqs = need(deleted_count(found, 0, UINT64_MAX) * sizeof(uint64_t))};
    uint64_t from, to = 0;

    while (deleted_next(found, to, &from, &to))
        for (uint64_t seq = from; seq < to; seq++)
            attempt.seqs[attempt.count++] = seq;
    oracle->attempts =
        need_more(oracle->attempts, (oracle->attempt_count + 1) * sizeof *oracle->attempts);
    oracle->attempts[oracle->attempt_count++] = attempt;
}

unsigned oracle_attempts(const struct oracle *oracle, const struct plan_ask *ask)
{
    unsigned count = 0;

    for (size_t i = 0; i < oracle->attempt_count; i++)
        count += oracle->attempts[i].ask == ask;
    return count;
}

/* The latest attempt of the ask; NULL: none. */
static struct attempt *attempt_of(struct oracle *oracle, const struct plan_ask *ask)
{
    for (size_t i = oracle->attempt_count; i > 0; i--)
        if (oracle->attempts[i - 1].ask == ask)
            return &oracle->attempts[i - 1];
    return NULL;
}

void oracle_acked(struct oracle *oracle, const struct plan_ask *ask, uint64_t seq)
{
    struct attempt *attempt = attempt_of(oracle, ask);

    oracle->asks[ask->number].is_acked = true;
    oracle->asks[ask->number].seq = seq;
    if (attempt && seq)
        attempt->is_acked = true;
    for (size_t i = 0; i < ask->count; i++) {
        struct id_state *id = &oracle->ids[ask->events[i]->id];

        if (!id->is_acked)
            id->kept = ask->events[i]->variant;
        id->is_acked = true;
    }
}

void oracle_refused(struct oracle *oracle, const struct plan_ask *ask)
{
    oracle->asks[ask->number].is_refused = true;
}

bool oracle_is_settled(const struct oracle *oracle, const struct plan_ask *ask)
{
    return oracle->asks[ask->number].is_acked || oracle->asks[ask->number].is_refused;
}

uint64_t oracle_merge_seq(const struct oracle *oracle, const struct plan_ask *merge)
{
    return oracle->asks[merge->number].seq;
}

unsigned oracle_count(const struct oracle *oracle)
{
    unsigned count = 0;

    for (unsigned i = 0; i < oracle->plan->id_count; i++)
        count += oracle->ids[i].is_acked;
    return count;
}

uint64_t oracle_left(const struct oracle *oracle)
{
    return oracle->left;
}

uint64_t oracle_humans(const struct oracle *oracle)
{
    return oracle->humans;
}

/* Reading */

/* Says what is wrong, each # being the next number; always false. */
static bool trouble(struct reading *r, const char *words, uint64_t a, uint64_t b)
{
    bool is_first = r->trouble->len == 0;

    for (const char *at = words; is_first && *at; at++) {
        if (*at != '#') {
            buf_add_byte(r->trouble, *at);
            continue;
        }
        buf_add_u64(r->trouble, a);
        a = b;
    }
    return false;
}

static unsigned key_of(unsigned name, bool is_device)
{
    return name * 2 + is_device;
}

static unsigned top(const unsigned *parents, unsigned key)
{
    while (parents[key] != key)
        key = parents[key];
    return key;
}

static void unite(unsigned *parents, unsigned a, unsigned b)
{
    parents[top(parents, a)] = top(parents, b);
}

static bool read_node(struct reading *r, const struct log_record *record)
{
    struct record_node node;
    unsigned name = plan_name_of(record->payload);

    if (record->node <= r->strangers && str_equals(record->payload, S("stranger"))) {
        r->node_count++;
        return true;
    }
    if (record_read_node(record->clear, &node) != OK || !name)
        return trouble(r, "record # is a node that nobody sent", record->seq, 0);
    if (record->node != ++r->node_count || r->node_count >= MOST_NODES)
        return trouble(r, "record # makes node # out of turn", record->seq, record->node);
    r->keys[r->node_count] = key_of(name, node.kind == NODE_ANONYMOUS);
    for (unsigned i = 1 + r->strangers; i < r->node_count; i++)
        if (r->keys[i] == r->keys[r->node_count])
            return trouble(r, "nodes # and # are the same", i, r->node_count);
    return true;
}

static bool read_join(struct reading *r, const struct log_record *record)
{
    struct record_join join;

    if (record_read_join(record->clear, &join) != OK || join.a > r->node_count ||
        join.b > r->node_count || r->join_count == MOST_JOINS)
        return trouble(r, "record # joins what is not there", record->seq, 0);
    r->joins[r->join_count++] = (struct join){record->seq, r->keys[join.a], r->keys[join.b],
                                              join.cause == JOIN_MERGE, false};
    return true;
}

static bool read_undo(struct reading *r, const struct log_record *record)
{
    struct record_undo undo;

    if (record_read_undo(record->clear, &undo) != OK)
        return trouble(r, "record # cannot be read", record->seq, 0);
    for (unsigned i = 0; i < r->join_count; i++)
        if (r->joins[i].seq == undo.join_seq && !r->joins[i].is_undone) {
            r->joins[i].is_undone = true;
            return true;
        }
    return trouble(r, "record # undoes #, which is no join", record->seq, undo.join_seq);
}

/* The planned event with exactly this text, counted as found. */
static const struct plan_event *find_planned(struct reading *r, str text, uint64_t seq)
{
    unsigned id = plan_id_of(text);
    const struct plan_event *event =
        id < r->oracle->plan->id_count ? r->oracle->plan->events[id] : NULL;

    while (event && !str_equals(event->text, text))
        event = event->other;
    if (!event) {
        trouble(r, "record # holds an event that nobody sent", seq, 0);
        return NULL;
    }
    r->events++;
    if (++r->found[id] > 1) {
        trouble(r, "event # is stored twice, again as record #", id, seq);
        return NULL;
    }
    return event;
}

static unsigned know(struct reading *r, unsigned name, bool is_device)
{
    unsigned key = key_of(name, is_device);

    r->known[key] = true;
    return key;
}

/* Who is joined with whom, as class World of the reference has it. */
static void join_people(struct reading *r, const struct plan_event *event)
{
    unsigned user = event->user ? know(r, event->user, false) : 0;
    unsigned device = event->device ? know(r, event->device, true) : 0;

    if (event->type == EVENT_ALIAS) {
        unsigned previous = key_of(event->previous, false);
        bool is_user = r->known[previous];

        if (!is_user)
            previous = know(r, event->previous, true);
        if (is_user || !r->claimed[previous]) {
            r->claimed[previous] = true;
            unite(r->wanted, previous, user);
        }
    } else if (user && device && !r->claimed[device]) {
        r->claimed[device] = true;
        unite(r->wanted, device, user);
    }
}

static bool check_event(struct reading *r, const struct log_record *record,
                        const struct record_event *found, uint64_t seq)
{
    const struct plan_event *event = find_planned(r, found->json, seq);
    unsigned owner, device;

    if (!event)
        return false;
    r->events_stored++;
    owner = event->user ? key_of(event->user, false) : key_of(event->device, true);
    device = event->device ? key_of(event->device, true) : 0;
    if (event->is_misfit || found->type != event->type)
        return trouble(r, "event # was not read as its type", event->id, 0);
    if (record->node > r->node_count || r->keys[record->node] != owner)
        return trouble(r, "event # was given to node #", event->id, record->node);
    if (found->anonymous > r->node_count || r->keys[found->anonymous] != device)
        return trouble(r, "event # has device node #", event->id, found->anonymous);
    join_people(r, event);
    return true;
}

static bool read_events(struct reading *r, const struct log_record *record)
{
    struct record_events it;
    struct record_event event;
    uint64_t seq = record->seq;

    if (record_events_start(&it, record->clear, record->payload) != OK)
        return trouble(r, "record # cannot be read", seq, 0);
    for (; record_events_next(&it, &event); seq++)
        if (!check_event(r, record, &event, seq))
            return false;
    if (record_events_finish(&it) != OK || seq != record->seq + record->count)
        return trouble(r, "record # has not # events", record->seq, record->count);
    return true;
}

static bool read_quarantine(struct reading *r, const struct log_record *record)
{
    struct record_quarantine entry;
    const struct plan_event *event;

    if (record_read_quarantine(record->clear, record->payload, &entry) != OK)
        return trouble(r, "record # cannot be read", record->seq, 0);
    event = find_planned(r, entry.body, record->seq);
    if (!event)
        return false;
    return event->is_misfit || trouble(r, "event # is in quarantine", event->id, 0);
}

static bool is_same(const struct attempt *attempt, const struct reading *r,
                    const struct log_record *record, const struct record_deletion *head)
{
    enum plan_kind kind = record->kind == RECORD_DELETION ? PLAN_DELETE : PLAN_REVISE;

    return attempt->ask->kind == kind && attempt->ask->is_machine == head->is_machine &&
           attempt->count == r->part_count &&
           memcmp(attempt->seqs, r->parts, r->part_count * sizeof *r->parts) == 0;
}

/* What is whole must be what some client asked for, no more and no less. */
static bool end_naming(struct reading *r, const struct log_record *record,
                       const struct record_deletion *head)
{
    bool was_asked = false;

    for (size_t i = 0; i < r->oracle->attempt_count; i++) {
        struct attempt *attempt = &r->oracle->attempts[i];

        if (!is_same(attempt, r, record, head))
            continue;
        attempt->is_done = true;
        was_asked = true;
    }
    for (size_t k = 0; was_asked && k < r->part_count; k++) {
        uint64_t seq = r->parts[k];

        if (record->kind == RECORD_VERDICTS) {
            r->verdicts[seq] = head->is_machine ? VERDICT_MACHINE : VERDICT_HUMAN;
            continue;
        }
        r->deleted_count += !r->deleted[seq];
        r->deleted[seq] = true;
    }
    return was_asked || trouble(r, "record # ends what names # events, for which nobody asked",
                                record->seq, r->part_count);
}

static bool read_naming(struct reading *r, const struct log_record *record)
{
    struct record_deletion head;
    struct record_ranges it;
    uint64_t from, to;
    enum err err = record->kind == RECORD_DELETION
                       ? record_ranges_start(&it, record->clear, record->seq, &head)
                       : record_verdicts_start(&it, record->clear, record->seq, &head);

    if (err)
        return trouble(r, "record # cannot be read", record->seq, 0);
    if (head.is_first)
        r->part_count = 0;
    while (record_ranges_next(&it, &from, &to)) {
        r->parts = need_more(r->parts, (r->part_count + to - from) * sizeof *r->parts);
        while (from < to)
            r->parts[r->part_count++] = from++;
    }
    if (record_ranges_finish(&it) != OK)
        return trouble(r, "record # names no events", record->seq, 0);
    return !head.is_last || end_naming(r, record, &head);
}

static bool read_record(struct reading *r, const struct log_record *record)
{
    if (record->seq != r->next_seq)
        return trouble(r, "record # stands where # is due", record->seq, r->next_seq);
    r->next_seq += record->count;
    switch (record->kind) {
    case RECORD_NODE:
        return read_node(r, record);
    case RECORD_JOIN:
        return read_join(r, record);
    case RECORD_UNDO:
        return read_undo(r, record);
    case RECORD_EVENTS:
        return read_events(r, record);
    case RECORD_QUARANTINE:
        return read_quarantine(r, record);
    case RECORD_DELETION:
    case RECORD_VERDICTS:
        return read_naming(r, record);
    case RECORD_RELEASE:
        break;
    }
    return trouble(r, "record # has kind #", record->seq, record->kind);
}

static struct reading *reading_open(struct oracle *oracle, struct buf *out_trouble)
{
    struct reading *r = need(sizeof *r);

    r->oracle = oracle;
    r->trouble = out_trouble;
    r->found = need((oracle->plan->id_count + 1) * sizeof *r->found);
    r->next_seq = 1;
    r->strangers = oracle->plan->has_strangers ? PLAN_STRANGERS : 0;
    for (unsigned i = 0; i < KEYS; i++)
        r->wanted[i] = i;
    return r;
}

static void reading_close(struct reading *r)
{
    free(r->deleted);
    free(r->verdicts);
    free(r->parts);
    free(r->found);
    free(r);
}

/* All that the log gives. `*out_err` is why it ended: ERR_ABSENT at its end. */
static bool read_log(struct reading *r, struct world *world, enum err *out_err)
{
    struct log_reader *reader;
    struct log_record record;
    bool is_good = true;

    *out_err = log_reader_open(world->log, 1, LOG_PLAIN, &reader);
    if (*out_err)
        return true;
    r->deleted_room = log_durable_seq(world->log);
    r->deleted = need(r->deleted_room + 1);
    r->verdicts = need(r->deleted_room + 1);
    for (size_t i = 0; i < r->oracle->attempt_count; i++)
        r->oracle->attempts[i].is_done = false;
    while (is_good && (*out_err = log_reader_next(reader, &record)) == OK)
        is_good = read_record(r, &record);
    log_reader_close(reader);
    return is_good;
}

/* Comparing */

static bool check_ids(struct reading *r)
{
    const struct oracle *oracle = r->oracle;

    for (unsigned i = 0; i < oracle->plan->id_count; i++)
        if (oracle->ids[i].is_acked && !r->found[i])
            return trouble(r, "acknowledged event # of # is lost", i, oracle_count(oracle));
    return true;
}

/* The first text of an id stays, unless both were on their way before an answer came. */
static bool check_kept(struct reading *r, struct world *world)
{
    struct log_reader *reader;
    struct log_record record;
    bool is_good = true;

    if (log_reader_open(world->log, 1, LOG_PLAIN, &reader) != OK)
        return trouble(r, "the log cannot be read twice", 0, 0);
    while (is_good && log_reader_next(reader, &record) == OK) {
        struct record_events it;
        struct record_event event;

        if (record.kind != RECORD_EVENTS || record_events_start(&it, record.clear, record.payload))
            continue;
        while (record_events_next(&it, &event)) {
            unsigned id = plan_id_of(event.json);
            const struct id_state *state = &r->oracle->ids[id];
            const struct plan_event *planned = r->oracle->plan->events[id];

            if (!state->is_acked || state->was_other_sent)
                continue;
            if (planned->variant != state->kept)
                planned = planned->other;
            if (!planned || !str_equals(planned->text, event.json))
                is_good = trouble(r, "event # was overwritten by another text", id, 0);
        }
    }
    log_reader_close(reader);
    return is_good;
}

static bool check_deletions(struct reading *r, struct world *world)
{
    for (size_t i = 0; i < r->oracle->attempt_count; i++) {
        const struct attempt *attempt = &r->oracle->attempts[i];

        if (attempt->is_acked && !attempt->is_done)
            return trouble(r, "what was acknowledged of # events is lost", attempt->count, 0);
    }
    for (uint64_t seq = 1; seq < r->deleted_room; seq++)
        if (deletions_has(world->deletions, seq) != r->deleted[seq])
            return trouble(r, "event # is deleted: #, whatever the writer believes", seq,
                           r->deleted[seq]);
    r->oracle->left = r->events_stored - r->deleted_count;
    return true;
}

static bool check_verdicts(struct reading *r, struct world *world)
{
    uint64_t machines = 0;

    for (uint64_t seq = 1; seq < r->deleted_room; seq++) {
        if (verdicts_find(world->verdicts, seq) != r->verdicts[seq])
            return trouble(r, "event # has verdict #, whatever the writer believes", seq,
                           r->verdicts[seq]);
        machines += r->verdicts[seq] == VERDICT_MACHINE && !r->deleted[seq];
    }
    r->oracle->humans = r->oracle->left - machines;
    return true;
}

static bool check_asks(struct reading *r)
{
    const struct plan *plan = r->oracle->plan;

    for (size_t i = 0; i < plan->step_count; i++)
        for (size_t k = 0; k < plan->steps[i].count; k++) {
            const struct plan_ask *ask = &plan->steps[i].asks[k];
            const struct ask_state *state = &r->oracle->asks[ask->number];
            const struct plan_ask *merge = ask->kind == PLAN_UNDO ? ask->undone : ask;
            uint64_t seq = r->oracle->asks[merge->number].seq;
            const struct join *join = NULL;

            if ((ask->kind != PLAN_MERGE && ask->kind != PLAN_UNDO) || !state->is_acked)
                continue;
            for (unsigned j = 0; j < r->join_count; j++)
                if (r->joins[j].seq == seq)
                    join = &r->joins[j];
            if (!join || !join->is_merge || join->a != key_of(merge->a, false) ||
                join->b != key_of(merge->b, false))
                return trouble(r, "acknowledged merge # is lost", seq, 0);
            if (ask->kind == PLAN_UNDO && !join->is_undone)
                return trouble(r, "the acknowledged undoing of merge # is lost", seq, 0);
        }
    return true;
}

static node_id node_of(const struct world *world, unsigned key)
{
    char room[16];
    struct intake_name name = intake_name(world->intake, plan_name(key / 2, room));

    return key % 2 ? identity_find(world->identity, NODE_ANONYMOUS, name.anonymous)
                   : identity_find(world->identity, NODE_USER, name.user);
}

/* Three partitions must be one: by the events and merges, by the joins recorded, by identity. */
static bool check_people(struct reading *r, struct world *world)
{
    unsigned recorded[KEYS];

    for (unsigned i = 0; i < KEYS; i++)
        recorded[i] = i;
    for (unsigned i = 0; i < r->join_count; i++) {
        if (r->joins[i].is_undone)
            continue;
        unite(recorded, r->joins[i].a, r->joins[i].b);
        if (r->joins[i].is_merge)
            unite(r->wanted, r->joins[i].a, r->joins[i].b);
    }
    if (identity_count(world->identity) != r->node_count)
        return trouble(r, "there are # nodes and # records of them",
                       identity_count(world->identity), r->node_count);
    for (unsigned i = 1 + r->strangers; i <= r->node_count; i++) {
        if (!r->known[r->keys[i]])
            return trouble(r, "node # came with no event", i, 0);
        if (node_of(world, r->keys[i]) != i)
            return trouble(r, "the name of node # leads elsewhere", i, 0);
        for (unsigned k = 1 + r->strangers; k < i; k++) {
            unsigned a = r->keys[i], b = r->keys[k];
            bool is_wanted = top(r->wanted, a) == top(r->wanted, b);

            if ((top(recorded, a) == top(recorded, b)) != is_wanted ||
                (identity_person(world->identity, i) == identity_person(world->identity, k)) !=
                    is_wanted)
                return trouble(r, "nodes # and # are joined wrongly", k, i);
        }
    }
    return true;
}

bool oracle_agrees(struct oracle *oracle, struct world *world, struct buf *out_trouble)
{
    struct reading *r = reading_open(oracle, out_trouble);
    enum err err;
    bool is_good = read_log(r, world, &err);

    if (is_good && err != ERR_ABSENT) {
        is_good = trouble(r, "the log cannot be read behind record #: ", r->next_seq - 1, 0);
        buf_add(out_trouble, str_of(err_text()));
    }
    is_good = is_good && check_ids(r) && check_asks(r) && check_people(r, world) &&
              check_deletions(r, world) && check_verdicts(r, world) && check_kept(r, world);
    reading_close(r);
    return is_good;
}

bool oracle_trusts(struct oracle *oracle, struct world *world, struct buf *out_trouble,
                   unsigned *out_events)
{
    struct reading *r = reading_open(oracle, out_trouble);
    enum err err;
    bool is_good = read_log(r, world, &err);

    *out_events = r->events;
    reading_close(r);
    return is_good;
}
