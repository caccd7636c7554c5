/* real_int.h - the verbs of the real world.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "sys/sys_int.h"

millis real_now(struct sys *sys);
int64_t real_mono_ns(struct sys *sys);
void real_sleep(struct sys *sys, millis span);
void real_pause(struct sys *sys, int64_t ns);
void real_fill(struct sys *sys, void *out, size_t len);

int real_file_open(struct sys *sys, const char *path, unsigned modes, struct file **out_file);
void real_file_close(struct file *file);
int real_file_read(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len);
int real_file_read_ready(struct file *file, uint64_t offset, void *out, size_t len,
                         size_t *out_len);
int real_file_write(struct file *file, uint64_t offset, const void *data, size_t len,
                    size_t *out_len);
int real_file_sync(struct file *file);
int real_file_allocate(struct file *file, uint64_t size);
int real_file_truncate(struct file *file, uint64_t size);
int real_file_size(struct file *file, uint64_t *out_size);
int real_file_lock(struct file *file);
void real_file_write_direct(struct file *file);
void real_file_will_read(struct file *file, uint64_t offset, uint64_t len);
void real_file_will_pick(struct file *file, uint64_t offset, uint64_t len);
int real_file_rename(struct sys *sys, const char *from, const char *to);
int real_file_remove(struct sys *sys, const char *path);
bool real_file_exists(struct sys *sys, const char *path);
int real_folder_make(struct sys *sys, const char *path);
int real_folder_remove(struct sys *sys, const char *path);
int real_folder_sync(struct sys *sys, const char *path);
int real_folder_names(struct sys *sys, const char *path, struct buf *out);
int real_folder_room(struct sys *sys, const char *path, uint64_t *out_bytes);

int real_listen(struct sys *sys, const struct endpoint *at, struct net_socket **out_socket);
int real_accept(struct net_socket *listener, struct net_socket **out_socket);
int real_connect(struct sys *sys, const struct endpoint *to, struct net_socket **out_socket);
int real_local(struct net_socket *socket, struct endpoint *out_endpoint);
int real_receive(struct net_socket *socket, void *out, size_t len, size_t *out_len);
int real_discard(struct net_socket *socket, size_t len, size_t *out_len);
int real_send(struct net_socket *socket, const void *data, size_t len, size_t *out_len);
void real_finish(struct net_socket *socket);
void real_close(struct net_socket *socket);
int real_poller_open(struct sys *sys, struct poller **out_poller);
void real_poller_close(struct poller *poller);
int real_poller_watch(struct poller *poller, struct net_socket *socket, unsigned events,
                      void *owner);
int real_poller_wait(struct poller *poller, struct poll_event *out, size_t room, int64_t timeout_ns,
                     size_t *out_count);
void real_poller_wake(struct poller *poller);
int real_notify(struct sys *sys, const char *path, str message);

/* Makes a socket of a descriptor, which then belongs to it; NULL without memory. */
struct net_socket *real_socket_of(int fd);
int real_descriptor(const struct net_socket *socket);
/* Whether its poller knows it: the poller's own note. */
bool *real_is_watched(struct net_socket *socket);
