/* hooks_send.c - the sender's thread: what goes out, when it goes out again, and when no more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/hooks_int.h"

#include "base/mem.h"
#include "http/exchange.h"
#include "store/log.h"
#include "store/log_await.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/thread.h"
#include "web/journal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    VIEWS = 4,     /* of the log for one destination, then it is the next one's turn */
    SAVE_MS = 500, /* between two notes of how far all are: what a crash sends once more */
    BUSY_MS = 25,  /* the longest that arriving events wait while messages are under way */
    IDLE_MS = 60000,
    HEADERS = 4,
    ID = 64,
    JITTER = 5, /* a fifth earlier or later, so that destinations do not come all at once */
    GONE = 410,
    SENDING = 128, /* messages at once, so that the log never lacks a descriptor */
};

/* Waits in units of the first: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
static const int64_t waits[] = {1, 60, 360, 1440, 3600, 7200, 10080, 14400, 17280};
enum { WAITS = sizeof waits / sizeof *waits };

struct round {
    millis now;
    bool is_behind;  /* somebody has more to look at */
    bool is_waiting; /* somebody waits for the log */
    millis until;    /* a message is to be sent again */
};

static void note(struct hook *hook, const struct hooks_attempt *attempt)
{
    hook->attempts[hook->attempt_count++ % HOOKS_ATTEMPTS] = *attempt;
}

static void set_reason(struct hook *hook, const char *reason)
{
    snprintf(hook->reason, sizeof hook->reason, "%s", reason);
    hook->webhook.reason = str_of(hook->reason);
}

static void end_state(struct hook *hook, enum webhook_state state, const char *reason)
{
    hook->webhook.state = state;
    hook->is_changed = true;
    set_reason(hook, reason);
    hooks_reset(hook);
    journal_error(hook->hooks->config.sys, "a webhook is not sent any more", hook->reason);
}

/* Outcomes */

static void answer_test(struct hook *hook, const struct hooks_attempt *attempt)
{
    struct hooks_asked asked = hook->asked;

    hook->asked = (struct hooks_asked){0};
    hook->test.is_used = false;
    if (asked.exchange)
        asked.answer(asked.exchange, attempt);
}

static const struct delivery *oldest(const struct hook *hook)
{
    const struct delivery *oldest = NULL;

    for (size_t i = 0; i < HOOKS_WINDOW; i++)
        if (hook->window[i].is_used && (!oldest || hook->window[i].seq < oldest->seq))
            oldest = &hook->window[i];
    return oldest;
}

/* What is to be saved follows from the oldest message under way. */
static void follow_oldest(struct hook *hook)
{
    const struct delivery *first = oldest(hook);

    hook->webhook.place = first ? first->seq : hook->ahead;
    hook->webhook.failures = first ? first->failures : 0;
    hook->webhook.retry_at = first && first->failures ? first->retry_at : 0;
    hook->is_changed = true;
}

static void succeed(struct delivery *delivery)
{
    struct hook *hook = delivery->hook;

    delivery->is_used = false;
    hook->webhook.failing_since = 0;
    if (hook->reason[0])
        set_reason(hook, "");
    hook->hooks->stats.delivered++;
    follow_oldest(hook);
}

static int64_t wait_ms(struct hooks *hooks, unsigned failures, int64_t retry_after_s)
{
    int64_t wait = waits[failures - 1] * hooks->config.retry_ms, asked = retry_after_s * 1000;
    uint32_t random;

    entropy_fill(hooks->config.sys, &random, sizeof random);
    wait += wait / JITTER * ((int64_t)random - UINT32_MAX / 2) / (UINT32_MAX / 2);
    return asked > wait && asked <= MILLIS_DAY ? asked : wait;
}

