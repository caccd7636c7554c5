/* test_net.c - every world's sockets and pollers behave the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/net.h"
#include "sys/file.h"
#include "sys/mailbox.h"
#include "sys/sim.h"
#include "sys/sys.h"
#include "sys/thread.h"
#include "support/test.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_NS (INT64_C(10) * 1000000000)

struct pair {
    struct poller *poller;
    struct net_socket *listener, *client, *server;
};

static str address_of(struct net_socket *socket)
{
    struct buf text = {0};
    str kept;

    CHECK_OK(net_address(socket, &text));
    kept = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return kept;
}

/* What the poller says of `owner`, once it says one of `events`. */
static unsigned await(struct poller *poller, void *owner, unsigned events)
{
    for (int tries = 0; tries < 1000; tries++) {
        struct poll_event got[4];
        size_t count;
        CHECK_OK(poller_wait(poller, got, 4, PATIENCE_NS, &count));
        for (size_t i = 0; i < count; i++)
            if (got[i].owner == owner && (got[i].events & events))
                return got[i].events;
    }
    fail_msg("the event never came");
    return 0;
}

static size_t events_now(struct poller *poller)
{
    struct poll_event got[8];
    size_t count;

    CHECK_OK(poller_wait(poller, got, 8, 0, &count));
    return count;
}

static struct net_socket *accepted(struct poller *poller, struct net_socket *listener)
{
    struct net_socket *socket = NULL;

    CHECK_OK(poller_watch(poller, listener, NET_READABLE, listener));
    CHECK_INT(await(poller, listener, NET_READABLE), NET_READABLE);
    CHECK_OK(net_accept(listener, &socket));
    CHECK_OK(poller_watch(poller, listener, 0, NULL));
    return socket;
}

static struct pair connected(struct sys *sys)
{
    struct pair p;

    CHECK_OK(poller_open(sys, &p.poller));
    CHECK_OK(net_listen(sys, S("127.0.0.1:0"), &p.listener));
    CHECK_OK(net_connect(sys, address_of(p.listener), &p.client));
    p.server = accepted(p.poller, p.listener);
    CHECK_OK(poller_watch(p.poller, p.client, NET_WRITABLE, p.client));
    CHECK_INT(await(p.poller, p.client, NET_WRITABLE), NET_WRITABLE);
    CHECK_OK(poller_watch(p.poller, p.client, 0, NULL));
    return p;
}

static void closed(struct pair *p)
{
    net_close(p->client);
    net_close(p->server);
    net_close(p->listener);
    poller_close(p->poller);
}

static void bytes_go_both_ways(struct sys *sys)
{
    struct pair p = connected(sys);
    struct buf peer = {0};
    char got[16];
    size_t len;

    CHECK_ERR(ERR_BUSY, net_receive(p.server, got, sizeof got, &len));
    CHECK_OK(net_send(p.client, "ping!", 5, &len));
    CHECK_INT(len, 5);
    CHECK_OK(poller_watch(p.poller, p.server, NET_READABLE, &p));
    CHECK_INT(await(p.poller, &p, NET_READABLE), NET_READABLE);
    CHECK_OK(net_receive(p.server, got, 2, &len));
    CHECK_STR(str_from(got, len), "pi");
    CHECK_INT(await(p.poller, &p, NET_READABLE), NET_READABLE); /* there is still some */
    CHECK_OK(net_receive(p.server, got, sizeof got, &len));
    CHECK_STR(str_from(got, len), "ng!");
    CHECK_INT(events_now(p.poller), 0);
    CHECK_OK(net_send(p.server, "pong", 4, &len));
    CHECK_OK(poller_watch(p.poller, p.client, NET_READABLE, p.client));
    await(p.poller, p.client, NET_READABLE);
    CHECK_OK(net_receive(p.client, got, sizeof got, &len));
    CHECK_STR(str_from(got, len), "pong");
    net_peer(p.server, &peer);
    CHECK_STR(buf_str(&peer), "127.0.0.1");
    buf_clear(&peer);
    net_peer(p.listener, &peer);
    CHECK_STR(buf_str(&peer), "");
    buf_done(&peer);
    closed(&p);
}

static void a_full_socket_is_busy_until_it_is_read(struct sys *sys)
{
    struct pair p = connected(sys);
    static char data[1 << 16];
    size_t len, sent = 0, received = 0;
    enum err err;

    memset(data, 'd', sizeof data);
    while ((err = net_send(p.client, data, sizeof data, &len)) == OK)
        sent += len;
    CHECK_INT(err, ERR_BUSY);
    CHECK(sent > 0);
    net_finish(p.client);
    CHECK_OK(poller_watch(p.poller, p.server, NET_READABLE, p.server));
    do {
        await(p.poller, p.server, NET_READABLE);
        CHECK_OK(net_receive(p.server, data, sizeof data, &len));
        for (size_t i = 0; i < len; i++)
            CHECK(data[i] == 'd');
        received += len;
    } while (len);
    CHECK_INT(received, sent);
    closed(&p);
}

