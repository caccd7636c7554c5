/* test_tls.c - TLS over the simulated network, against OpenSSL as a client.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/tls.h"

#include "http/tls_context.h"
#include "http/tls_wire.h"
#include "support/certificate.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/net.h"
#include "sys/sim.h"
#include "sys/sys.h"

#include <openssl/ssl.h>
#include <string.h>

enum { STEPS = 50, MIB = 1 << 20 };

struct world {
    struct sys *sys;
    struct tls_context *context;
    struct net_socket *listener;
    BIO_METHOD *wire;
    SSL_CTX *client_context;
    SSL_SESSION *session; /* the newest that the client was given */
    /* one connection */
    struct net_socket *socket, *client_socket;
    struct tls *tls;
    struct tls_wire client_wire;
    SSL *client;
};

/* The client */

static struct tls_context *context_of(struct world *w, const struct tls_context *before)
{
    struct tls_context *context;

    CHECK_OK(tls_context_open(w->sys, "a.pem", "", before, &context));
    return context;
}

static void open_world(struct world *w)
{
    struct certificate_pem pem;
    struct buf text = {0};

    *w = (struct world){.sys = sim_open(1)};
    certificate_make("a.example", CERTIFICATE_P256, -1, 90, &pem);
    buf_add(&text, buf_str(&pem.certificate));
    buf_add(&text, buf_str(&pem.key));
    CHECK_OK(file_replace(w->sys, "a.pem", buf_str(&text)));
    buf_done(&text);
    certificate_drop(&pem);
    w->context = context_of(w, NULL);
    CHECK_OK(net_listen(w->sys, S("127.0.0.1:443"), &w->listener));
    w->wire = tls_wire_method();
    w->client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(w->client_context, 0); /* the server has to refuse, not the client */
}

static void connect_sockets(struct world *w)
{
    CHECK_OK(net_connect(w->sys, S("127.0.0.1:443"), &w->client_socket));
    CHECK_OK(net_accept(w->listener, &w->socket));
    CHECK_OK(tls_open(w->context, w->socket, &w->tls));
}

static void connect_client(struct world *w)
{
    BIO *bio;

    connect_sockets(w);
    w->client_wire = (struct tls_wire){.socket = w->client_socket};
    w->client = SSL_new(w->client_context);
    bio = BIO_new(w->wire);
    BIO_set_data(bio, &w->client_wire);
    BIO_set_init(bio, 1);
    SSL_set_bio(w->client, bio, bio);
    SSL_set_connect_state(w->client);
}

static void disconnect(struct world *w)
{
    SSL_free(w->client);
    tls_close(w->tls);
    net_close(w->client_socket);
    net_close(w->socket);
    w->client = NULL;
    w->tls = NULL;
}

static void close_world(struct world *w)
{
    disconnect(w);
    SSL_SESSION_free(w->session);
    SSL_CTX_free(w->client_context);
    BIO_meth_free(w->wire);
    net_close(w->listener);
    tls_context_close(w->context);
    sim_close(w->sys);
}

/* The server's last word: OK when both sides are through. */
static enum err greet(struct world *w)
{
    enum err err = ERR_BUSY;

    for (int i = 0; i < STEPS && err == ERR_BUSY; i++) {
        SSL_do_handshake(w->client); /* whether it fails, the server says */
        err = tls_greet(w->tls);
    }
    if (!err)
        CHECK_INT(SSL_do_handshake(w->client), 1);
    return err;
}

/* What the server says, as far as it has come. */
static str heard(struct world *w)
{
    char *text = arena_take(test_mem, 4096);
    size_t len = 0;

    if (SSL_read_ex(w->client, text, 4096, &len) != 1)
        return S("");
    return str_from(text, len);
}

static void say(struct world *w, str text)
{
    size_t len;

    CHECK_INT(SSL_write_ex(w->client, text.data, text.len, &len), 1);
    CHECK_INT(len, text.len);
}

TEST(tls_carries_bytes_both_ways)
{
    static const struct {
        int version;
        const char *name;
    } cases[] = {{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}};

    EACH_CASE(c, cases)
    {
        char text[100];
        struct world w;
        size_t len;

        open_world(&w);
        SSL_CTX_set_min_proto_version(w.client_context, c->version);
        SSL_CTX_set_max_proto_version(w.client_context, c->version);
        connect_client(&w);
        CHECK(!tls_is_open(w.tls));
        CHECK_OK(greet(&w));
        CHECK(tls_is_open(w.tls));
        CHECK_STR(str_of(SSL_get_version(w.client)), c->name);
        CHECK_ERR(ERR_BUSY, tls_receive(w.tls, text, sizeof text, &len));
        say(&w, S("question"));
        CHECK_OK(tls_receive(w.tls, text, sizeof text, &len));
        CHECK_STR(str_from(text, len), "question");
        CHECK_OK(tls_send(w.tls, "answer", 6, &len));
        CHECK_INT(len, 6);
        CHECK_STR(heard(&w), "answer");
        close_world(&w);
    }
}

