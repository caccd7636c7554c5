/* intake.c - jobs in, one synced group out, and only then the answers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/intake.h"

#include "base/mem.h"
#include "collect/backlog.h"
#include "collect/intake_fold.h"
#include "collect/intake_revise.h"
#include "collect/quarantine.h"
#include "collect/traffic_watch.h"
#include "collect/visitor.h"
#include "people/identity.h"
#include "store/deletions.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    DEFAULT_GROUP = 4 << 20,
    DEFAULT_QUEUE = 64 << 20,
    NODES_PER_EVENT = 3,   /* user, anonymous, previous */
    RECORDS_PER_EVENT = 5, /* three nodes, a join, the event itself */
    SMALL_RECORDS = 256,   /* bytes of clear parts of those, at the most */
    WARM_FAR = 12,         /* events ahead of the one that is stored */
    WARM_NEAR = 4,
    CACHE_LINE = 64,
    GROUPS_WAIT = 2, /* may, always: while one is written another is ready */
    /* A group's bytes without what the format adds, which is less than as much again and a quarter
     * for the smallest events: so much of the largest that the log takes. */
    GROUP_SHARE_OF = 9,
    GROUP_SHARE = 4,
};

/* Bytes that keep the hashes of one kind of text apart from those of another. */
enum { DOMAIN_MESSAGE = 0x6d, DOMAIN_QUARANTINE = 0x71, DOMAIN_UNPLANNED = 0x70 };

struct intake {
    struct intake_config config;
    struct traffic_watch *watch; /* NULL: none; then no revisions either */
    struct intake_revise *revise;
    struct mailbox *box;
    struct quarantine *quarantine;
    struct backlog backlog; /* bytes of posted jobs not yet answered */
    atomic_bool is_full;
    bool is_hurried;
    atomic_bool is_stopped; /* the log can promise nothing any more */
    struct intake_tally tally;
    struct mutex *lock; /* of `seen`, a copy for other threads */
    struct seen_stats seen;
    /* The writer thread's own: a run of events of one node that become one record, its payload in
     * the log's hands already */
    struct buf clear;
    size_t run_payload; /* where it begins */
    node_id run_node;
    uint32_t run_count;
    struct buf node_clear;
};

static const struct identity *nodes(const struct intake *intake)
{
    return intake->config.identity;
}

/* Opening */

static void copy_seen_stats(struct intake *intake)
{
    struct seen_stats stats;

    seen_stats_read(intake->config.seen, clock_now(intake->config.sys), &stats);
    mutex_lock(intake->lock);
    intake->seen = stats;
    mutex_unlock(intake->lock);
}

fallible intake_open(const struct intake_config *config,
                     bool (*progress)(void *argument, uint64_t seq, uint64_t of), void *argument,
                     struct intake **out_intake)
{
    struct intake *intake = mem_alloc(sizeof *intake);
    enum err err;

    if (!intake)
        return mem_exhausted();
    intake->config = *config;
    if (!intake->config.group_bytes)
        intake->config.group_bytes = DEFAULT_GROUP;
    if (!intake->config.queue_bytes)
        intake->config.queue_bytes = DEFAULT_QUEUE;
    backlog_init(&intake->backlog, GROUPS_WAIT * intake->config.group_bytes,
                 intake->config.queue_bytes);
    intake->box = mailbox_open(NULL, NULL);
    intake->lock = mutex_open();
    err = intake->box && intake->lock ? quarantine_open(&intake->quarantine) : mem_exhausted();
    if (!err)
        err = intake_fold(&intake->config, intake->quarantine, progress, argument);
    if (!err)
        err = vault_settle(config->vault, identity_count(nodes(intake)) + 1);
    if (err) {
        intake_close(intake);
        return err;
    }
    copy_seen_stats(intake);
    *out_intake = intake;
    return OK;
}

/* On any thread */

static hash128 hash_text(const struct intake *intake, unsigned char domain, str text)
{
    return text.data ? vault_hash(intake->config.vault, domain, text) : (hash128){0};
}

