/* demo.c - a demo's life: its folders, its server, its history, its present.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The server is this program's `serve`, in a process of its own, so that the world outside it can
 * do nothing that a shop could not do by the public interface.
 */
#include "app/demo.h"

#include "app/demo_feed.h"
#include "app/demo_owner.h"
#include "app/demo_state.h"
#include "app/progress.h"
#include "app/workspace.h"
#include "base/json.h"
#include "base/mem.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/signals.h"
#include "sys/stream.h"
#include "web/api/user_write.h"

enum {
    SAVE_MS = 1000,
    WAIT_MS = 250,
    BEHIND_MS = 60 * 1000, /* further behind than that is caught up in batches */
    EXIT_PROTECTED = 70,
};

struct demo {
    const struct demo_options *options;
    struct sys *sys;
    struct arena *mem;
    const char *folder, *beside_path, *state_path, *truth_path, *url;
    struct demo_state state;
    struct users_link link; /* of its owner, who may have gone */
    bool has_link;
    struct child *server;
    struct signals *signals;
    struct bookshop *world;
    struct demo_feed *feed;
    struct progress progress;
    int64_t saved_ns;
    bool is_stopped;
};

/* Folders */

/* Beside the data, never in it. */
static fallible find_paths(struct demo *demo)
{
    str folder = str_of(demo->options->folder);

    while (folder.len > 1 && str_ends(folder, S("/")))
        folder.len--;
    demo->folder = arena_dup(demo->mem, folder).data;
    demo->beside_path = arena_print(demo->mem, "%.*s.demo", STR_ARG(folder)).data;
    demo->state_path = arena_print(demo->mem, "%.*s.demo/state.json", STR_ARG(folder)).data;
    demo->truth_path = arena_print(demo->mem, "%.*s.demo/truth.jsonl", STR_ARG(folder)).data;
    return arena_is_exhausted(demo->mem) ? arena_exhausted() : OK;
}

static fallible begin_anew(struct demo *demo)
{
    millis now = clock_now(demo->sys);
    str id;
    enum err err;

    demo->state = (struct demo_state){.world = demo->options->world};
    demo->state.world.living = now;
    demo->state.world.from = (now / MILLIS_DAY - demo->state.world.days) * MILLIS_DAY;
    err = workspace_create(demo->sys, demo->folder, demo->mem, &id, &demo->state.write_key,
                           &demo->state.api_key);
    if (err == ERR_CONFLICT)
        return fail(err, "%s is there already and is no demo's: choose another folder with --data",
                    demo->folder);
    TRY(err);
    TRY(demo_owner_make(demo->sys, demo->folder, demo->mem, &demo->state.password));
    TRY(folder_make(demo->sys, demo->beside_path));
    return demo_state_save(demo->sys, demo->state_path, &demo->state);
}

static fallible differs(const char *option, double is)
{
    return fail(ERR_CONFLICT,
                "this demo was made with %s %g: leave the option out, or choose another folder "
                "with --data",
                option, is);
}

/* What was asked for must be what is there. */
static fallible check_fit(const struct demo *demo)
{
    const struct demo_options *options = demo->options;
    const struct bookshop_options *is = &demo->state.world, *asked = &options->world;

    if (options->has_seed && asked->seed != is->seed)
        return differs("--seed", (double)is->seed);
    if (options->has_people && asked->people != is->people)
        return differs("--people", is->people);
    if (options->has_days && asked->days != is->days)
        return differs("--days", is->days);
    if (options->has_pace && asked->pace != is->pace)
        return differs("--pace", is->pace);
    return OK;
}

static fallible open_state(struct demo *demo)
{
    enum err err;

    TRY(find_paths(demo));
    err = demo_state_load(demo->sys, demo->state_path, demo->mem, &demo->state);
    if (err == ERR_ABSENT)
        return begin_anew(demo);
    TRY(err);
    if (!file_exists(demo->sys, demo->folder))
        return fail(ERR_ABSENT, "%s is gone, and %s is not: remove that too, to start anew",
                    demo->folder, demo->beside_path);
    return check_fit(demo);
}

