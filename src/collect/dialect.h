/* dialect.h - requests of other makers' trackers, told as messages of ours.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A dialect is a file dialect_NAME.c and a row of dialects.def. It only translates: what it writes
 * is read by segment.h like any batch, so deduplication, quarantine and clock correction are the
 * same for all, and the same visit told in any dialect gives the same report. Nothing of the
 * request's address is kept: a visitor without an id becomes a keyed hash (visitor.h).
 */
#pragma once
#include "base/json.h"
#include "base/time.h"

/* A request with more has no room left for what an event needs. */
enum { DIALECT_MOST_EVENTS = 50000 };

struct dialect_request {
    str path;
    str query;    /* behind '?', or absent */
    str media;    /* Content-Type, or absent */
    str body;     /* unpacked; JSON_PADDING readable bytes behind it */
    str address;  /* the client's */
    str agent;    /* User-Agent, or absent */
    str language; /* Accept-Language, or absent */
    str referrer; /* Referer, or absent: of an image the page that shows it */
    millis received;
    /* Any header by name, or absent. */
    str (*header)(const void *owner, str name);
    const void *owner;
};

/* One message. What is absent is not told. */
struct dialect_event {
    str type; /* "track", "page", "screen", "identify", "alias", "group" */
    str name; /* of an event, a screen or a page */
    str user;
    str anonymous;  /* without both the visitor is found by address, agent and day */
    str previous;   /* of an alias */
    str group;      /* of a group */
    str message_id; /* absent: sent twice it counts twice */
    str timestamp;  /* RFC 3339; absent: now */
    str sent_at;    /* as the whole request's, where each event tells its own */
    str url, title, referrer;
    str address;    /* whose visitor it is; absent: the request's */
    str agent;      /* absent: the request's */
    str locale;     /* absent: the request's first language */
    str timezone;   /* IANA */
    str screen;     /* in pixels, "1920x1080" */
    str properties; /* a JSON object, ready */
    str traits;     /* a JSON object, ready */
};

struct dialect_out {
    const struct dialect_request *request;
    struct json_reader *reader; /* for the body; one document at a time */
    struct arena *mem;
    str key;        /* a write key that came along; absent: this dialect's site names carry none */
    bool needs_key; /* nothing is stored without one: there is no site's name */
    str sent_at;    /* by the sender's clock, RFC 3339; absent: unknown */
    /* The answer when all is stored: begins as 200 without a body. An image is the answer also
     * when it is not, then with the status that says why. */
    int status;
    str media, body;
    /* Private */
    str library;
    struct buf text;
    struct json_writer writer;
};

struct dialect {
    const char *name;
    /* Tells the request's events by dialect_add and fills in key, sent_at and the answer.
     * ERR_INVALID: it cannot be read (400, nothing is stored); ERR_LIMIT. */
    fallible (*read)(struct dialect_out *out);
};

#define DIALECT(name) extern const struct dialect dialect_##name;
#include "collect/dialects.def"
#undef DIALECT

/* The whole request as one batch, padded for json_parse, in `out->mem`; `out` must have its first
 * three members. */
fallible dialect_read(const struct dialect *dialect, struct dialect_out *out, str *out_batch);

/* For dialects. Whether memory was refused is asked once, by dialect_read. */
void dialect_add(struct dialect_out *out, const struct dialect_event *event);
/* `json` instead of a message: what is none goes to quarantine, whole. */
void dialect_add_json(struct dialect_out *out, str json);
/* Parses `text` as a JSON object. ERR_INVALID, ERR_LIMIT. */
fallible dialect_parse(struct dialect_out *out, str text, struct json *out_doc);
/* A string, or a number as it was written, under `key`; absent if there is none or "". */
str dialect_text(const struct dialect_out *out, const struct json *doc, uint32_t object,
                 const char *key);
/* The first value of that name in the query, decoded; absent if none or empty. */
str dialect_query(const struct dialect_out *out, const char *name);
/* RFC 3339, in the arena; absent without memory or beyond the years 1 to 9999. */
str dialect_time(const struct dialect_out *out, millis at);
/* What base64 or base64url stands for, padded for json_parse; absent if it is none. */
str dialect_base64(const struct dialect_out *out, str text);
/* Writes `text` as a number where it is written like one in JSON, else as text. */
void dialect_value(struct json_writer *w, str text);
/* What a writer has written, copied into the arena; absent without memory. */
str dialect_keep(const struct dialect_out *out, struct buf *text);
/* A transparent image of one pixel: the answer to trackers that show one. */
void dialect_answer_image(struct dialect_out *out);
/* Into a message that the dialect writes itself: who sent it, if nothing else tells. */
void dialect_add_visitor(struct dialect_out *out);