void intake_hash(const struct intake *intake, struct intake_event *event)
{
    const struct message *message = &event->message;

    event->body_hash = message->sent_hash ? message->sent_hash
                                          : hash_checksum(message->json.data, message->json.len);
    if (message->is_misfit) { /* sent again it is the same one: its body is its id, if it has no
                                 other */
        event->message_id = message->breaks_plan && message->message_id.data
                                ? hash_text(intake, DOMAIN_UNPLANNED, message->message_id)
                                : hash_text(intake, DOMAIN_QUARANTINE, message->json);
        event->body_hash = 0;
        return;
    }
    event->message_id = hash_text(intake, DOMAIN_MESSAGE, message->message_id);
    event->user = hash_text(intake, NODE_USER, message->user);
    event->anonymous = hash_text(intake, NODE_ANONYMOUS, message->anonymous);
    event->previous_user = hash_text(intake, NODE_USER, message->previous);
    event->previous_anonymous = hash_text(intake, NODE_ANONYMOUS, message->previous);
}

struct intake_name intake_name(const struct intake *intake, str identifier)
{
    return (struct intake_name){hash_text(intake, NODE_USER, identifier),
                                hash_text(intake, NODE_ANONYMOUS, identifier)};
}

hash_key intake_visitors(const struct intake *intake)
{
    return visitor_key(intake->config.vault);
}

/* Bytes that an event's records can take in clear parts and payloads. */
static size_t event_bytes(const struct message *message)
{
    size_t news = message->news ? MESSAGE_NEWS : 0;

    return record_event_size(message->json.len + news) + message->user.len +
           message->anonymous.len + message->previous.len + message->reason.len + SMALL_RECORDS;
}

static fallible admit(struct intake *intake, const struct intake_job *job)
{
    if (atomic_load(&intake->is_stopped))
        return fail(ERR_IO, "the log has stopped: restart to recover");
    if (!backlog_add(&intake->backlog, job->bytes))
        return fail(ERR_BUSY, "more waits to be stored than may wait: send it again later");
    return OK;
}

fallible intake_post(struct intake *intake, struct intake_job *job)
{
    enum err err;

    job->err = OK;
    job->seq = 0;
    job->counts = (struct intake_counts){0};
    job->bytes = SMALL_RECORDS;
    for (size_t i = 0; i < job->count; i++)
        job->bytes += event_bytes(&job->events[i].message);
    err = admit(intake, job);
    if (err) {
        if (!job->released)
            intake_note_refused(intake, job->count);
        return err;
    }
    mailbox_post(intake->box, &job->letter);
    return OK;
}

bool intake_is_crowded(const struct intake *intake)
{
    return backlog_is_full(&intake->backlog);
}

void intake_counts_read(struct intake *intake, struct intake_counts *out_counts)
{
    intake_counts_get(&intake->tally, out_counts);
}

void intake_note_refused(struct intake *intake, size_t count)
{
    intake_counts_add(&intake->tally, &(struct intake_counts){.received = count, .refused = count});
}

void intake_seen_read(struct intake *intake, struct seen_stats *out_stats)
{
    mutex_lock(intake->lock);
    *out_stats = intake->seen;
    mutex_unlock(intake->lock);
}

fallible intake_watch(struct intake *intake, struct traffic_watch *watch)
{
    TRY(intake_revise_open(watch, intake->config.verdicts, intake->config.log, &intake->revise));
    intake->watch = watch;
    return OK;
}

bool intake_is_full(const struct intake *intake)
{
    return atomic_load(&((struct intake *)intake)->is_full);
}

struct quarantine *intake_quarantine(struct intake *intake)
{
    return intake->quarantine;
}

struct plan_book *intake_plans(const struct intake *intake)
{
    return intake->config.plans;
}

/* On the writer thread: events into records */

/* What was written to the log's payload from `start` on. */
static str payload_from(struct intake *intake, size_t start)
{
    const struct buf *payload = log_payload(intake->config.log);

    return str_slice(buf_str(payload), start, payload->len);
}