static void fail_delivery(struct delivery *delivery, const struct courier_outcome *outcome,
                          const struct hooks_attempt *attempt)
{
    struct hook *hook = delivery->hook;
    struct hooks *hooks = hook->hooks;
    bool is_gone = outcome->end == COURIER_ANSWERED && outcome->status == GONE;

    hooks->stats.failed++;
    delivery->failures++;
    if (!hook->webhook.failing_since)
        hook->webhook.failing_since = attempt->at;
    if (outcome->end == COURIER_BLOCKED) {
        end_state(hook, WEBHOOK_BLOCKED, attempt->reason);
    } else if (is_gone) {
        end_state(hook, WEBHOOK_DISABLED, "it answered 410: it is gone");
    } else if (delivery->failures > WAITS) {
        char reason[HOOKS_REASON + 64];

        snprintf(reason, sizeof reason, "a message failed %u times; at last: %s",
                 delivery->failures, attempt->reason);
        end_state(hook, WEBHOOK_DISABLED, reason);
    } else {
        delivery->retry_at =
            attempt->at + wait_ms(hooks, delivery->failures, outcome->retry_after_s);
        set_reason(hook, attempt->reason);
        follow_oldest(hook);
    }
}

static bool is_success(const struct courier_outcome *outcome)
{
    return outcome->end == COURIER_ANSWERED && outcome->status >= 200 && outcome->status < 300;
}

static void describe(struct hooks_attempt *attempt, const struct courier_outcome *outcome)
{
    char *reason = attempt->reason;
    size_t room = sizeof attempt->reason;

    attempt->elapsed_ms = outcome->elapsed_ms;
    attempt->status = outcome->end == COURIER_ANSWERED ? outcome->status : 0;
    if (is_success(outcome))
        reason[0] = 0;
    else if (outcome->end == COURIER_ANSWERED && outcome->status >= 300 && outcome->status < 400)
        snprintf(reason, room, "it answered %d: redirects are not followed", outcome->status);
    else if (outcome->end == COURIER_ANSWERED)
        snprintf(reason, room, "it answered %d", outcome->status);
    else if (outcome->end == COURIER_EXPIRED)
        snprintf(reason, room, "it did not answer in time");
    else
        snprintf(reason, room, "%.*s", STR_ARG(outcome->reason));
}

/* On the sender's thread, from courier_run. */
static void done(void *argument, const struct courier_outcome *outcome)
{
    struct delivery *delivery = argument;
    struct hook *hook = delivery->hook;
    struct hooks *hooks = hook->hooks;
    struct hooks_attempt attempt = {.at = clock_now(hooks->config.sys), .seq = delivery->seq};

    mutex_lock(hooks->lock);
    delivery->is_sending = false;
    attempt.number = delivery->failures + 1;
    describe(&attempt, outcome);
    note(hook, &attempt);
    if (delivery == &hook->test)
        answer_test(hook, &attempt);
    else if (!hook->is_reset && is_success(outcome))
        succeed(delivery);
    else if (!hook->is_reset)
        fail_delivery(delivery, outcome, &attempt);
    mutex_unlock(hooks->lock);
}

/* Sending */

static enum err hand_over(struct delivery *delivery, str id, str timestamp, str signature)
{
    const struct hook *hook = delivery->hook;
    struct http_header headers[HEADERS] = {
        {S("Content-Type"), S("application/json")},
        {S("webhook-id"), id},
        {S("webhook-timestamp"), timestamp},
        {S("webhook-signature"), signature},
    };
    struct courier_parcel parcel = {
        .url = hook->webhook.url,
        .headers = headers,
        .header_count = HEADERS,
        .body = buf_str(&delivery->body),
        .timeout_ms = hook->hooks->config.answer_ms,
        .done = done,
        .argument = delivery,
    };

    return courier_send(hook->hooks->courier, &parcel);
}

/* What cannot even be sent for lack of memory is tried again soon. */
static void send(struct delivery *delivery, millis now)
{
    struct hook *hook = delivery->hook;
    struct hooks *hooks = hook->hooks;
    struct buf signature = {0}, timestamp = {0};
    char id[ID];
    enum err err;

    if (delivery->seq)
        snprintf(id, sizeof id, "msg_%s_%lld_%llu", hooks->workspace, (long long)hook->webhook.id,
                 (unsigned long long)delivery->seq);
    else
        snprintf(id, sizeof id, "msg_%s_%lld_test_%lld", hooks->workspace,
                 (long long)hook->webhook.id, (long long)now);
    buf_add_i64(&timestamp, now / MILLIS_SECOND);
    signature_sign(hook->secrets, hook->secret_count, str_of(id), now / MILLIS_SECOND,
                   buf_str(&delivery->body), &signature);
    err = buf_is_broken(&signature) || buf_is_broken(&timestamp)
              ? mem_exhausted()
              : hand_over(delivery, str_of(id), buf_str(&timestamp), buf_str(&signature));
    delivery->is_sending = !err;
    delivery->retry_at = now + hooks->config.retry_ms;
    buf_done(&signature);
    buf_done(&timestamp);
}

