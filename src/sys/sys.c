/* sys.c - the real world as a value, and what an errno means.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/sys.h"

#include "sys/real_int.h"

#include <string.h>

static const struct sys_verbs real_verbs = {
    .now = real_now,
    .mono_ns = real_mono_ns,
    .sleep = real_sleep,
    .pause = real_pause,
    .fill = real_fill,
    .file_open = real_file_open,
    .file_close = real_file_close,
    .file_read = real_file_read,
    .file_read_ready = real_file_read_ready,
    .file_write = real_file_write,
    .file_sync = real_file_sync,
    .file_allocate = real_file_allocate,
    .file_truncate = real_file_truncate,
    .file_size = real_file_size,
    .file_lock = real_file_lock,
    .file_write_direct = real_file_write_direct,
    .file_will_read = real_file_will_read,
    .file_will_pick = real_file_will_pick,
    .file_rename = real_file_rename,
    .file_remove = real_file_remove,
    .file_exists = real_file_exists,
    .folder_make = real_folder_make,
    .folder_remove = real_folder_remove,
    .folder_sync = real_folder_sync,
    .folder_names = real_folder_names,
    .folder_room = real_folder_room,
    .listen = real_listen,
    .accept = real_accept,
    .connect = real_connect,
    .local = real_local,
    .receive = real_receive,
    .discard = real_discard,
    .send = real_send,
    .finish = real_finish,
    .close = real_close,
    .poller_open = real_poller_open,
    .poller_close = real_poller_close,
    .poller_watch = real_poller_watch,
    .poller_wait = real_poller_wait,
    .poller_wake = real_poller_wake,
    .notify = real_notify,
};

struct sys *sys_real(void)
{
    static struct sys world = {&real_verbs}; /* never written */

    return &world;
}

static enum err code_of(int error)
{
    switch (error) {
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return ERR_INVALID;
    case ENOENT:
    case ENOTDIR:
        return ERR_ABSENT;
    case EEXIST:
    case ENOTEMPTY:
    case EADDRINUSE:
        return ERR_CONFLICT;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        return ERR_LIMIT;
    case EAGAIN:
        return ERR_BUSY;
    default:
        return ERR_IO;
    }
}

enum err sys_fail(int error, const char *action, const char *object)
{
    const char *reason = strerrordesc_np(error);

    return fail(code_of(error), "cannot %s %s: %s", action, object,
                reason ? reason : "unknown error");
}