/* Ends the run: its events become one record. */
static void end_run(struct intake *intake)
{
    struct log_entry entry = {
        RECORD_EVENTS, intake->run_node, intake->run_count, buf_str(&intake->clear), {NULL, 0}};

    if (!intake->run_count)
        return;
    entry.payload = payload_from(intake, intake->run_payload);
    log_add(intake->config.log, &entry);
    intake->run_count = 0;
}

/* Ends the run first: the sequence numbers of its events are told already. */
static uint64_t add_record(struct intake *intake, enum record_kind kind, node_id node, str payload)
{
    struct log_entry entry = {kind, node, 1, buf_str(&intake->node_clear), payload};

    end_run(intake);
    return log_add(intake->config.log, &entry);
}

static node_id add_node(struct intake *intake, enum node_kind kind, hash128 hash, str text)
{
    struct record_node node = {kind, hash};
    node_id id = identity_add(intake->config.identity, &node);

    buf_clear(&intake->node_clear);
    record_write_node(&intake->node_clear, &node);
    add_record(intake, RECORD_NODE, id, text);
    return id;
}

/* `known`: the node as found before, or NODE_NONE. */
static node_id find_node(struct intake *intake, node_id known, enum node_kind kind, hash128 hash,
                         str text)
{
    node_id id;

    if (known || !text.data)
        return known;
    id = identity_find(nodes(intake), kind, hash);
    return id ? id : add_node(intake, kind, hash, text);
}

static fallible join(struct intake *intake, node_id a, node_id b, enum join_cause cause, millis at,
                     uint64_t *out_seq)
{
    struct record_join record = {a, b, cause, at};

    buf_clear(&intake->node_clear);
    record_write_join(&intake->node_clear, &record);
    *out_seq = add_record(intake, RECORD_JOIN, 0, (str){NULL, 0});
    return identity_join(intake->config.identity, *out_seq, &record);
}

/* Returns the event's sequence number. */
static uint64_t add_to_run(struct intake *intake, node_id node, millis received,
                           const struct record_event *event)
{
    if (intake->run_count && intake->run_node != node)
        end_run(intake);
    if (!intake->run_count) {
        buf_clear(&intake->clear);
        record_start_events(&intake->clear, received);
        intake->run_payload = log_payload(intake->config.log)->len;
        intake->run_node = node;
    }
    record_write_event(&intake->clear, log_payload(intake->config.log), event);
    return log_next_seq(intake->config.log) + intake->run_count++;
}

/* The node of an alias's previous id: a user if there is such a one, else a device. */
static node_id find_previous(struct intake *intake, const struct intake_event *event)
{
    node_id user = identity_find(nodes(intake), NODE_USER, event->previous_user);

    if (user || hash_equals(event->previous_user, event->user))
        return user;
    return find_node(intake, NODE_NONE, NODE_ANONYMOUS, event->previous_anonymous,
                     event->message.previous);
}

/* Joins as the contract says: an alias names another id of the user; a call with both ids joins
 * them, the first user a device meets keeps it. */
static fallible join_nodes(struct intake *intake, node_id other, node_id user,
                           enum join_cause cause, millis received)
{
    uint64_t seq;

    if (!user || !other || other == user)
        return OK;
    if (identity_kind(nodes(intake), other) == NODE_ANONYMOUS &&
        !identity_can_claim(nodes(intake), other, user))
        return OK;
    return join(intake, other, user, cause, received, &seq);
}

/* The nodes that an event's identifiers have before it comes. */
struct known {
    node_id user;
    node_id anonymous;
};

static struct known find_known(const struct intake *intake, const struct intake_event *event)
{
    const struct message *message = &event->message;
    struct known known = {NODE_NONE, NODE_NONE};

    if (message->user.data)
        known.user = identity_find(nodes(intake), NODE_USER, event->user);
    if (message->anonymous.data)
        known.anonymous = identity_find(nodes(intake), NODE_ANONYMOUS, event->anonymous);
    return known;
}