TEST(tls_refuses_what_is_old_or_another_protocol)
{
    static const struct {
        int version; /* 0: any */
        const char *ciphers;
        const char *protocols;
        enum err err;
    } cases[] = {
        {0, NULL, NULL, OK},
        {TLS1_VERSION, NULL, NULL, ERR_IO},
        {TLS1_1_VERSION, NULL, NULL, ERR_IO},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, OK},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", NULL, ERR_IO}, /* CBC */
        {TLS1_2_VERSION, "AES128-GCM-SHA256", NULL, ERR_IO},         /* no forward secrecy */
        {0, NULL, "\x08http/1.1", OK},
        {0, NULL, "\x02h2\x08http/1.1", OK},
        {0, NULL, "\x02h2", ERR_IO},
    };

    EACH_CASE(c, cases)
    {
        struct world w;

        open_world(&w);
        SSL_CTX_set_min_proto_version(w.client_context, c->version);
        SSL_CTX_set_max_proto_version(w.client_context, c->version);
        if (c->ciphers)
            CHECK_INT(SSL_CTX_set_cipher_list(w.client_context, c->ciphers), 1);
        if (c->protocols)
            SSL_CTX_set_alpn_protos(w.client_context, (const unsigned char *)c->protocols,
                                    (unsigned)str_of(c->protocols).len);
        connect_client(&w);
        CHECK_ERR(c->err, greet(&w));
        if (c->protocols && !c->err) {
            const unsigned char *chosen;
            unsigned len;

            SSL_get0_alpn_selected(w.client, &chosen, &len);
            CHECK_STR(str_from(chosen, len), "http/1.1");
        }
        close_world(&w);
    }
}

/* Comes again with the session of last time; was it resumed? */
static bool comes_again(struct world *w)
{
    bool is_resumed;

    connect_client(w);
    if (w->session)
        CHECK_INT(SSL_set_session(w->client, w->session), 1);
    CHECK_OK(greet(w));
    heard(w); /* tickets of TLS 1.3 come behind the handshake */
    is_resumed = tls_is_resumed(w->tls);
    CHECK_INT(SSL_session_reused(w->client), is_resumed);
    SSL_SESSION_free(w->session);
    w->session = SSL_get1_session(w->client);
    SSL_shutdown(w->client); /* else OpenSSL forgets the session */
    disconnect(w);
    return is_resumed;
}

static void reload(struct world *w)
{
    struct tls_context *next = context_of(w, w->context);

    tls_context_close(w->context);
    w->context = next;
}

static void renew(struct world *w)
{
    struct tls_context *next;

    CHECK_OK(tls_context_renew(w->sys, w->context, &next));
    tls_context_close(w->context);
    w->context = next;
}

TEST(tls_resumes_by_tickets_across_reloads_until_their_key_is_gone)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    EACH_CASE(version, versions)
    {
        SSL_SESSION *old;
        struct world w;

        open_world(&w);
        SSL_CTX_set_min_proto_version(w.client_context, *version);
        SSL_CTX_set_max_proto_version(w.client_context, *version);
        CHECK(!comes_again(&w));
        CHECK(w.session != NULL);
        CHECK(comes_again(&w));
        reload(&w);
        CHECK(comes_again(&w));
        renew(&w);
        old = SSL_SESSION_dup(w.session);
        CHECK(comes_again(&w));
        renew(&w);
        CHECK(comes_again(&w)); /* by a ticket of the key before */
        SSL_SESSION_free(w.session);
        w.session = old; /* of the key before that */
        CHECK(!comes_again(&w));
        w.client_socket = w.socket = NULL;
        close_world(&w);
    }
}

TEST(tls_tells_plain_http_and_says_nothing_to_it)
{
    static const struct {
        const char *text;
        enum err err;
        bool is_answered;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", ERR_INVALID, false},
        {"OPTIONS * HTTP/1.1\r\n", ERR_INVALID, false},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ERR_INVALID, false},
        {"X", ERR_INVALID, false},
        {"\x16\x03\x01", ERR_BUSY, false},
        {"\r\n\r\n\r\n\r\n\r\n\r\n", ERR_IO, false},
        {"\x16\x03\x01\x00\x05hello", ERR_IO, true}, /* by an alert */
    };

    EACH_CASE(c, cases)
    {
        char byte;
        struct world w;
        size_t len;
        str text = str_of(c->text);

        if (c->text[0] == 0x16 && c->err == ERR_IO)
            text.len = 10;
        open_world(&w);
        connect_sockets(&w);
        CHECK_OK(net_send(w.client_socket, text.data, text.len, &len));
        CHECK_ERR(c->err, tls_greet(w.tls));
        CHECK_INT(net_receive(w.client_socket, &byte, 1, &len) == OK, c->is_answered);
        close_world(&w);
    }
}

TEST(tls_of_a_client_that_leaves_during_the_handshake_fails)
{
    struct world w;

    open_world(&w);
    connect_client(&w);
    SSL_do_handshake(w.client);
    CHECK_ERR(ERR_BUSY, tls_greet(w.tls));
    net_finish(w.client_socket);
    CHECK_ERR(ERR_IO, tls_greet(w.tls));
    close_world(&w);
}