/* Server */

static bool is_asked_to_stop(struct demo *demo)
{
    if (signals_take(demo->signals) & SIGNALS_STOP)
        demo->is_stopped = true;
    return demo->is_stopped;
}

/* However long its log is to read. */
static fallible await_server(struct demo *demo)
{
    str line, head = S("Myriad is at ");
    enum err err;

    do
        err = child_line(demo->server, WAIT_MS, demo->mem, &line);
    while (err == ERR_EXPIRED && !is_asked_to_stop(demo));
    if (err == ERR_EXPIRED)
        return OK;
    if (err == ERR_ABSENT)
        return fail(err, "the demo's server did not start; it says above why");
    TRY(err);
    if (!str_starts(line, head))
        return fail(ERR_IO, "the demo's server said \"%.*s\"", STR_ARG(line));
    demo->url = line.data + head.len; /* ends in NUL */
    return OK;
}

static fallible start_server(struct demo *demo)
{
    char name[] = "myriad", serve[] = "serve", data[] = "--data", listen[] = "--listen";
    /* Who visits tells her address as a shop's proxy would. */
    char proxies[] = "MYRIAD_SERVER_TRUSTED_PROXIES=127.0.0.1,::1";
    str folder = arena_dup(demo->mem, str_of(demo->folder));
    str address = arena_dup(demo->mem, str_of(demo->options->listen));
    char *words[] = {name, serve, data, (char *)folder.data, listen, (char *)address.data, NULL};
    char *settings[] = {proxies, NULL};

    if (!folder.data || !address.data)
        return arena_exhausted();
    TRY(child_start(words, settings, &demo->server));
    return await_server(demo);
}

static fallible save(struct demo *demo)
{
    uint64_t place = demo_feed_place(demo->feed);

    demo->saved_ns = clock_mono_ns(demo->sys);
    if (place == demo->state.place)
        return OK;
    demo->state.place = place;
    TRY(demo_feed_flush(demo->feed));
    return demo_state_save(demo->sys, demo->state_path, &demo->state);
}

static fallible save_now_and_then(struct demo *demo)
{
    if (clock_mono_ns(demo->sys) - demo->saved_ns < SAVE_MS * INT64_C(1000000))
        return OK;
    return save(demo);
}

static fallible server_is_gone(void)
{
    return fail(ERR_IO, "the demo's server has ended; it says above why");
}

/* History */

static bool goes_on(void *argument, millis at)
{
    struct demo *demo = argument;
    millis from = demo->state.world.from, now = clock_now(demo->sys);

    if (at > from && !progress_step(&demo->progress, (uint64_t)(at - from), (uint64_t)(now - from)))
        demo->is_stopped = true;
    return !is_asked_to_stop(demo) && child_is_running(demo->server) &&
           save_now_and_then(demo) == OK;
}

static fallible catch_up(struct demo *demo)
{
    enum err err = demo_feed_past(demo->feed, clock_now(demo->sys), goes_on, demo);

    if (err == ERR_EXPIRED && demo->is_stopped)
        err = OK;
    else if (err && !child_is_running(demo->server))
        err = server_is_gone();
    return err ? err : save(demo);
}

static fallible feed_history(struct demo *demo)
{
    struct demo_feed_config config = {.sys = demo->sys,
                                      .url = demo->url,
                                      .write_key = demo->state.write_key,
                                      .truth_path = demo->truth_path,
                                      .place = demo->state.place};
    enum err err;

    TRY(bookshop_open(&demo->state.world, &demo->world));
    config.world = demo->world;
    TRY(demo_feed_open(&config, &demo->feed));
    progress_show(&demo->progress, demo->sys, "Telling the bookshop's past");
    err = catch_up(demo);
    progress_end(&demo->progress);
    return err;
}