/* Nodes that are new come in this order, so that the device's id is the person's. */
static fallible store_event(struct intake *intake, struct intake_event *event, struct known known,
                            millis received, uint64_t *out_seq)
{
    struct message *message = &event->message;
    bool is_alias = message->type == EVENT_ALIAS;
    node_id previous = is_alias ? find_previous(intake, event) : NODE_NONE;
    node_id anonymous =
        find_node(intake, known.anonymous, NODE_ANONYMOUS, event->anonymous, message->anonymous);
    node_id user = find_node(intake, known.user, NODE_USER, event->user, message->user);
    struct record_event record;

    if (anonymous && !known.anonymous)
        message_tell_new(message);
    record = (struct record_event){
        .message_id = event->message_id,
        .body_hash = event->body_hash,
        .time = message->time,
        .type = message->type,
        .flags = message->flags,
        .anonymous = anonymous,
        .json = message->json,
    };

    TRY(join_nodes(intake, is_alias ? previous : anonymous, user,
                   is_alias ? JOIN_ALIAS : JOIN_IDENTIFY, received));
    *out_seq = add_to_run(intake, user ? user : anonymous, received, &record);
    return OK;
}

static uint64_t store_misfit(struct intake *intake, const struct intake_event *event,
                             millis received)
{
    struct record_quarantine entry = {received, event->message_id, event->message.reason,
                                      event->message.json};
    struct log_entry record = {RECORD_QUARANTINE, 0, 1, {NULL, 0}, {NULL, 0}};
    size_t start;
    uint64_t seq;

    end_run(intake);
    buf_clear(&intake->clear);
    start = log_payload(intake->config.log)->len;
    record_write_quarantine(&intake->clear, log_payload(intake->config.log), &entry);
    record.clear = buf_str(&intake->clear);
    record.payload = payload_from(intake, start);
    seq = log_add(intake->config.log, &record);
    quarantine_add(intake->quarantine, seq, received);
    return seq;
}

/* Makes sure that whatever this event adds can be sealed, before it adds anything. */
static fallible prepare_keys(struct intake *intake, const struct intake_event *event,
                             struct known known)
{
    node_id fresh = identity_count(nodes(intake)) + 1;
    struct vault *vault = intake->config.vault;

    if (event->message.is_misfit)
        return vault_ready(vault, 0);
    if (known.user || known.anonymous)
        TRY(vault_ready(vault, known.user ? known.user : known.anonymous));
    TRY(vault_ready(vault, fresh));
    return vault_ready(vault, fresh + NODES_PER_EVENT - 1);
}

static fallible take_event(struct intake *intake, struct intake_job *job,
                           struct intake_event *event)
{
    bool has_id = !hash_equals(event->message_id, (hash128){0});
    struct known known = find_known(intake, event);
    enum seen_answer answer = SEEN_NEW;
    uint64_t seq;

    TRY(prepare_keys(intake, event, known));
    if (has_id)
        TRY(seen_find(intake->config.seen, event->message_id, event->body_hash, job->received,
                      &answer));
    job->counts.received++;
    if (answer == SEEN_SAME)
        job->counts.duplicates++;
    else if (answer == SEEN_OTHER)
        job->counts.conflicts++;
    if (answer != SEEN_NEW)
        return OK;
    if (event->message.is_misfit) {
        job->counts.quarantined++;
        seq = store_misfit(intake, event, job->received);
    } else {
        job->counts.stored++;
        TRY(store_event(intake, event, known, job->received, &seq));
        if (!job->seq)
            job->seq = seq;
        if (intake->watch)
            traffic_watch_note(intake->watch, event->message.person, seq);
    }
    if (has_id)
        seen_add(intake->config.seen, event->message_id, event->body_hash, seq, job->received);
    return OK;
}

