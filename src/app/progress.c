/* progress.c - a bar on standard error, on a terminal only; Ctrl-C is noticed here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/progress.h"

#include "base/buf.h"
#include "sys/clock.h"
#include "sys/signals.h"
#include "sys/stream.h"

enum { REDRAW_NS = 100 * 1000 * 1000, WIDTH = 30 };

void progress_show(struct progress *progress, struct sys *sys, const char *what)
{
    *progress = (struct progress){.sys = sys, .what = what, .started_ns = clock_mono_ns(sys)};
    progress->is_shown = stream_is_terminal(STREAM_ERROR);
}

void progress_start(struct progress *progress, struct sys *sys, const char *what)
{
    progress_show(progress, sys, what);
    if (signals_open(&progress->signals) != OK)
        progress->signals = NULL; /* Ctrl-C then ends the process at once, as it would anyway */
}

static void draw(struct progress *progress, uint64_t done, uint64_t of, int64_t now)
{
    double part = of ? (double)done / (double)of : 1, seconds;
    struct buf line = {0};

    part = part > 1 ? 1 : part;
    buf_print(&line, "\r%s [", progress->what);
    for (int i = 0; i < WIDTH; i++)
        buf_add_byte(&line, i < (int)(part * WIDTH) ? '#' : ' ');
    buf_print(&line, "] %3.0f %%", part * 100);
    seconds = (double)(now - progress->started_ns) / 1e9;
    if (part > 0.01)
        buf_print(&line, ", %.0f s left  ", seconds / part - seconds);
    if (stream_write(STREAM_ERROR, buf_str(&line)) != OK)
        progress->is_shown = false;
    buf_done(&line);
}

bool progress_step(void *argument, uint64_t done, uint64_t of)
{
    struct progress *progress = argument;
    int64_t now = clock_mono_ns(progress->sys);

    if (progress->is_shown && now - progress->shown_ns >= REDRAW_NS) {
        progress->shown_ns = now;
        draw(progress, done, of, now);
    }
    return !progress->signals || !(signals_take(progress->signals) & SIGNALS_STOP);
}

void progress_end(struct progress *progress)
{
    if (progress->is_shown && progress->shown_ns && stream_write(STREAM_ERROR, S("\r\x1b[K")) != OK)
        progress->is_shown = false;
    signals_close(progress->signals);
    progress->signals = NULL;
}
