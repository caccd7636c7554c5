/* stream.c - standard input, output and error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys/stream.h"

#include "sys/sys_int.h"

#include <poll.h>
#include <unistd.h>

static const char *const names[] = {"standard input", "standard output", "standard error"};

/* Whoever started us may share a non-blocking stream with us: then wait here. */
static void wait_until_ready(int fd, short events)
{
    struct pollfd entry = {.fd = fd, .events = events};

    (void)poll(&entry, 1, -1);
}

fallible stream_write(enum stream stream, str bytes)
{
    while (bytes.len) {
        ssize_t put = write((int)stream, bytes.data, bytes.len);
        if (put >= 0)
            bytes = str_slice(bytes, (size_t)put, bytes.len);
        else if (errno == EAGAIN)
            wait_until_ready((int)stream, POLLOUT);
        else if (errno != EINTR)
            return sys_fail(errno, "write to", names[stream]);
    }
    return OK;
}

fallible stream_read(enum stream stream, void *out, size_t len, size_t *out_len)
{
    for (;;) {
        ssize_t got = read((int)stream, out, len);
        if (got >= 0) {
            *out_len = (size_t)got;
            return OK;
        }
        if (errno == EAGAIN)
            wait_until_ready((int)stream, POLLIN);
        else if (errno != EINTR)
            return sys_fail(errno, "read from", names[stream]);
    }
}

bool stream_is_terminal(enum stream stream)
{
    return isatty((int)stream) == 1;
}
