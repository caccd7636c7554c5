/* service.h - a served data folder: its threads, from start to drain.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "app/config.h"

struct sys;

struct service_options {
    struct sys *sys;
    const char *folder;
    const char *listen;
    const char *config_path; /* the file of `config`; NULL: none */
    struct config config;
};

enum service_end {
    SERVICE_ENDED,     /* was asked to end, and did */
    SERVICE_FAILED,    /* could not start; the sentence says why */
    SERVICE_PROTECTED, /* stopped because the log can promise nothing any more */
};

/* Serves until SIGTERM or SIGINT; SIGHUP reads the settings again. Prints "Myriad is at URL" on
 * standard output when ready, for each of its addresses. */
enum service_end service_run(const struct service_options *options);
