/* demo.h - the demo bookshop: a server in a process of its own, and the world that visits it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"
#include "demo/bookshop.h"

struct sys;

struct demo_options {
    struct sys *sys;
    const char *folder; /* the data; FOLDER.demo beside it holds the truth and how far it is */
    const char *listen;
    /* Of the world's options seed, people, days and pace count; from and living are of now, or what
     * they were when it began. */
    struct bookshop_options world;
    bool has_seed, has_people, has_days, has_pace; /* were asked for: an older demo must fit */
    bool is_plain;                                 /* says it is ready in words, not as JSON */
};

enum demo_end {
    DEMO_ENDED,     /* was asked to end, and did */
    DEMO_FAILED,    /* the sentence says why */
    DEMO_PROTECTED, /* its server stopped to protect data, and said why */
};

/* Feeds the history, says on standard output where it is and who may come in, and lives on until
 * SIGTERM or SIGINT. `mem` is for the command's duration. */
enum demo_end demo_run(const struct demo_options *options, struct arena *mem);
