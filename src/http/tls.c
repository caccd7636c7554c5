/* tls.c - OpenSSL between a connection and its socket.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL's errors wait in a queue of the thread; it must be empty before a call, or an old error
 * is taken for that call's own.
 */
#include "http/tls.h"

#include "base/mem.h"
#include "http/tls_context.h"
#include "http/tls_wire.h"
#include "sys/net.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls {
    SSL *ssl;
    struct tls_wire wire;
    bool is_open;
    bool is_broken;  /* nothing more may be said */
    bool is_dry;     /* the socket has to bring more before anything can be read */
    bool wants_room; /* ... or to take something first */
};

fallible tls_open(struct tls_context *context, struct net_socket *socket, struct tls **out_tls)
{
    struct tls *tls = mem_alloc(sizeof *tls);
    BIO *bio = NULL;

    if (!tls)
        return mem_exhausted();
    ERR_clear_error();
    tls->wire.socket = socket;
    tls->ssl = SSL_new(tls_context_ssl(context));
    if (tls->ssl)
        bio = BIO_new(tls_context_wire(context));
    if (!bio) {
        ERR_clear_error();
        tls_close(tls);
        return mem_exhausted();
    }
    BIO_set_data(bio, &tls->wire);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_accept_state(tls->ssl);
    *out_tls = tls;
    return OK;
}

void tls_close(struct tls *tls)
{
    if (!tls)
        return;
    tls_finish(tls);
    SSL_free(tls->ssl);
    mem_free(tls);
}

/* What the latest call of OpenSSL, which did not succeed, means. */
static fallible judge(struct tls *tls, int result)
{
    unsigned long error = ERR_peek_last_error();

    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        tls->is_dry = true;
        tls->wants_room = false;
        return fail(ERR_BUSY, "nothing has come");
    case SSL_ERROR_WANT_WRITE:
        tls->wants_room = true;
        return fail(ERR_BUSY, "nothing can be sent now");
    default:
        tls->is_broken = true;
        ERR_clear_error();
        if (tls->wire.is_plain)
            return fail(ERR_INVALID, "this is no TLS");
        return fail(ERR_IO, "TLS failed: %s", error ? ERR_reason_error_string(error) : "cut off");
    }
}

fallible tls_greet(struct tls *tls)
{
    int result;

    ERR_clear_error();
    result = SSL_do_handshake(tls->ssl);
    if (result != 1)
        return judge(tls, result);
    tls->is_open = true;
    tls->is_dry = tls->wants_room = false;
    return OK;
}

bool tls_is_open(const struct tls *tls)
{
    return tls->is_open;
}

bool tls_is_resumed(const struct tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}

unsigned tls_wants(const struct tls *tls)
{
    return tls->wants_room ? NET_WRITABLE : NET_READABLE;
}

fallible tls_receive(struct tls *tls, void *out, size_t len, size_t *out_len)
{
    int result;

    ERR_clear_error();
    result = SSL_read_ex(tls->ssl, out, len, out_len);
    if (result == 1) {
        tls->is_dry = tls->wants_room = false;
        return OK;
    }
    if (SSL_get_error(tls->ssl, result) == SSL_ERROR_ZERO_RETURN) {
        *out_len = 0;
        return OK;
    }
    return judge(tls, result);
}

bool tls_has_more(const struct tls *tls)
{
    return tls->is_open && !tls->is_dry && !tls->is_broken && SSL_has_pending(tls->ssl) == 1;
}

fallible tls_send(struct tls *tls, const void *data, size_t len, size_t *out_len)
{
    bool was_dry = tls->is_dry, wanted_room = tls->wants_room;
    int result;
    enum err err;

    ERR_clear_error();
    result = SSL_write_ex(tls->ssl, data, len, out_len);
    if (result == 1)
        return OK;
    err = judge(tls, result);
    tls->is_dry = was_dry;
    tls->wants_room = wanted_room;
    return err;
}

void tls_finish(struct tls *tls)
{
    if (!tls->is_open || tls->is_broken)
        return;
    tls->is_broken = true;
    ERR_clear_error();
    if (SSL_shutdown(tls->ssl) < 0)
        ERR_clear_error(); /* the socket takes nothing now; there will be no second try */
}
