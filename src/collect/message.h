/* message.h - one Segment message: read, checked, made ready for the log.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Field names and their meaning follow Segment's published specification ("Spec: Common fields").
 */
#pragma once
#include "base/hash.h"
#include "base/json.h"
#include "store/record.h"

struct enrich_call;

enum {
    MESSAGE_MOST_BYTES = 32 << 10, /* of one event's JSON */
    MESSAGE_MOST_IDENTIFIER = 512, /* bytes of a userId, anonymousId, previousId or messageId */
    MESSAGE_MOST_NAME = 1024,      /* bytes of an event's name */
    MESSAGE_NEWS = 26,             /* bytes more when it tells that the device is new */
};

struct message {
    bool is_misfit;   /* belongs in quarantine, with `reason` */
    bool breaks_plan; /* ... and nothing else is wrong with it: its id holds */
    str reason;
    enum event_type type;
    uint8_t flags; /* EVENT_TIME_* */
    millis time;
    str user; /* identifiers as text; absent when not sent */
    str anonymous;
    str previous; /* of an alias */
    str message_id;
    str json; /* what is stored: without writeKey and sentAt, with the batch's context, enriched */
    uint64_t sent_hash; /* of what was sent, before it was enriched; 0: of a misfit */
    uint64_t person;    /* for traffic_watch_note, once it is stored; 0: nothing to note */
    char *news;         /* where `json` has room to tell that the device is new; NULL: nowhere */
};

/* What the request says about all of its messages. */
struct message_setting {
    millis received;
    str type;                   /* of a single call; absent: each message says its own */
    str sent_at;                /* of the batch; absent if none */
    uint32_t context;           /* the batch's context in the document, or JSON_ABSENT */
    bool is_history;            /* an import: times are kept as given, also those to come */
    const hash_key *visitors;   /* `visitor` is understood, and hashed with it: see visitor.h */
    struct enrich_call *enrich; /* NULL: contexts are kept as they are */
};

/* Reads the value at `at` of the document. Never fails for what is wrong with the message: that
 * makes it a misfit. Texts are borrowed from the document or live in `mem`. ERR_LIMIT. */
fallible message_read(const struct json *doc, uint32_t at, const struct message_setting *setting,
                      struct arena *mem, struct message *out_message);
/* It is the first event of its device: lets it tell so, if it has room for that. */
void message_tell_new(struct message *message);