static void a_finished_side_ends_and_the_other_goes_on(struct sys *sys)
{
    struct pair p = connected(sys);
    char got[8];
    size_t len;

    CHECK_OK(net_send(p.client, "last", 4, &len));
    net_finish(p.client);
    CHECK_OK(poller_watch(p.poller, p.server, NET_HUNG_UP, &p));
    await(p.poller, &p, NET_HUNG_UP);
    CHECK_OK(net_receive(p.server, got, sizeof got, &len));
    CHECK_STR(str_from(got, len), "last");
    CHECK_OK(net_receive(p.server, got, sizeof got, &len));
    CHECK_INT(len, 0);
    CHECK_ERR(ERR_IO, net_send(p.client, "more", 4, &len));
    CHECK_OK(net_send(p.server, "bye", 3, &len));
    CHECK_OK(poller_watch(p.poller, p.client, NET_READABLE, p.client));
    await(p.poller, p.client, NET_READABLE);
    CHECK_OK(net_receive(p.client, got, sizeof got, &len));
    CHECK_STR(str_from(got, len), "bye");
    net_finish(p.server);
    CHECK(await(p.poller, p.client, NET_HUNG_UP) & NET_HUNG_UP); /* unasked: both are shut */
    closed(&p);
}

static void what_is_not_wanted_is_dropped_unread(struct sys *sys)
{
    struct pair p = connected(sys);
    char got[8];
    size_t len;

    CHECK_ERR(ERR_BUSY, net_discard(p.server, 4, &len));
    CHECK_OK(net_send(p.client, "body, head", 10, &len));
    CHECK_OK(poller_watch(p.poller, p.server, NET_READABLE, p.server));
    await(p.poller, p.server, NET_READABLE);
    CHECK_OK(net_discard(p.server, 6, &len));
    CHECK_INT(len, 6);
    CHECK_OK(net_receive(p.server, got, sizeof got, &len));
    CHECK_STR(str_from(got, len), "head");
    net_finish(p.client);
    CHECK_OK(poller_watch(p.poller, p.server, NET_HUNG_UP, p.server));
    await(p.poller, p.server, NET_HUNG_UP);
    CHECK_OK(net_discard(p.server, 1000000, &len));
    CHECK_INT(len, 0);
    closed(&p);
}

static void closing_with_bytes_unread_resets_the_peer(struct sys *sys)
{
    struct pair p = connected(sys);
    char got[8];
    size_t len;

    CHECK_OK(net_send(p.client, "unread", 6, &len));
    CHECK_OK(poller_watch(p.poller, p.server, NET_READABLE, p.server));
    await(p.poller, p.server, NET_READABLE);
    net_close(p.server);
    p.server = NULL;
    CHECK_OK(poller_watch(p.poller, p.client, NET_READABLE, p.client));
    CHECK(await(p.poller, p.client, NET_HUNG_UP) & NET_HUNG_UP);
    CHECK_ERR(ERR_IO, net_receive(p.client, got, sizeof got, &len));
    CHECK_ERR(ERR_IO, net_send(p.client, "x", 1, &len));
    closed(&p);
}

static void listeners_share_an_address(struct sys *sys)
{
    struct net_socket *first, *second, *clients[64], *server;
    int got[2] = {0};
    str address;

    CHECK_OK(net_listen(sys, S("127.0.0.1:0"), &first));
    CHECK_ERR(ERR_BUSY, net_accept(first, &server));
    address = address_of(first);
    CHECK(str_starts(address, S("127.0.0.1:")));
    CHECK(!str_equals(address, S("127.0.0.1:0")));
    CHECK_OK(net_listen(sys, address, &second));
    CHECK(str_equals(address_of(second), address));
    for (int i = 0; i < 64; i++)
        CHECK_OK(net_connect(sys, address, &clients[i]));
    for (int tries = 0; got[0] + got[1] < 64; tries++) {
        CHECK(tries < 1000000);
        for (int i = 0; i < 2; i++) {
            if (net_accept(i ? second : first, &server))
                continue;
            got[i]++;
            net_close(server);
        }
    }
    CHECK(got[0] > 0 && got[1] > 0);
    for (int i = 0; i < 64; i++)
        net_close(clients[i]);
    net_close(first);
    net_close(second);
}

