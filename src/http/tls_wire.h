/* tls_wire.h - OpenSSL's way to a socket of the seam: a BIO that receives and sends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stdbool.h>

struct bio_method_st; /* OpenSSL's BIO_METHOD */
struct net_socket;

/* The data of such a BIO (BIO_set_data). */
struct tls_wire {
    struct net_socket *socket;
    bool was_heard; /* something has been received */
    bool is_plain;  /* and it began with a letter, as HTTP does: nothing is sent, nothing read */
    bool is_ended;  /* the peer has closed its side */
};

struct bio_method_st *tls_wire_method(void); /* to be freed by BIO_meth_free; NULL without memory */