static fallible release(struct intake *intake, struct intake_job *job, uint64_t event_seq)
{
    struct record_release record = {job->released, event_seq, job->received};

    if (!quarantine_has(intake->quarantine, job->released))
        return fail(ERR_ABSENT, "no event with that number waits in quarantine");
    buf_clear(&intake->node_clear);
    record_write_release(&intake->node_clear, &record);
    add_record(intake, RECORD_RELEASE, 0, (str){NULL, 0});
    quarantine_remove(intake->quarantine, job->released);
    return OK;
}

/* What leaves quarantine must be fit now, or it would be lost as a duplicate of itself. */
static fallible check_mended(const struct intake *intake, const struct intake_job *job)
{
    if (!quarantine_has(intake->quarantine, job->released))
        return fail(ERR_ABSENT, "no event with that number waits in quarantine");
    for (size_t i = 0; i < job->count; i++)
        if (job->events[i].message.is_misfit)
            return fail(ERR_INVALID, "%.*s", STR_ARG(job->events[i].message.reason));
    return OK;
}

/* Events one after the other would each wait for memory several times; so what is far ahead is
 * fetched meanwhile. */
static void warm(const struct intake *intake, const struct intake_job *job, size_t at)
{
    if (at + WARM_FAR < job->count) {
        const struct intake_event *far = &job->events[at + WARM_FAR];

        seen_warm(intake->config.seen, far->message_id);
        identity_warm_place(nodes(intake), far->user);
        identity_warm_place(nodes(intake), far->anonymous);
    }
    if (at + WARM_NEAR < job->count) {
        const struct intake_event *near = &job->events[at + WARM_NEAR];
        node_id user = identity_warm_node(nodes(intake), near->user);
        node_id anonymous = identity_warm_node(nodes(intake), near->anonymous);

        vault_warm(intake->config.vault, user ? user : anonymous);
        for (size_t i = 0; i < near->message.json.len; i += CACHE_LINE)
            __builtin_prefetch(near->message.json.data + i);
    }
}

static fallible do_events(struct intake *intake, struct intake_job *job, size_t from, size_t to)
{
    enum err err = OK;

    if (job->released && from == 0)
        TRY(check_mended(intake, job));
    for (size_t i = from; !err && i < to; i++) {
        warm(intake, job, i);
        err = take_event(intake, job, &job->events[i]);
    }
    end_run(intake);
    if (!err && job->released && to == job->count)
        err = release(intake, job, job->seq);
    return err;
}

static fallible find_named(const struct intake *intake, const struct intake_name *name,
                           node_id *out_node)
{
    *out_node = identity_find(nodes(intake), NODE_USER, name->user);
    if (!*out_node)
        *out_node = identity_find(nodes(intake), NODE_ANONYMOUS, name->anonymous);
    return *out_node ? OK : fail(ERR_ABSENT, "no person has that id");
}

static fallible do_merge(struct intake *intake, struct intake_job *job)
{
    node_id a, b;

    TRY(find_named(intake, &job->a, &a));
    TRY(find_named(intake, &job->b, &b));
    if (identity_person(nodes(intake), a) == identity_person(nodes(intake), b))
        return fail(ERR_CONFLICT, "the two are one person already");
    return join(intake, a, b, JOIN_MERGE, job->received, &job->seq);
}

static fallible do_undo(struct intake *intake, struct intake_job *job)
{
    struct record_undo record = {job->undone, job->received};

    TRY(identity_undo(intake->config.identity, &record));
    buf_clear(&intake->node_clear);
    record_write_undo(&intake->node_clear, &record);
    job->seq = add_record(intake, RECORD_UNDO, 0, (str){NULL, 0});
    return OK;
}

static fallible do_job(struct intake *intake, struct intake_job *job)
{
    switch (job->kind) {
    case INTAKE_EVENTS:
        return do_events(intake, job, 0, job->count);
    case INTAKE_MERGE:
        return do_merge(intake, job);
    case INTAKE_UNDO:
        return do_undo(intake, job);
    case INTAKE_DISMISS:
        return release(intake, job, 0);
    case INTAKE_DELETE:
    case INTAKE_REVISE:
        break; /* takes groups of its own */
    }
    return fail(ERR_INVALID, "no such kind of job");
}

/* On the writer thread: groups */