static void nobody_listening_is_an_error(struct sys *sys)
{
    struct net_socket *listener, *client;
    struct poller *poller;
    str address;
    char got[1];
    size_t len;

    CHECK_OK(net_listen(sys, S("127.0.0.1:0"), &listener));
    address = address_of(listener);
    net_close(listener);
    if (net_connect(sys, address, &client))
        return; /* some know at once */
    CHECK_OK(poller_open(sys, &poller));
    CHECK_OK(poller_watch(poller, client, NET_WRITABLE, client));
    await(poller, client, NET_HUNG_UP);
    CHECK_ERR(ERR_IO, net_receive(client, got, 1, &len));
    net_close(client);
    poller_close(poller);
}

static void addresses_are_checked(struct sys *sys)
{
    static const char *const wrong[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "localhost:1",
        "[::1:80",
        "::1:80",
        "[127.0.0.1]:80",
        "1.2.3:80",
        "[]:80",
        "127.0.0.1:8o",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
    };
    struct net_socket *socket;
    struct buf peer = {0};
    struct poller *poller;

    EACH_CASE(text, wrong)
    CHECK_ERR(ERR_INVALID, net_listen(sys, str_of(*text), &socket));
    CHECK_ERR(ERR_INVALID, net_connect(sys, S(":80"), &socket));

    CHECK_OK(poller_open(sys, &poller));
    CHECK_OK(net_listen(sys, S(":0"), &socket)); /* both families */
    str address = address_of(socket);
    while (str_contains(address, S(":")))
        str_cut(&address, ':');
    address = arena_print(test_mem, "127.0.0.1:%.*s", STR_ARG(address));
    struct net_socket *client, *server;
    CHECK_OK(net_connect(sys, address, &client));
    server = accepted(poller, socket);
    net_peer(server, &peer);
    CHECK_STR(buf_str(&peer), "127.0.0.1");
    buf_done(&peer);
    net_close(client);
    net_close(server);
    net_close(socket);
    poller_close(poller);
}

static void a_poller_reports_what_is_watched(struct sys *sys)
{
    struct pair p = connected(sys);
    size_t len;

    CHECK_OK(net_send(p.client, "x", 1, &len));
    CHECK_OK(poller_watch(p.poller, p.server, NET_READABLE | NET_WRITABLE, &len));
    while (await(p.poller, &len, NET_READABLE) != (NET_READABLE | NET_WRITABLE))
        ;
    CHECK_OK(poller_watch(p.poller, p.server, NET_WRITABLE, &p)); /* another owner, fewer events */
    CHECK_INT(await(p.poller, &p, NET_WRITABLE), NET_WRITABLE);
    CHECK_OK(poller_watch(p.poller, p.server, 0, NULL));
    CHECK_OK(poller_watch(p.poller, p.server, 0, NULL)); /* once more is fine */
    CHECK_INT(events_now(p.poller), 0);
    CHECK_OK(poller_watch(p.poller, p.server, NET_READABLE, &p));
    net_close(p.server); /* also ends the watching */
    p.server = NULL;
    CHECK_INT(events_now(p.poller), 0);
    poller_wake(p.poller);
    CHECK_INT(events_now(p.poller), 0);
    closed(&p);
}

static void a_small_room_leaves_the_rest_for_later(struct sys *sys)
{
    struct pair p = connected(sys);
    struct poll_event got;
    bool seen[2] = {false, false};
    size_t count;

    CHECK_OK(poller_watch(p.poller, p.server, NET_WRITABLE, &seen[0]));
    CHECK_OK(poller_watch(p.poller, p.client, NET_WRITABLE, &seen[1]));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(poller_wait(p.poller, &got, 1, PATIENCE_NS, &count));
        CHECK_INT(count, 1);
        *(bool *)got.owner = true;
    }
    CHECK(seen[0] && seen[1]); /* in turns: nobody starves */
    closed(&p);
}

static const struct {
    const char *name;
    void (*run)(struct sys *sys);
} cases[] = {
    {"bytes_go_both_ways", bytes_go_both_ways},
    {"a_full_socket_is_busy_until_it_is_read", a_full_socket_is_busy_until_it_is_read},
    {"a_finished_side_ends_and_the_other_goes_on", a_finished_side_ends_and_the_other_goes_on},
    {"what_is_not_wanted_is_dropped_unread", what_is_not_wanted_is_dropped_unread},
    {"closing_with_bytes_unread_resets_the_peer", closing_with_bytes_unread_resets_the_peer},
    {"listeners_share_an_address", listeners_share_an_address},
    {"nobody_listening_is_an_error", nobody_listening_is_an_error},
    {"addresses_are_checked", addresses_are_checked},
    {"a_poller_reports_what_is_watched", a_poller_reports_what_is_watched},
    {"a_small_room_leaves_the_rest_for_later", a_small_room_leaves_the_rest_for_later},
};

static void run_all(struct sys *sys)
{
    EACH_CASE(c, cases)
    {
        print_message("  %s\n", c->name);
        c->run(sys);
    }
}

