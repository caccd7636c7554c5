/* err.h - the one way to fail: a code a caller can act on, and a sentence a person can.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A function that can fail returns `fallible`. On failure it has called fail(), which keeps the
 * sentence for this thread until the next fail(). Outputs are written only on success.
 */
#pragma once

enum err {
    OK = 0,
    ERR_INVALID,  /* the input is wrong: mend it */
    ERR_ABSENT,   /* there is no such thing */
    ERR_CONFLICT, /* it contradicts what already is */
    ERR_EXPIRED,  /* its time is over */
    ERR_DENIED,   /* not allowed to you */
    ERR_LIMIT,    /* over a configured bound: ask for less */
    ERR_BUSY,     /* over capacity now: try again later */
    ERR_FULL,     /* no room on the disk: try again when there is */
    ERR_IO,       /* the world outside failed */
    ERR_CORRUPT,  /* stored bytes are damaged */
};

#define fallible __attribute__((warn_unused_result)) enum err

/* Returns `code` and keeps the sentence for err_text(). */
enum err fail(enum err code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The sentence of this thread's latest fail(). Borrowed until the next one. */
const char *err_text(void);

/* A short lower-case word for `code`, such as "invalid". Static. */
const char *err_name(enum err code);

/* Leaves the function with the error, where nothing is held. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_err_ = (call);                                                                \
        if (try_err_)                                                                              \
            return try_err_;                                                                       \
    } while (0)