TEST(tls_tells_of_bytes_that_the_socket_has_given_already)
{
    char text[100];
    struct world w;
    size_t len;

    open_world(&w);
    connect_client(&w);
    CHECK_OK(greet(&w));
    CHECK_ERR(ERR_BUSY, tls_receive(w.tls, text, sizeof text, &len));
    CHECK(!tls_has_more(w.tls));
    say(&w, S("one two"));
    say(&w, S("three"));
    CHECK_OK(tls_receive(w.tls, text, 3, &len));
    CHECK_STR(str_from(text, len), "one");
    CHECK(tls_has_more(w.tls));
    CHECK_OK(tls_receive(w.tls, text, sizeof text, &len));
    CHECK_STR(str_from(text, len), " two");
    CHECK(tls_has_more(w.tls));
    CHECK_OK(tls_receive(w.tls, text, sizeof text, &len));
    CHECK_STR(str_from(text, len), "three");
    CHECK(!tls_has_more(w.tls));
    close_world(&w);
}

/* A record in two parts must not be waited for in circles. */
TEST(tls_with_part_of_a_record_waits_for_the_socket)
{
    static const size_t parts[] = {1, 5, 6, 20};

    EACH_CASE(part, parts)
    {
        char record[200], text[100];
        struct world w;
        size_t len, record_len;
        BIO *memory = BIO_new(BIO_s_mem());
        BIO *wire;

        open_world(&w);
        connect_client(&w);
        CHECK_OK(greet(&w));
        wire = SSL_get_wbio(w.client);
        BIO_up_ref(wire);
        SSL_set0_wbio(w.client, memory);
        say(&w, S("question"));
        record_len = (size_t)BIO_read(memory, record, sizeof record);
        SSL_set0_wbio(w.client, wire);
        CHECK(record_len > *part);
        CHECK_OK(net_send(w.client_socket, record, *part, &len));
        CHECK_ERR(ERR_BUSY, tls_receive(w.tls, text, sizeof text, &len));
        CHECK(!tls_has_more(w.tls));
        CHECK_INT(tls_wants(w.tls), NET_READABLE);
        CHECK_OK(net_send(w.client_socket, record + *part, record_len - *part, &len));
        CHECK_OK(tls_receive(w.tls, text, sizeof text, &len));
        CHECK_STR(str_from(text, len), "question");
        close_world(&w);
    }
}

TEST(tls_sends_on_where_a_full_socket_stopped_it)
{
    struct world w;
    char *sent = arena_take(test_mem, MIB), *got = arena_take(test_mem, MIB);
    size_t at = 0, taken = 0, len;
    bool was_full = false;

    for (size_t i = 0; i < MIB; i++)
        sent[i] = (char)(i * 7 + i / 251);
    open_world(&w);
    connect_client(&w);
    CHECK_OK(greet(&w));
    while (taken < MIB) {
        enum err err = at < MIB ? tls_send(w.tls, sent + at, MIB - at, &len) : ERR_BUSY;

        CHECK(!err || err == ERR_BUSY);
        at += err ? 0 : len;
        was_full |= err && at < MIB;
        while (err && SSL_read_ex(w.client, got + taken, MIB - taken, &len) == 1)
            taken += len;
    }
    CHECK(was_full);
    assert_memory_equal(got, sent, MIB);
    close_world(&w);
}

TEST(tls_ends_when_the_client_says_so_and_when_it_does_not)
{
    for (int says_so = 0; says_so < 2; says_so++) {
        char text[100];
        struct world w;
        size_t len = 77;

        open_world(&w);
        connect_client(&w);
        CHECK_OK(greet(&w));
        say(&w, S("last"));
        if (says_so)
            SSL_shutdown(w.client);
        net_finish(w.client_socket);
        CHECK_OK(tls_receive(w.tls, text, sizeof text, &len));
        CHECK_STR(str_from(text, len), "last");
        CHECK_OK(tls_receive(w.tls, text, sizeof text, &len));
        CHECK_INT(len, 0);
        CHECK_OK(tls_send(w.tls, "answer", 6, &len)); /* it may still listen */
        CHECK_STR(heard(&w), "answer");
        tls_finish(w.tls);
        CHECK_STR(heard(&w), "");
        CHECK_INT(SSL_get_shutdown(w.client) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
        close_world(&w);
    }
}

TEST(tls_takes_no_bytes_that_were_changed_on_the_way)
{
    char text[100];
    struct world w;
    size_t len;

    open_world(&w);
    connect_client(&w);
    CHECK_OK(greet(&w));
    CHECK_OK(net_send(w.client_socket,
                      "\x17\x03\x03\x00\x20"
                      "01234567890123456789012345678901",
                      37, &len));
    CHECK_ERR(ERR_IO, tls_receive(w.tls, text, sizeof text, &len));
    CHECK(!tls_has_more(w.tls));
    close_world(&w);
}
