/* problem.h - errors as RFC 9457 problem documents, and the phrase of each status.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"

#define PROBLEM_MEDIA_TYPE S("application/problem+json")

/* "Not Found" for 404; "Status" for one that nobody named. */
str problem_title(int status);
/* Appends {"type":"about:blank","title","status","detail"}; an empty detail is left out. */
void problem_write(struct buf *out, int status, str detail);
