/* sim_int.h - the insides of the simulated world; for the files sim*.c only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/random.h"
#include "sys/sim.h"
#include "sys/sys_int.h"

struct sim_node;
struct sim_change;
struct sim_socket;
struct mutex;

struct sim_file {
    struct file base;
    struct sim_file *next, *previous;
    struct sim_node *node; /* NULL after a power loss */
    unsigned modes;
};

struct sim {
    struct sys base;
    uint64_t seed, lives; /* lives: one more after each power loss */
    random_state entropy, chance;
    millis now;
    int64_t mono_ns;

    uint64_t operations, fail_at, stop_at;
    enum sim_fault fault;
    bool is_stopped;
    bool file_syncs_ignored, folder_syncs_ignored;

    struct sim_node *root, *nodes;
    uint64_t nodes_made;
    size_t node_count, loose; /* loose: taken away somewhere since the last sweep */
    struct sim_change *oldest, *newest;
    struct sim_file *files;
    uint64_t room, used;
    struct mutex *disk; /* held by who is in one of its verbs */

    struct sim_socket *first_socket, *last_socket;
    unsigned connections;
    uint16_t last_port;
};

static inline struct sim *sim_of(struct sys *sys)
{
    return (struct sim *)sys;
}

/* What one operation meets. */
struct sim_step {
    int error;     /* not 0: do nothing and return it */
    bool is_fault; /* the error was injected; power is there */
    bool is_short; /* transfer a part */
    bool is_last;  /* power goes: do it unsynced, return EIO */
};

enum sim_need { SIM_ANY, SIM_ROOM }; /* whether an operation may meet ENOSPC */

void sim_renew_entropy(struct sim *sim);
struct sim_step sim_step(struct sim *sim, enum sim_need need);
static inline int sim_outcome(struct sim_step step)
{
    return step.is_last ? EIO : 0;
}

/* sim_file.c, sim_folder.c, sim_net.c: the verbs */
int sim_file_open(struct sys *sys, const char *path, unsigned modes, struct file **out_file);
void sim_file_close(struct file *file);
int sim_file_read(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len);
int sim_file_write(struct file *file, uint64_t offset, const void *data, size_t len,
                   size_t *out_len);
int sim_file_sync(struct file *file);
int sim_file_allocate(struct file *file, uint64_t size);
int sim_file_truncate(struct file *file, uint64_t size);
int sim_file_size(struct file *file, uint64_t *out_size);
int sim_file_lock(struct file *file);
void sim_file_write_direct(struct file *file);
void sim_file_will_read(struct file *file, uint64_t offset, uint64_t len);
int sim_file_rename(struct sys *sys, const char *from, const char *to);
int sim_file_remove(struct sys *sys, const char *path);
bool sim_file_exists(struct sys *sys, const char *path);
int sim_folder_make(struct sys *sys, const char *path);
int sim_folder_remove(struct sys *sys, const char *path);
int sim_folder_sync(struct sys *sys, const char *path);
int sim_folder_names(struct sys *sys, const char *path, struct buf *out);
int sim_folder_room(struct sys *sys, const char *path, uint64_t *out_bytes);

int sim_listen(struct sys *sys, const struct endpoint *at, struct net_socket **out_socket);
int sim_accept(struct net_socket *listener, struct net_socket **out_socket);
int sim_connect(struct sys *sys, const struct endpoint *to, struct net_socket **out_socket);
int sim_local(struct net_socket *socket, struct endpoint *out_endpoint);
int sim_receive(struct net_socket *socket, void *out, size_t len, size_t *out_len);
int sim_discard(struct net_socket *socket, size_t len, size_t *out_len);
int sim_send(struct net_socket *socket, const void *data, size_t len, size_t *out_len);
void sim_finish(struct net_socket *socket);
void sim_disconnect(struct net_socket *socket); /* the verb `close` */
int sim_poller_open(struct sys *sys, struct poller **out_poller);
void sim_poller_close(struct poller *poller);
int sim_poller_watch(struct poller *poller, struct net_socket *socket, unsigned events,
                     void *owner);
int sim_poller_wait(struct poller *poller, struct poll_event *out, size_t room, int64_t timeout_ns,
                    size_t *out_count);
void sim_poller_wake(struct poller *poller);
int sim_notify(struct sys *sys, const char *path, str message);
void sim_net_reset_all(struct sim *sim);
void sim_file_forget_all(struct sim *sim); /* no handle and no lock is good any more */

/* sim_shared.c: the same, one at a time */
int sim_shared_file_open(struct sys *sys, const char *path, unsigned modes, struct file **out_file);
int sim_shared_file_read(struct file *file, uint64_t offset, void *out, size_t len,
                         size_t *out_len);
int sim_shared_file_write(struct file *file, uint64_t offset, const void *data, size_t len,
                          size_t *out_len);
int sim_shared_file_sync(struct file *file);
int sim_shared_file_allocate(struct file *file, uint64_t size);
int sim_shared_file_truncate(struct file *file, uint64_t size);
int sim_shared_file_size(struct file *file, uint64_t *out_size);
int sim_shared_file_lock(struct file *file);
int sim_shared_file_rename(struct sys *sys, const char *from, const char *to);
int sim_shared_file_remove(struct sys *sys, const char *path);
bool sim_shared_file_exists(struct sys *sys, const char *path);
int sim_shared_folder_make(struct sys *sys, const char *path);
int sim_shared_folder_remove(struct sys *sys, const char *path);
int sim_shared_folder_sync(struct sys *sys, const char *path);
int sim_shared_folder_names(struct sys *sys, const char *path, struct buf *out);
int sim_shared_folder_room(struct sys *sys, const char *path, uint64_t *out_bytes);
void sim_shared_file_close(struct file *file);
void sim_shared_fill(struct sys *sys, void *out, size_t len);
