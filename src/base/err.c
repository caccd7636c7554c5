/* err.c - the sentence of the latest failure, kept per thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char sentence[512];

enum err fail(enum err code, const char *format, ...)
{
    char fresh[sizeof sentence]; /* an argument may be the old sentence */
    va_list args;

    va_start(args, format);
    vsnprintf(fresh, sizeof fresh, format, args);
    va_end(args);
    snprintf(sentence, sizeof sentence, "%s", fresh);
    return code;
}

const char *err_text(void)
{
    return sentence;
}

const char *err_name(enum err code)
{
    switch (code) {
    case OK:
        return "ok";
    case ERR_INVALID:
        return "invalid";
    case ERR_ABSENT:
        return "absent";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_EXPIRED:
        return "expired";
    case ERR_DENIED:
        return "denied";
    case ERR_LIMIT:
        return "limit";
    case ERR_BUSY:
        return "busy";
    case ERR_FULL:
        return "full";
    case ERR_IO:
        return "io";
    case ERR_CORRUPT:
        return "corrupt";
    }
    return "unknown";
}