static void write_message(struct buf *body, str type, millis time, str data)
{
    struct json_writer w = {.out = body};
    struct buf text = {0};

    buf_clear(body);
    time_write_utc(&text, time);
    json_open(&w, '{');
    json_key(&w, S("type"));
    json_text(&w, type);
    json_key(&w, S("timestamp"));
    json_text(&w, buf_str(&text));
    json_key(&w, S("data"));
    json_verbatim(&w, data);
    json_shut(&w, '}');
    body->broken |= buf_is_broken(&text);
    buf_done(&text);
}

static bool is_wanted(const struct hook *hook, const struct strand_event *event)
{
    for (size_t i = 0; i < hook->name_count; i++)
        if (str_equals(hook->names[i], event->name))
            return true;
    return !hook->name_count;
}

static struct delivery *free_slot(struct hook *hook)
{
    for (size_t i = 0; i < hook->webhook.in_flight; i++)
        if (!hook->window[i].is_used)
            return &hook->window[i];
    return NULL;
}

/* A message that was tried before a restart goes on with its tries. */
static fallible begin(struct hook *hook, struct delivery *delivery,
                      const struct strand_event *event)
{
    bool is_known = event->seq == hook->webhook.place;

    write_message(&delivery->body, event->name, event->time, event->line);
    if (buf_is_broken(&delivery->body))
        return mem_exhausted();
    delivery->seq = event->seq;
    delivery->failures = is_known ? hook->webhook.failures : 0;
    delivery->retry_at = is_known ? hook->webhook.retry_at : 0;
    delivery->is_used = true;
    return OK;
}

/* Fills the window from what is behind. */
static fallible take_events(struct hook *hook, struct round *round)
{
    struct hooks *hooks = hook->hooks;
    uint64_t durable = log_durable_seq(hooks->config.log), before = hook->ahead;
    struct delivery *delivery = free_slot(hook);
    struct strand_event event;
    struct strand_view view;

    for (int i = 0; delivery && i < VIEWS && hook->ahead < durable; i++) {
        TRY(strands_view(hooks->strands, hook->ahead, &view));
        while (delivery && strands_next(&view, &event)) {
            if (is_wanted(hook, &event)) {
                TRY(begin(hook, delivery, &event));
                delivery = free_slot(hook);
            }
            hook->ahead = event.seq + 1;
        }
        if (delivery)
            hook->ahead = view.next;
    }
    if (hook->ahead != before && !oldest(hook))
        follow_oldest(hook);
    round->is_behind |= delivery && hook->ahead < durable;
    round->is_waiting |= delivery && hook->ahead >= durable;
    return OK;
}

/* Lets go of all that is under way. */
static void let_go(struct hook *hook)
{
    for (size_t i = 0; i < HOOKS_WINDOW; i++) {
        struct delivery *delivery = &hook->window[i];

        if (delivery->is_sending)
            courier_cancel(hook->hooks->courier, delivery);
        delivery->is_used = delivery->is_sending = false;
        buf_done(&delivery->body);
    }
    hook->is_reset = false;
}

static void send_test(struct hook *hook, millis now)
{
    if (!hook->asked.exchange || hook->test.is_used)
        return;
    write_message(&hook->test.body, S("webhook.test"), now, S("{\"test\":true}"));
    hook->test.is_used = true;
    send(&hook->test, now);
    if (!hook->test.is_sending)
        answer_test(hook, &(struct hooks_attempt){.at = now, .number = 1, .reason = "no memory"});
}

static bool is_sending(const struct hook *hook)
{
    for (size_t i = 0; i < HOOKS_WINDOW; i++)
        if (hook->window[i].is_sending)
            return true;
    return false;
}

/* There is always room for one message of each. */
static bool has_room(const struct hook *hook)
{
    const struct hooks *hooks = hook->hooks;

    return !is_sending(hook) || courier_count(hooks->courier) + hooks->count < SENDING;
}