static void write_plain(const struct demo *demo, struct buf *out)
{
    buf_print(out,
              "\nLantern Books is a bookshop that is made up; it goes on while this runs.\n\n");
    if (demo->has_link) {
        buf_print(out, "  sign in    ");
        user_write_url(out, str_of(demo->url), &demo->link);
        buf_print(out,
                  "\n             (once, within an hour)\n"
                  "  or as      " DEMO_OWNER_EMAIL "\n"
                  "  password   %.*s\n",
                  STR_ARG(demo->state.password));
    }
    buf_print(out, "  write key  %.*s\n  API key    %.*s\n\nMyriad is at %s\n",
              STR_ARG(demo->state.write_key), STR_ARG(demo->state.api_key), demo->url);
}

static void write_line(const struct demo *demo, struct buf *out)
{
    struct json_writer w = {.out = out};

    json_open(&w, '{');
    json_key(&w, S("url"));
    json_text(&w, str_of(demo->url));
    json_key(&w, S("signin_url"));
    if (demo->has_link) {
        struct buf link = {0};

        user_write_url(&link, str_of(demo->url), &demo->link);
        json_text(&w, buf_str(&link));
        buf_done(&link);
    } else {
        json_null(&w);
    }
    json_key(&w, S("email"));
    json_text(&w, S(DEMO_OWNER_EMAIL));
    json_key(&w, S("password"));
    json_text(&w, demo->state.password);
    json_key(&w, S("write_key"));
    json_text(&w, demo->state.write_key);
    json_key(&w, S("api_key"));
    json_text(&w, demo->state.api_key);
    json_shut(&w, '}');
    buf_add_byte(out, '\n');
}

static fallible announce(const struct demo *demo)
{
    struct buf out = {0};
    enum err err;

    if (demo->options->is_plain)
        write_plain(demo, &out);
    else
        write_line(demo, &out);
    err = buf_is_broken(&out) ? mem_exhausted() : stream_write(STREAM_OUT, buf_str(&out));
    buf_done(&out);
    return err;
}

/* Present */

static fallible live_a_moment(struct demo *demo)
{
    millis now = clock_now(demo->sys), at = demo_feed_next_at(demo->feed);
    enum err err = OK;

    if (at > now) {
        millis wait = at - now < WAIT_MS ? at - now : WAIT_MS;

        if (signals_wait(demo->signals, wait) & SIGNALS_STOP)
            demo->is_stopped = true;
    } else if (now - at > BEHIND_MS) {
        progress_show(&demo->progress, demo->sys, "Catching up");
        err = catch_up(demo);
        progress_end(&demo->progress);
    } else {
        err = demo_feed_one(demo->feed);
        if (err == ERR_BUSY && signals_wait(demo->signals, WAIT_MS) & SIGNALS_STOP)
            demo->is_stopped = true;
    }
    if (!child_is_running(demo->server))
        return server_is_gone();
    return err == ERR_BUSY ? OK : err;
}

static fallible live(struct demo *demo)
{
    while (!is_asked_to_stop(demo)) {
        TRY(live_a_moment(demo));
        TRY(save_now_and_then(demo));
    }
    return save(demo);
}

/* Life */

static fallible run(struct demo *demo)
{
    TRY(open_state(demo));
    TRY(demo_owner_link(demo->sys, demo->folder, demo->mem, &demo->link, &demo->has_link));
    TRY(signals_open(&demo->signals));
    TRY(start_server(demo));
    if (demo->is_stopped)
        return OK;
    TRY(feed_history(demo));
    if (demo->is_stopped)
        return OK;
    TRY(announce(demo));
    return live(demo);
}

enum demo_end demo_run(const struct demo_options *options, struct arena *mem)
{
    struct demo demo = {.options = options, .sys = options->sys, .mem = mem};
    enum err err = run(&demo);
    const char *reason = err ? arena_print(mem, "%s", err_text()).data : NULL;
    int status = child_end(demo.server);

    demo_feed_close(demo.feed);
    bookshop_close(demo.world);
    signals_close(demo.signals);
    if (err)
        err = fail(err, "%s", reason ? reason : "out of memory");
    if (status == EXIT_PROTECTED)
        return DEMO_PROTECTED;
    return err ? DEMO_FAILED : DEMO_ENDED;
}
