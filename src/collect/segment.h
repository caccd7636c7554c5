/* segment.h - request bodies of Segment's HTTP tracking API, made into jobs for the log.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: Segment, "HTTP Tracking API Source" (v1): track, identify, page, screen, group, alias,
 * batch, import. Beyond it, events of an import and of a dialect may have `visitor`: see
 * visitor.h.
 */
#pragma once
#include "collect/intake.h"

/* Which call it was. */
struct segment_call {
    str type;          /* of a single call, such as "track"; absent for batch and import */
    bool is_history;   /* import */
    bool has_visitors; /* `visitor` is understood: see visitor.h */
    millis received;
    struct enrich_call *enrich; /* NULL: contexts are kept as they are */
};

/* Reads `body` (JSON_PADDING readable bytes behind it) into `job`, whose `mem` must be set; all
 * its events are hashed and ready to post. `*out_write_key` is the body's writeKey or absent.
 * ERR_INVALID: it is not JSON, or there is no place for events in it. */
fallible segment_read(const struct intake *intake, struct json_reader *reader, str body,
                      const struct segment_call *call, struct intake_job *job, str *out_write_key);
