/* vfs_check.c - every page of a database file, without SQLite.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A crash may leave a page torn that the write-ahead log still holds whole; those pages are left
 * to whoever reads through the log. So are damages of the log that take data away; here it is told
 * what of it is damaged beside them.
 */
#include "base/mem.h"
#include "store/vfs_int.h"

#include <stdio.h>
#include <string.h>

enum { LOCK_BYTE = 1 << 30 }; /* the page that holds it is never written */

struct page_check {
    struct file *file;
    uint64_t pages;           /* begun ones count */
    unsigned char *is_in_log; /* one byte a page */
    void (*report)(void *, const char *);
    void *argument;
    bool found;
};

static uint64_t read_page_number(const unsigned char *at)
{
    return (uint64_t)at[0] << 24 | (uint64_t)at[1] << 16 | (uint64_t)at[2] << 8 | at[3];
}

static fallible mark_pages(struct page_check *check, struct file *log)
{
    unsigned char header[WAL_HEADER], frame[WAL_FRAME_HEADER];
    size_t got;

    TRY(file_read(log, 0, header, sizeof header, &got));
    for (uint64_t at = WAL_HEADER; got == sizeof header; at += WAL_FRAME) {
        uint64_t number;
        size_t read;

        TRY(file_read(log, at, frame, sizeof frame, &read));
        if (read < sizeof frame || memcmp(frame + 8, header + 16, 8) != 0)
            break;
        number = read_page_number(frame);
        if (number && number <= check->pages)
            check->is_in_log[number - 1] = 1;
    }
    return OK;
}

static fallible check_guards(struct page_check *check, struct file *log, const char *log_path)
{
    struct vfs_file wal = {.file = log, .path = log_path};
    enum err err = vfs_wal_scan(&wal);
    char line[128];

    if (!err && wal.damaged_guard) {
        check->found = true;
        snprintf(line, sizeof line,
                 "the write-ahead log is damaged at %llu, behind its last transaction",
                 (unsigned long long)wal.damaged_guard);
        check->report(check->argument, line);
    }
    vfs_wal_done(&wal);
    return err == ERR_CORRUPT ? OK : err;
}

static fallible check_page(struct page_check *check, uint64_t number)
{
    char page[VFS_PAGE], line[96];
    size_t got;

    TRY(file_read(check->file, (number - 1) * VFS_PAGE, page, sizeof page, &got));
    if (got == sizeof page && vfs_page_is_sound(page, number))
        return OK;
    check->found = true;
    snprintf(line, sizeof line, "page %llu is damaged: its checksum is wrong",
             (unsigned long long)number);
    check->report(check->argument, line);
    return OK;
}

static fallible check_all(struct sys *sys, const char *log_path, struct page_check *check)
{
    struct file *log;
    enum err err;

    err = file_open(sys, log_path, FILE_READ, &log);
    if (!err) {
        err = mark_pages(check, log);
        if (!err)
            err = check_guards(check, log, log_path);
        file_close(log);
    }
    if (err && err != ERR_ABSENT)
        return err;
    for (uint64_t number = 1; number <= check->pages; number++) {
        if (!check->is_in_log[number - 1] && number != LOCK_BYTE / VFS_PAGE + 1)
            TRY(check_page(check, number));
    }
    return OK;
}

fallible vfs_check_pages(struct sys *sys, const char *path, void (*report)(void *, const char *),
                         void *argument, bool *out_found)
{
    struct page_check check = {.report = report, .argument = argument};
    size_t len = str_of(path).len;
    char *log_path = NULL;
    uint64_t size;
    enum err err;

    TRY(file_open(sys, path, FILE_READ, &check.file));
    err = file_size(check.file, &size);
    if (err)
        goto done;
    check.pages = (size + VFS_PAGE - 1) / VFS_PAGE;
    check.is_in_log = mem_alloc((size_t)check.pages);
    log_path = mem_alloc(len + sizeof "-wal");
    if (!check.is_in_log || !log_path) {
        err = mem_exhausted();
        goto done;
    }
    memcpy(log_path, path, len);
    memcpy(log_path + len, "-wal", sizeof "-wal");
    err = check_all(sys, log_path, &check);
done:
    mem_free(check.is_in_log);
    mem_free(log_path);
    file_close(check.file);
    if (!err)
        *out_found = check.found;
    return err;
}
