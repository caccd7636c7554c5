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

struct access;
struct backup_desk;
struct catalog;
struct deletions;
struct enrich;
struct events;
struct inspect_means;
struct intake;
struct log;
struct sys;
struct verdicts;
struct web;

enum web_permission {
    WEB_PUBLIC,  /* no key */
    WEB_COLLECT, /* the handler asks for the write key itself; any page's script may call it */
    WEB_READ,    /* an api or admin key as Bearer */
    WEB_MANAGE,  /* an admin key as Bearer */
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
    const struct inspect_means *inspect;
    struct intake *intake;
    struct log *log;
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

/* Binds, serves the routes of routes.def. */
fallible web_serve(struct web *web, str listen, const struct server_limits *limits,
                   struct server **out_server);

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
/* A whole number in the query string: `fallback` when absent; ERR_INVALID beyond [least, most]. */
fallible web_query_number(struct exchange *x, str name, uint64_t least, uint64_t most,
                          uint64_t fallback, uint64_t *out_number);

struct web_stats;
struct web_stats *web_stats(struct web *web);
