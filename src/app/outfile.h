/* outfile.h - a result on its way to a file or to standard output.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file is written beside its place (NAME.part) and takes it only when it is whole and on the
 * disk: who looks sees the old content, or none, until then.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct sys;
struct file;

struct outfile {
    struct sys *sys;
    const char *path; /* NULL: standard output */
    char *part;
    struct file *file;
    uint64_t size; /* bytes written */
};

/* outfile_done is right after a failure too. */
fallible outfile_init(struct sys *sys, const char *path, struct outfile *out);
/* Fits where a callback is wanted: `argument` is the outfile. */
fallible outfile_write(void *argument, str bytes);
fallible outfile_finish(struct outfile *out); /* takes its place */
void outfile_done(struct outfile *out);       /* removes what was not finished */
