/* weblog.h - one line of a web server's log in the combined format.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: Apache HTTP Server, "Log Files", Combined Log Format; nginx writes the same. Fields
 * behind the combined ones are left alone. Nothing is decoded: escapes stand as they were written.
 */
#pragma once
#include "base/time.h"

struct weblog_line {
    str address;
    millis time;
    str method;
    str path; /* the target up to its "?" */
    uint32_t status;
    str bytes;    /* digits; absent where the log has "-" */
    str referrer; /* absent where the log has "-" or nothing */
    str agent;    /* as it stands there, "-" too */
};

/* NULL, or what is wrong with the line: a sentence. */
const char *weblog_read(str text, struct weblog_line *out_line);