static void serve(struct hook *hook, struct round *round)
{
    enum err err = OK;

    if (hook->is_reset)
        let_go(hook);
    send_test(hook, round->now);
    if (hook->webhook.state != WEBHOOK_ACTIVE)
        return;
    err = take_events(hook, round);
    if (err && err != ERR_LIMIT)
        end_state(hook, WEBHOOK_DISABLED, err_text());
    for (size_t i = 0; !err && i < HOOKS_WINDOW; i++) {
        struct delivery *delivery = &hook->window[i];

        if (!delivery->is_used || delivery->is_sending)
            continue;
        if (delivery->retry_at <= round->now && !has_room(hook))
            continue;
        if (delivery->retry_at <= round->now)
            send(delivery, round->now);
        if (!delivery->is_sending && delivery->retry_at < round->until)
            round->until = delivery->retry_at;
    }
}

static void drop(struct hooks *hooks, struct hook *hook)
{
    let_go(hook);
    if (hook->test.is_sending)
        courier_cancel(hooks->courier, &hook->test);
    answer_test(hook, &(struct hooks_attempt){.at = clock_now(hooks->config.sys),
                                              .number = 1,
                                              .reason = "the webhook was removed"});
    hooks->count--;
    hooks_free(hook);
}

static void serve_all(struct hooks *hooks, struct round *round)
{
    struct hook **link = &hooks->first;

    *round = (struct round){.now = clock_now(hooks->config.sys)};
    round->until = round->now + IDLE_MS;
    while (*link) {
        struct hook *hook = *link;

        if (hook->is_removed) {
            *link = hook->next;
            drop(hooks, hook);
            continue;
        }
        serve(hook, round);
        link = &hook->next;
    }
    if (!hooks->first)
        strands_rest(hooks->strands);
}

/* Now and then. What is not noted when the process dies is sent again, under the same ids. */
static void save(struct hooks *hooks, struct round *round, bool is_last)
{
    int64_t now_ns = clock_mono_ns(hooks->config.sys);
    bool is_changed = false;

    for (struct hook *hook = hooks->first; hook; hook = hook->next)
        is_changed |= hook->is_changed && !hook->is_removed;
    if (!is_changed)
        return;
    if (!is_last && now_ns - hooks->saved_ns < SAVE_MS * INT64_C(1000000)) {
        if (round->until > round->now + SAVE_MS)
            round->until = round->now + SAVE_MS;
        return;
    }
    hooks->saved_ns = now_ns;
    if (hooks_save(hooks) != OK)
        journal_error(hooks->config.sys, "how far webhooks are could not be noted", err_text());
}

static void wait(struct hooks *hooks, const struct round *round, uint64_t seen)
{
    int64_t left_ms = round->until - clock_now(hooks->config.sys);
    bool is_busy = courier_count(hooks->courier) > 0;

    left_ms = left_ms < 0 || round->is_behind ? 0 : left_ms < IDLE_MS ? left_ms : IDLE_MS;
    if (is_busy && atomic_load(&hooks->is_called))
        left_ms = 0;
    if (is_busy)
        courier_run(hooks->courier, left_ms < BUSY_MS ? left_ms : BUSY_MS);
    else
        log_await(hooks->config.log, round->is_waiting ? seen : LOG_AWAIT_NOTHING,
                  &hooks->is_called, left_ms);
}

/* False: it is to stop. */
static bool run_once(struct hooks *hooks)
{
    uint64_t seen = log_durable_seq(hooks->config.log);
    struct round round;
    bool goes_on;

    atomic_store(&hooks->is_called, false);
    mutex_lock(hooks->lock);
    serve_all(hooks, &round);
    goes_on = !hooks->is_stopping;
    save(hooks, &round, !goes_on);
    mutex_unlock(hooks->lock);
    if (goes_on)
        wait(hooks, &round, seen);
    return goes_on;
}

void hooks_run(void *argument)
{
    struct hooks *hooks = argument;

    thread_give_way(THREAD_BEHIND);
    while (run_once(hooks))
        continue;
    mutex_lock(hooks->lock);
    for (struct hook *hook = hooks->first; hook; hook = hook->next) {
        let_go(hook);
        if (hook->test.is_sending)
            courier_cancel(hooks->courier, &hook->test);
        answer_test(hook, &(struct hooks_attempt){.at = clock_now(hooks->config.sys),
                                                  .number = 1,
                                                  .reason = "the server is stopping"});
    }
    mutex_unlock(hooks->lock);
}