static void set_result(struct intake_job *job, enum err err)
{
    job->err = err;
    if (err)
        snprintf(job->reason, sizeof job->reason, "%s", err_text());
}

/* Answers the jobs from `first` up to, not including, `end`. */
static void answer(struct intake *intake, struct letter *first, const struct letter *end)
{
    while (first != end) {
        struct intake_job *job = (struct intake_job *)first;

        first = first->next;
        backlog_remove(&intake->backlog, job->bytes);
        intake_counts_add_job(&intake->tally, job);
        job->done(job);
    }
}

static void refuse(struct intake *intake, struct letter *first, const struct letter *end,
                   enum err err)
{
    for (struct letter *at = first; at != end; at = at->next)
        set_result((struct intake_job *)at, err);
    answer(intake, first, end);
}

/* Everything a group of `events` events can need, so that nothing fails half-way. */
static fallible reserve(struct intake *intake, size_t bytes, size_t events, size_t jobs)
{
    uint32_t new_nodes = (uint32_t)(events * NODES_PER_EVENT);
    size_t records = events * RECORDS_PER_EVENT + jobs * 2;

    TRY(seen_reserve(intake->config.seen, (uint32_t)events));
    TRY(identity_reserve(intake->config.identity, new_nodes, (uint32_t)(events + jobs)));
    TRY(quarantine_reserve(intake->quarantine, events));
    if (!buf_reserve(&intake->clear, bytes) || !buf_reserve(&intake->node_clear, SMALL_RECORDS))
        return mem_exhausted();
    return log_begin(intake->config.log, bytes, records,
                     identity_count(nodes(intake)) + 1 + new_nodes);
}

static fallible commit(struct intake *intake)
{
    return intake->is_hurried ? log_commit_later(intake->config.log)
                              : log_commit(intake->config.log);
}

/* A refusal leaves everything as it was; only what the disk itself did ends the work. */
static fallible refused(struct intake *intake, struct letter *first, const struct letter *end,
                        enum err err)
{
    if (err == ERR_FULL)
        atomic_store(&intake->is_full, true);
    refuse(intake, first, end, err);
    return err == ERR_IO || err == ERR_CORRUPT ? err : OK;
}

/* One job too large for a group: several, and one answer when the last is synced. */
static fallible do_large(struct intake *intake, struct intake_job *job)
{
    struct letter *end = job->letter.next;
    enum err err = OK;

    for (size_t from = 0, to = 0; !err && !job->err && from < job->count; from = to) {
        size_t bytes = SMALL_RECORDS;

        do
            bytes += event_bytes(&job->events[to++].message);
        while (to < job->count &&
               bytes + event_bytes(&job->events[to].message) <= intake->config.group_bytes);
        err = reserve(intake, bytes, to - from, 1);
        if (err)
            return refused(intake, &job->letter, end, err);
        set_result(job, do_events(intake, job, from, to));
        err = commit(intake);
    }
    if (err)
        return refused(intake, &job->letter, end, err);
    atomic_store(&intake->is_full, false);
    answer(intake, &job->letter, end);
    return OK;
}

static fallible write_named(struct intake *intake, struct intake_job *job)
{
    struct verdicts_revision revision = {.at = job->received, .verdict = job->verdict};

    return job->kind == INTAKE_DELETE
               ? deletions_write(intake->config.deletions, intake->config.log, job->received,
                                 job->found, &job->deleted)
               : verdicts_write(intake->config.verdicts, intake->config.log, &revision, job->found);
}

/* What names events takes as many groups as it needs. */
static fallible do_named(struct intake *intake, struct intake_job *job)
{
    struct letter *end = job->letter.next;
    enum err err = write_named(intake, job);

    if (err)
        return refused(intake, &job->letter, end, err);
    job->seq = log_next_seq(intake->config.log);
    atomic_store(&intake->is_full, false);
    answer(intake, &job->letter, end);
    return OK;
}

