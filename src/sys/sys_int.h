/* sys_int.h - what a world has to be able to do; for the files of src/sys only.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The verbs are the bare calls: they may be interrupted (EINTR) and may transfer less than asked.
 * They return 0 or an errno. Loops, sentences and error codes are made once, by the public
 * functions of clock.c, entropy.c, file.c and net.c, so that both worlds share them.
 */
#pragma once
#include "base/buf.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/net.h"
#include "sys/sys.h"

#include <errno.h>

/* Where a socket stands. */
struct endpoint {
    unsigned char ip[16]; /* of IPv4 the first four */
    uint16_t port;
    bool is_v6;
    bool is_any; /* to listen on: all addresses of both families */
};

struct sys_verbs {
    millis (*now)(struct sys *sys);
    int64_t (*mono_ns)(struct sys *sys);
    void (*sleep)(struct sys *sys, millis span);
    void (*pause)(struct sys *sys, int64_t ns);
    void (*fill)(struct sys *sys, void *out, size_t len);

    /* A world's file begins with a struct file, which the caller of `open` fills. */
    int (*file_open)(struct sys *sys, const char *path, unsigned modes, struct file **out_file);
    void (*file_close)(struct file *file);
    int (*file_read)(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len);
    /* Of what needs no waiting; any error is as good as nothing. */
    int (*file_read_ready)(struct file *file, uint64_t offset, void *out, size_t len,
                           size_t *out_len);
    int (*file_write)(struct file *file, uint64_t offset, const void *data, size_t len,
                      size_t *out_len);
    int (*file_sync)(struct file *file);
    int (*file_allocate)(struct file *file, uint64_t size);
    int (*file_truncate)(struct file *file, uint64_t size);
    int (*file_size)(struct file *file, uint64_t *out_size);
    int (*file_lock)(struct file *file); /* EWOULDBLOCK when another holds it */
    void (*file_write_direct)(struct file *file);
    void (*file_will_read)(struct file *file, uint64_t offset, uint64_t len);
    void (*file_will_pick)(struct file *file, uint64_t offset, uint64_t len);
    int (*file_rename)(struct sys *sys, const char *from, const char *to);
    int (*file_remove)(struct sys *sys, const char *path);
    bool (*file_exists)(struct sys *sys, const char *path);
    int (*folder_make)(struct sys *sys, const char *path); /* 0 also if the folder is there */
    int (*folder_remove)(struct sys *sys, const char *path);
    int (*folder_sync)(struct sys *sys, const char *path);
    /* Adds each name with a NUL behind it, in any order. */
    int (*folder_names)(struct sys *sys, const char *path, struct buf *out);
    int (*folder_room)(struct sys *sys, const char *path, uint64_t *out_bytes);

    /* A world's socket begins with a struct net_socket and its poller with a struct poller, whose
     * `sys` the caller fills; `peer` is filled by accept and connect. EAGAIN: nothing now. */
    int (*listen)(struct sys *sys, const struct endpoint *at, struct net_socket **out_socket);
    int (*accept)(struct net_socket *listener, struct net_socket **out_socket);
    int (*connect)(struct sys *sys, const struct endpoint *to, struct net_socket **out_socket);
    int (*local)(struct net_socket *socket, struct endpoint *out_endpoint);
    int (*receive)(struct net_socket *socket, void *out, size_t len, size_t *out_len);
    int (*discard)(struct net_socket *socket, size_t len, size_t *out_len);
    int (*send)(struct net_socket *socket, const void *data, size_t len, size_t *out_len);
    void (*finish)(struct net_socket *socket);
    void (*close)(struct net_socket *socket);
    int (*poller_open)(struct sys *sys, struct poller **out_poller);
    void (*poller_close)(struct poller *poller);
    int (*poller_watch)(struct poller *poller, struct net_socket *socket, unsigned events,
                        void *owner);
    int (*poller_wait)(struct poller *poller, struct poll_event *out, size_t room,
                       int64_t timeout_ns, size_t *out_count);
    void (*poller_wake)(struct poller *poller);
    int (*notify)(struct sys *sys, const char *path, str message);
};

struct sys {
    const struct sys_verbs *verbs;
};

struct file {
    struct sys *sys;
    char *path; /* owned; for sentences */
    bool is_direct;
};

struct net_socket {
    struct sys *sys;
    struct endpoint peer;
    bool has_peer;
};

struct poller {
    struct sys *sys;
};

/* Fails with the code that belongs to an errno: "cannot `action` `object`: reason". */
enum err sys_fail(int error, const char *action, const char *object);

/* The errno of a verb, called again for as long as it is interrupted. */
#define SYS_UNINTERRUPTED(call)                                                                    \
    ({                                                                                             \
        int sys_error_;                                                                            \
        do                                                                                         \
            sys_error_ = (call);                                                                   \
        while (sys_error_ == EINTR);                                                               \
        sys_error_;                                                                                \
    })
