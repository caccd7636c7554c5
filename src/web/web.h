/* web.h - HTTP in, domain calls, HTTP out: what every endpoint has at hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of all endpoints is routes.def; each api/NAME.c serves a few of them.
 */
#pragma once
#include "base/json.h"
#include "base/time.h"
#include "http/server.h"
#include "web/gate.h"

struct access;
struct backup_desk;
struct catalog;
struct deletions;
struct enrich;
struct events;
struct hooks;
struct inspect_means;
struct intake;
struct log;
struct log_picker;
struct replay;
struct repeats;
struct sys;
struct tails;
struct terms;
struct traffic_watch;
struct users;
struct vault;
struct verdicts;
struct web;

enum web_permission {
    WEB_PUBLIC,  /* no key */
    WEB_COLLECT, /* the handler asks for the write key itself; any page's script may call it */
    WEB_SIGN_IN, /* no key, so often from an address, and not from other sites' pages */
    WEB_SELF,    /* a session, of any role */
    /* A key as Bearer with the scope, or the session of a user whose role has it */
    WEB_READ,   /* query */
    WEB_SAVE,   /* query, for a write: the handler asks who may write what */
    WEB_EXPORT, /* export */
    WEB_PEOPLE, /* people */
    WEB_MANAGE, /* manage */
    WEB_KEYS,   /* admin, or a developer, who makes keys that may no more than herself */
    WEB_ROOT,   /* admin */
};

struct web_config {
    struct sys *sys;
    struct access *access;
    struct backup_desk *backups;
    struct catalog *catalog;
    struct deletions *deletions;
    struct verdicts *verdicts;
    struct events *events;
    struct enrich *enrich;
    struct hooks *hooks;
    const struct inspect_means *inspect;
    struct intake *intake;
    struct log *log;
    struct log_picker *picker; /* of its events */
    struct replay *replay;
    struct tails *tails;
    struct users *users;
    const struct vault *vault; /* for its id */
    bool keeps_addresses;        /* in the audit log, too */
    struct traffic_watch *watch; /* NULL: no verdicts are wanted */
    struct repeats *repeats;
    struct gate_rules gate;
    size_t query_memory; /* bound for one question */
    /* Called when the log can promise nothing any more. */
    void (*stopped)(void *argument);
    void *argument;
};

fallible web_open(const struct web_config *config, struct web **out_web);
void web_close(struct web *web);
const struct web_config *web_config(const struct web *web);

/* Questions are answered from then on. */
void web_set_ready(struct web *web, bool ready);
bool web_is_ready(const struct web *web);
/* No column files wait to be combined: questions are as fast as they get. For metrics. */
void web_set_combined(struct web *web, bool combined);
bool web_is_combined(const struct web *web);
/* The bits of enum sandbox_part that hold. For metrics. */
void web_set_sandbox(struct web *web, unsigned parts);
unsigned web_sandbox(const struct web *web);

struct web_doors {
    str listen;                    /* absent: nobody is let in without TLS */
    str tls_listen;                /* absent: there is no TLS */
    bool is_behind, is_tls_behind; /* see server.h */
    struct terms *terms;
};

/* Binds, serves the routes of routes.def. The server must be stopped before the web is closed. */
fallible web_serve(struct web *web, const struct web_doors *doors,
                   const struct server_limits *limits, struct server **out_server);
/* The settings were read again, and put to work or not. For metrics. */
void web_note_reload(struct web *web, bool is_done);

/* For handlers */
struct web *web_of(const struct exchange *x);
/* Answers with the problem that `err` and its sentence say; ERR_BUSY and ERR_FULL with
 * Retry-After; ERR_INVALID of a body that is not JSON as 400. What only the operator may know
 * (ERR_IO, ERR_CORRUPT) is logged, not told. */
void web_fail(struct exchange *x, enum err err);
void web_answer_json(struct exchange *x, int status, const struct buf *json);
/* A JSON reader for this request; give it back. NULL without memory. */
struct json_reader *web_take_reader(struct web *web);
void web_give_reader(struct web *web, struct json_reader *reader);
/* Parses the body as one JSON object; ERR_INVALID. */
fallible web_read_object(struct exchange *x, struct json_reader *reader, struct json *out_doc);

struct gate *web_gate(struct web *web);
struct web_stats;
struct web_stats *web_stats(struct web *web);
