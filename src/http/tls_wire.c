/* tls_wire.c - what OpenSSL asks of a BIO, answered by a socket of the seam.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/tls_wire.h"

#include "sys/net.h"

#include <openssl/bio.h>

static int read_wire(BIO *bio, char *out, size_t len, size_t *out_len)
{
    struct tls_wire *wire = BIO_get_data(bio);
    size_t got = 0;
    enum err err = net_receive(wire->socket, out, len, &got);

    BIO_clear_retry_flags(bio);
    if (err == ERR_BUSY)
        BIO_set_retry_read(bio);
    if (err)
        return 0;
    wire->is_ended = got == 0;
    if (got && !wire->was_heard) {
        wire->was_heard = true;
        wire->is_plain = out[0] >= 'A' && out[0] <= 'Z';
    }
    *out_len = got;
    return got && !wire->is_plain;
}

static int write_wire(BIO *bio, const char *data, size_t len, size_t *out_len)
{
    struct tls_wire *wire = BIO_get_data(bio);
    enum err err;

    BIO_clear_retry_flags(bio);
    if (wire->is_plain)
        return 0; /* an alert would stand before the answer */
    err = net_send(wire->socket, data, len, out_len);
    if (err == ERR_BUSY)
        BIO_set_retry_write(bio);
    return !err;
}

static long control_wire(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_wire *wire = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return wire->is_ended;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_wire_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket of the seam");

    if (method && BIO_meth_set_read_ex(method, read_wire) &&
        BIO_meth_set_write_ex(method, write_wire) && BIO_meth_set_ctrl(method, control_wire))
        return method;
    BIO_meth_free(method);
    return NULL;
}
