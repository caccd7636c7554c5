/* web_int.h - what the files of the web layer share about a running server.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "web/web.h"

#include <stdatomic.h>

enum { WEB_CLASSES = 6, WEB_BUCKETS = 16 };

struct web_stats {
    atomic_uint_fast64_t answers[WEB_CLASSES]; /* by the status's first digit */
    atomic_uint_fast64_t buckets[WEB_BUCKETS]; /* collection answered within 2^i * 0.1 ms */
    atomic_uint_fast64_t collect_count;
    atomic_uint_fast64_t collect_ns;
    atomic_uint_fast64_t refused; /* collection calls answered 4xx or 5xx */
    atomic_uint_fast64_t reloads, failed_reloads;
};

/* NULL before it is started. */
const struct server *web_server(const struct web *web);