TEST(the_real_sockets_behave)
{
    run_all(sys_real());
}

TEST(the_simulated_sockets_behave)
{
    struct sys *sys = sim_open(1);

    run_all(sys);
    sim_close(sys);
}

TEST(the_simulated_network_ends_with_the_power)
{
    struct sys *sys = sim_open(1);
    struct pair p = connected(sys);
    struct net_socket *late;
    struct file *file;
    str address = address_of(p.listener);
    char got[8];
    size_t len;

    CHECK_OK(net_send(p.server, "before", 6, &len));
    sim_stop_at(sys, 1);
    CHECK_ERR(ERR_IO, file_open(sys, "a", FILE_WRITE | FILE_CREATE, &file));
    CHECK_ERR(ERR_IO, net_send(p.server, "after", 5, &len));
    CHECK_ERR(ERR_IO, net_connect(sys, address, &late));
    CHECK_ERR(ERR_IO, net_accept(p.listener, &late));
    CHECK_ERR(ERR_IO, net_listen(sys, S("127.0.0.1:0"), &late));
    CHECK_OK(net_receive(p.client, got, sizeof got, &len)); /* it was on its way */
    CHECK_STR(str_from(got, len), "before");
    CHECK_ERR(ERR_BUSY, net_receive(p.client, got, sizeof got, &len));
    sim_lose_power(sys, SIM_CLEAN, 1);
    CHECK_ERR(ERR_IO, net_receive(p.client, got, sizeof got, &len));
    CHECK_ERR(ERR_IO, net_send(p.server, "x", 1, &len));
    CHECK_ERR(ERR_IO, net_connect(sys, address, &late)); /* nobody listens any more */
    closed(&p);
    p = connected(sys);
    closed(&p);
    sim_close(sys);
}

TEST(closing_a_listener_resets_who_waits_for_it)
{
    struct sys *sys = sim_open(1);
    struct net_socket *listener, *client;
    char got[1];
    size_t len;

    CHECK_OK(net_listen(sys, S("[::1]:80"), &listener));
    CHECK_STR(address_of(listener), "[::1]:80");
    CHECK_OK(net_connect(sys, S("[::1]:80"), &client));
    net_close(listener);
    CHECK_ERR(ERR_IO, net_receive(client, got, 1, &len));
    net_close(client);
    sim_close(sys);
}

TEST(an_address_of_another_process_is_a_conflict)
{
    struct net_socket *listener, *other;
    int status = -1;
    pid_t child;

    CHECK_OK(net_listen(sys_real(), S("127.0.0.1:0"), &listener));
    child = fork();
    if (child == 0) {
        /* Its own descriptors only, as another program has. */
        str address = address_of(listener);
        net_close(listener);
        _exit(net_listen(sys_real(), address, &other) == ERR_CONFLICT ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    net_close(listener);
}

struct letters {
    struct mailbox *box;
    struct letter letters[2000];
};

static void post_all(void *argument)
{
    struct letters *all = argument;

    for (int i = 0; i < 2000; i++)
        mailbox_post(all->box, &all->letters[i]);
}

TEST(a_mailbox_wakes_a_poller)
{
    struct letters *all = arena_take(test_mem, sizeof *all);
    struct thread *thread;
    struct poller *poller;
    struct poll_event got[4];
    size_t count;
    int taken = 0;

    CHECK_OK(poller_open(sys_real(), &poller));
    all->box = mailbox_open(poller_wake, poller);
    CHECK_OK(thread_start("poster", post_all, all, &thread));
    while (taken < 2000) {
        CHECK_OK(poller_wait(poller, got, 4, PATIENCE_NS, &count));
        CHECK_INT(count, 0);
        for (struct letter *at = mailbox_take(all->box); at; at = at->next)
            CHECK(at == &all->letters[taken++]);
    }
    thread_join(thread);
    mailbox_close(all->box);
    poller_close(poller);
}

TEST(a_notification_reaches_its_socket)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    str name = arena_print(test_mem, "@myriad-test-%d", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char got[32];

    memcpy(at.sun_path + 1, name.data + 1, name.len - 1);
    CHECK_INT(bind(fd, (struct sockaddr *)&at, (socklen_t)(sizeof at.sun_family + name.len)), 0);
    CHECK_OK(net_notify(sys_real(), name.data, S("READY=1")));
    CHECK_INT(recv(fd, got, sizeof got, 0), 7);
    CHECK_STR(str_from(got, 7), "READY=1");
    close(fd);
    CHECK_ERR(ERR_IO, net_notify(sys_real(), name.data, S("READY=1")));
    CHECK_ERR(ERR_ABSENT, net_notify(sys_real(), "", S("READY=1")));
    CHECK_ERR(ERR_ABSENT, net_notify(sys_real(), "/no/such/socket", S("READY=1")));
}
