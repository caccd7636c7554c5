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
#include "sys/sys.h"

#include <errno.h>

struct sys_verbs {
    millis (*now)(struct sys *sys);
    int64_t (*mono_ns)(struct sys *sys);
    void (*sleep)(struct sys *sys, millis span);
    void (*fill)(struct sys *sys, void *out, size_t len);

    /* A world's file begins with a struct file, which the caller of `open` fills. */
    int (*file_open)(struct sys *sys, const char *path, unsigned modes, struct file **out_file);
    void (*file_close)(struct file *file);
    int (*file_read)(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len);
    int (*file_write)(struct file *file, uint64_t offset, const void *data, size_t len,
                      size_t *out_len);
    int (*file_sync)(struct file *file);
    int (*file_allocate)(struct file *file, uint64_t size);
    int (*file_truncate)(struct file *file, uint64_t size);
    int (*file_size)(struct file *file, uint64_t *out_size);
    int (*file_lock)(struct file *file); /* EWOULDBLOCK when another holds it */
    void (*file_will_read)(struct file *file, uint64_t offset, uint64_t len);
    int (*file_rename)(struct sys *sys, const char *from, const char *to);
    int (*file_remove)(struct sys *sys, const char *path);
    bool (*file_exists)(struct sys *sys, const char *path);
    int (*folder_make)(struct sys *sys, const char *path); /* 0 also if the folder is there */
    int (*folder_remove)(struct sys *sys, const char *path);
    int (*folder_sync)(struct sys *sys, const char *path);
    /* Adds each name with a NUL behind it, in any order. */
    int (*folder_names)(struct sys *sys, const char *path, struct buf *out);
    int (*folder_room)(struct sys *sys, const char *path, uint64_t *out_bytes);
};

struct sys {
    const struct sys_verbs *verbs;
};

struct file {
    struct sys *sys;
    char *path; /* owned; for sentences */
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
