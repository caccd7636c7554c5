/* real_file.c - files and folders of the operating system.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "sys/real_int.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

struct real_file {
    struct file base;
    int fd;
};

static int fd_of(const struct file *file)
{
    return ((const struct real_file *)file)->fd;
}

static int flags_of(unsigned modes)
{
    int flags = O_CLOEXEC | O_NOCTTY;

    if ((modes & FILE_READ) && (modes & FILE_WRITE))
        flags |= O_RDWR;
    else
        flags |= modes & FILE_WRITE ? O_WRONLY : O_RDONLY;
    if (modes & FILE_CREATE)
        flags |= O_CREAT;
    if (modes & FILE_EXCLUSIVE)
        flags |= O_EXCL;
    return flags;
}

int real_file_open(struct sys *sys, const char *path, unsigned modes, struct file **out_file)
{
    struct real_file *file = mem_alloc(sizeof *file);
    struct stat about;
    int error;

    (void)sys;
    if (!file)
        return ENOMEM;
    file->fd = open(path, flags_of(modes), 0600);
    if (file->fd < 0) {
        error = errno;
        mem_free(file);
        return error;
    }
    /* A folder can be opened for reading, but nothing can be read from it. */
    if (fstat(file->fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        close(file->fd);
        mem_free(file);
        return EISDIR;
    }
    *out_file = &file->base;
    return 0;
}

void real_file_close(struct file *file)
{
    close(fd_of(file));
    mem_free(file);
}

int real_file_read(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len)
{
    ssize_t got = pread(fd_of(file), out, len, (off_t)offset);

    if (got < 0)
        return errno;
    *out_len = (size_t)got;
    return 0;
}

int real_file_read_ready(struct file *file, uint64_t offset, void *out, size_t len, size_t *out_len)
{
    struct iovec whole = {.iov_base = out, .iov_len = len};
    ssize_t got = preadv2(fd_of(file), &whole, 1, (off_t)offset, RWF_NOWAIT);

    if (got < 0)
        return errno;
    *out_len = (size_t)got;
    return 0;
}

int real_file_write(struct file *file, uint64_t offset, const void *data, size_t len,
                    size_t *out_len)
{
    ssize_t put = pwrite(fd_of(file), data, len, (off_t)offset);

    if (put < 0)
        return errno;
    *out_len = (size_t)put;
    return 0;
}

int real_file_sync(struct file *file)
{
    return fdatasync(fd_of(file)) ? errno : 0;
}

/* Not posix_fallocate: where the disk cannot reserve, that one writes bytes instead, which on a
 * copy-on-write disk reserves nothing. */
int real_file_allocate(struct file *file, uint64_t size)
{
    return fallocate(fd_of(file), 0, 0, (off_t)size) ? errno : 0;
}

int real_file_truncate(struct file *file, uint64_t size)
{
    return ftruncate(fd_of(file), (off_t)size) ? errno : 0;
}

int real_file_size(struct file *file, uint64_t *out_size)
{
    struct stat about;

    if (fstat(fd_of(file), &about))
        return errno;
    *out_size = (uint64_t)about.st_size;
    return 0;
}

int real_file_lock(struct file *file)
{
    /* Of the open file, not of the process: closing another handle does not drop it. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd_of(file), F_OFD_SETLK, &whole) == 0)
        return 0;
    return errno == EACCES ? EWOULDBLOCK : errno;
}

void real_file_write_direct(struct file *file)
{
    (void)fcntl(fd_of(file), F_SETFL, O_DIRECT); /* a file in memory has no other way: refused */
}

void real_file_will_read(struct file *file, uint64_t offset, uint64_t len)
{
    (void)posix_fadvise(fd_of(file), (off_t)offset, (off_t)len, POSIX_FADV_SEQUENTIAL);
    (void)posix_fadvise(fd_of(file), (off_t)offset, (off_t)len, POSIX_FADV_WILLNEED);
}

void real_file_will_pick(struct file *file, uint64_t offset, uint64_t len)
{
    (void)posix_fadvise(fd_of(file), (off_t)offset, (off_t)len, POSIX_FADV_WILLNEED);
}

int real_file_rename(struct sys *sys, const char *from, const char *to)
{
    (void)sys;
    return rename(from, to) ? errno : 0;
}

int real_file_remove(struct sys *sys, const char *path)
{
    (void)sys;
    return unlink(path) ? errno : 0;
}

bool real_file_exists(struct sys *sys, const char *path)
{
    (void)sys;
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

int real_folder_make(struct sys *sys, const char *path)
{
    struct stat about;

    (void)sys;
    if (mkdir(path, 0700) == 0)
        return 0;
    if (errno == EEXIST && stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return 0;
    return errno;
}

int real_folder_remove(struct sys *sys, const char *path)
{
    (void)sys;
    return rmdir(path) ? errno : 0;
}

int real_folder_sync(struct sys *sys, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error;

    (void)sys;
    if (fd < 0)
        return errno;
    error = fsync(fd) ? errno : 0;
    close(fd);
    return error;
}

static bool is_itself_or_parent(const char *name)
{
    return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

int real_folder_names(struct sys *sys, const char *path, struct buf *out)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int error;

    (void)sys;
    if (!folder)
        return errno;
    while (errno = 0, (entry = readdir(folder))) {
        if (is_itself_or_parent(entry->d_name))
            continue;
        buf_add(out, str_of(entry->d_name));
        buf_add_byte(out, 0);
    }
    error = errno;
    closedir(folder);
    return error;
}

int real_folder_room(struct sys *sys, const char *path, uint64_t *out_bytes)
{
    struct statvfs about;

    (void)sys;
    if (statvfs(path, &about))
        return errno;
    *out_bytes = (uint64_t)about.f_bavail * about.f_frsize;
    return 0;
}
