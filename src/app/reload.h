/* reload.h - settings that SIGHUP puts to work anew: certificate, trusted proxies, HSTS.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One thread. What goes wrong while the server runs is told in the log, and the old settings stay.
 */
#pragma once
#include "app/config.h"

struct reload;
struct server;
struct terms;
struct web;

/* Reads what `config` names. `path`, the file it came from (NULL: none), and `config` outlive it.
 */
fallible reload_open(struct sys *sys, const char *path, const struct config *config,
                     struct reload **out_reload);
void reload_close(struct reload *reload); /* NULL is fine */
struct terms *reload_terms(const struct reload *reload);
/* Reads the file and all that it names again. */
void reload_run(struct reload *reload, struct web *web, struct server *server);
/* Now and then: tickets of TLS are sealed by a new key every few hours. */
void reload_tend(struct reload *reload, struct server *server);
