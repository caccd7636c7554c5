/* reload.c - reads settings again while connections go on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/reload.h"

#include "base/mem.h"
#include "http/server.h"
#include "http/terms.h"
#include "sys/clock.h"
#include "web/journal.h"
#include "web/web.h"

#include <stdio.h>

/* As long as OpenSSL lets a ticket be used: with the key before, every ticket lasts that long. */
#define TICKET_KEY_NS ((int64_t)7200 * 1000000000)

struct reload {
    struct sys *sys;
    const char *path;
    const struct config *started; /* what the server was started with */
    struct terms *terms;
    int64_t renew_at;
};

static void warn_of_certificate(struct sys *sys, const struct config *config,
                                const struct terms *terms)
{
    millis from, until, now = clock_now(sys);
    struct buf detail = {0};

    if (!terms->tls)
        return;
    tls_context_validity(terms->tls, &from, &until);
    if (now >= from && now < until)
        return;
    buf_add(&detail, str_of(config->tls_certificate));
    buf_add(&detail, now < from ? S(", valid from ") : S(", valid until "));
    time_write_utc(&detail, now < from ? from : until);
    buf_add_byte(&detail, 0);
    journal_warning(sys,
                    now < from ? "the certificate is not valid yet" : "the certificate has expired",
                    buf_is_broken(&detail) ? NULL : detail.data);
    buf_done(&detail);
}

static fallible read_terms(struct sys *sys, const struct config *config, const struct terms *before,
                           struct terms **out_terms)
{
    struct terms_plan plan = {
        .certificate = config->tls_certificate,
        .key = config->tls_key,
        .hsts_seconds = config->hsts_seconds,
        .trusted_proxies = str_of(config->trusted_proxies),
        .client_header = str_of(config->client_header),
    };

    if (config->tls_certificate[0] == 0 && (config->tls_key[0] || config->tls_listen[0]))
        return fail(ERR_INVALID, "setting %s of [tls] needs the setting certificate",
                    config->tls_key[0] ? "key" : "listen");
    if (config->tls_proxy_protocol && !config->tls_listen[0])
        return fail(ERR_INVALID, "setting proxy_protocol of [tls] needs its setting listen: for "
                                 "TLS at --listen it is the one of [server]");
    if ((config->proxy_protocol || config->tls_proxy_protocol) && !config->trusted_proxies[0])
        return fail(ERR_INVALID, "setting proxy_protocol needs the setting trusted_proxies of "
                                 "[server]: who may say where a connection comes from");
    TRY(terms_open(sys, &plan, before, out_terms));
    warn_of_certificate(sys, config, *out_terms);
    return OK;
}

fallible reload_open(struct sys *sys, const char *path, const struct config *config,
                     struct reload **out_reload)
{
    struct reload *reload = mem_alloc(sizeof *reload);
    enum err err;

    if (!reload)
        return mem_exhausted();
    reload->sys = sys;
    reload->path = path;
    reload->started = config;
    reload->renew_at = clock_mono_ns(sys) + TICKET_KEY_NS;
    err = read_terms(sys, config, NULL, &reload->terms);
    if (err)
        reload_close(reload);
    else
        *out_reload = reload;
    return err;
}

void reload_close(struct reload *reload)
{
    if (!reload)
        return;
    terms_release(reload->terms);
    mem_free(reload);
}

struct terms *reload_terms(const struct reload *reload)
{
    return reload->terms;
}

static void put_to_work(struct reload *reload, struct terms *terms, struct server *server)
{
    server_set_terms(server, terms);
    terms_release(reload->terms);
    reload->terms = terms;
}

static void tell_fixed(struct reload *reload, const struct config *config)
{
    const char *section, *name;
    char detail[128];
    size_t at = 0;

    while (config_next_fixed(reload->started, config, &at, &section, &name)) {
        snprintf(detail, sizeof detail, "%s of [%s]", name, section);
        journal_warning(reload->sys, "this setting has changed and waits for the next start",
                        detail);
    }
}

static fallible read_again(struct reload *reload, struct config *out_config,
                           struct terms **out_terms)
{
    bool has_tls = reload->terms->tls;
    bool wants_tls;

    TRY(config_read(reload->sys, reload->path, out_config));
    wants_tls = out_config->tls_certificate[0];
    if (has_tls != wants_tls)
        return fail(ERR_INVALID,
                    "setting certificate of [tls]: TLS is turned %s by a new start only",
                    wants_tls ? "on" : "off");
    return read_terms(reload->sys, out_config, reload->terms, out_terms);
}

void reload_run(struct reload *reload, struct web *web, struct server *server)
{
    struct config *config = mem_alloc(sizeof *config);
    struct terms *terms;
    enum err err = config ? read_again(reload, config, &terms) : mem_exhausted();

    if (err) {
        journal_error(reload->sys, "the settings were not reloaded; the old ones stay", err_text());
    } else {
        put_to_work(reload, terms, server);
        tell_fixed(reload, config);
        journal_info(reload->sys, "reloaded", NULL);
    }
    web_note_reload(web, !err);
    mem_free(config);
}

void reload_tend(struct reload *reload, struct server *server)
{
    int64_t now_ns = clock_mono_ns(reload->sys);
    struct terms *terms;

    if (!reload->terms->tls || now_ns < reload->renew_at)
        return;
    reload->renew_at = now_ns + TICKET_KEY_NS;
    if (terms_renew(reload->sys, reload->terms, &terms) == OK)
        put_to_work(reload, terms, server);
    else
        journal_error(reload->sys, "tickets of TLS keep their key", err_text());
}