/* Does it name events that are stored? */
static bool is_naming(const struct letter *letter)
{
    enum intake_kind kind = ((const struct intake_job *)letter)->kind;

    return kind == INTAKE_DELETE || kind == INTAKE_REVISE;
}

/* As many jobs from `first` on as go into one group; returns the first that does not. */
static struct letter *measure_group(const struct intake *intake, struct letter *first,
                                    size_t *out_bytes, size_t *out_events, size_t *out_jobs)
{
    struct letter *end = first;

    *out_bytes = *out_events = *out_jobs = 0;
    for (; end; end = end->next, (*out_jobs)++) {
        const struct intake_job *job = (struct intake_job *)end;

        if (*out_jobs && (*out_bytes + job->bytes > intake->config.group_bytes || is_naming(end)))
            break;
        *out_bytes += job->bytes;
        *out_events += job->count;
    }
    return end;
}

/* Does and answers jobs from `first` as far as one group takes them; `*out_end` is the next. */
static fallible do_group(struct intake *intake, struct letter *first, struct letter **out_end)
{
    size_t bytes, events, jobs;
    struct letter *end = measure_group(intake, first, &bytes, &events, &jobs);
    enum err err;

    if (is_naming(first)) {
        *out_end = first->next;
        return do_named(intake, (struct intake_job *)first);
    }
    *out_end = end;
    if (jobs == 1 && bytes > intake->config.group_bytes &&
        ((struct intake_job *)first)->kind == INTAKE_EVENTS)
        return do_large(intake, (struct intake_job *)first);
    err = reserve(intake, bytes, events, jobs);
    if (err)
        return refused(intake, first, end, err);
    for (struct letter *at = first; at != end; at = at->next)
        set_result((struct intake_job *)at, do_job(intake, (struct intake_job *)at));
    err = commit(intake);
    if (err)
        return refused(intake, first, end, err);
    atomic_store(&intake->is_full, false);
    answer(intake, first, end);
    return OK;
}

void intake_hurry(struct intake *intake)
{
    intake->is_hurried = true;
    intake->config.group_bytes = log_most_group(intake->config.log) / GROUP_SHARE_OF * GROUP_SHARE;
}

/* Ids must not be known to the disk before their events are. */
static fallible tend(struct intake *intake)
{
    millis now = clock_now(intake->config.sys);

    if (intake->is_hurried && seen_is_due(intake->config.seen, now))
        TRY(log_wait(intake->config.log));
    return intake_fold_tend(&intake->config, now);
}

fallible intake_step(struct intake *intake, int64_t timeout_ms)
{
    struct sys *sys = intake->config.sys;
    struct letter *waiting;
    enum err err = OK;

    clock_pause(sys, backlog_gap(&intake->backlog, clock_mono_ns(sys)));
    waiting = mailbox_wait(intake->box, timeout_ms);
    while (waiting && !err) {
        backlog_begin(&intake->backlog, clock_mono_ns(sys));
        log_pace(intake->config.log);
        err = do_group(intake, waiting, &waiting);
        backlog_end(&intake->backlog, clock_mono_ns(sys));
    }
    if (err) {
        atomic_store(&intake->is_stopped, true);
        refuse(intake, waiting, NULL, err);
        return err;
    }
    err = tend(intake);
    if (!err && intake->revise)
        err = intake_revise_step(intake->revise, clock_now(sys));
    copy_seen_stats(intake);
    return err;
}

void intake_refuse(struct intake *intake)
{
    struct letter *waiting = mailbox_take(intake->box);

    if (waiting) /* else the sentence of what went wrong before is still wanted */
        refuse(intake, waiting, NULL, fail(ERR_IO, "the service stopped before this was stored"));
}

void intake_close(struct intake *intake)
{
    if (!intake)
        return;
    if (intake->box) {
        intake_refuse(intake);
        mailbox_close(intake->box);
    }
    intake_revise_close(intake->revise);
    quarantine_close(intake->quarantine);
    mutex_close(intake->lock);
    buf_done(&intake->clear);
    buf_done(&intake->node_clear);
    mem_free(intake);
}
