/* time.ts - how the columns of a time series are called, and which of them an axis names.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A column carries the offset of the question's time zone. What is written is the date and time
 * that stand in it, whatever the zone of the browser: they are read as if they were UTC.
 */
import { dateTime, t } from '~/lib/words.svelte';
import type { Interval } from '~/lib/period';
import type { Times } from './types';

const MINUTE = 60000;
const DAY = 86400000;

/** The wall clock of a column, in milliseconds as if it were UTC. */
export function wallOf(column: string): number {
    return Date.parse(`${column.slice(0, 19)}Z`) || Date.parse(column.slice(0, 10));
}

function write(wall: number, options: Intl.DateTimeFormatOptions): string {
    return dateTime(wall, { ...options, timeZone: 'UTC' });
}

const isClock = (interval: Interval) => interval === 'hour' || interval === 'minute';

/** In full, for a hover card. */
export function columnTitle(column: string, interval: Interval): string {
    const wall = wallOf(column);
    const day = { day: 'numeric', month: 'short' } as const;
    if (interval === 'month') return write(wall, { month: 'long', year: 'numeric' });
    if (interval === 'week') return t('charts.week_of', { date: write(wall, { ...day, year: 'numeric' }) });
    if (interval === 'day') return write(wall, { ...day, weekday: 'short', year: 'numeric' });
    return write(wall, { ...day, weekday: 'short', hour: 'numeric', minute: '2-digit' });
}

/** As briefly as an axis needs it; midnight is called by its day, January by its year. */
export function columnLabel(column: string, interval: Interval): string {
    const wall = wallOf(column);
    if (interval === 'month')
        return write(wall, new Date(wall).getUTCMonth() === 0 ? { year: 'numeric' } : { month: 'short' });
    if (!isClock(interval) || wall % DAY === 0) return write(wall, { day: 'numeric', month: 'short' });
    if (interval === 'hour') return write(wall, { hour: 'numeric' });
    return write(wall, { hour: 'numeric', minute: '2-digit' });
}

/** What a table's row of the column is called. */
export function cohortTitle(column: string, interval: Interval): string {
    if (interval === 'month') return columnTitle(column, interval);
    return write(wallOf(column), { day: 'numeric', month: 'short', year: 'numeric' });
}

/** As a spreadsheet reads it: 2026-11-22, or 2026-11-22 14:00. */
export function columnCell(column: string, interval: Interval): string {
    if (isClock(interval)) return column.slice(0, 16).replace('T', ' ');
    return column.slice(0, interval === 'month' ? 7 : 10);
}

/** Does the column stand on a step of `rank`? The larger the rank the rarer. */
type Step = (wall: number) => boolean;

const clockSteps: Step[] = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440].map(
    (minutes) => (wall) => wall % (minutes * MINUTE) === 0,
);
const isFirst: Step = (wall) => new Date(wall).getUTCDate() === 1;
const monthSteps: Step[] = [1, 3, 6, 12].map((n) => (wall) => new Date(wall).getUTCMonth() % n === 0);
const daySteps: Step[] = [
    (wall) => (wall / DAY) % 2 === 0,
    (wall) => new Date(wall).getUTCDay() === 1,
    ...monthSteps.map(
        (step): Step =>
            (wall) =>
                isFirst(wall) && step(wall),
    ),
];

/** The columns that an axis names: at most `most`, on hours, Mondays or months that people count by. */
export function axisMarks(times: Times, most: number): number[] {
    const walls = times.columns.map(wallOf);
    const all = walls.map((_, i) => i);
    if (all.length <= most) return all;
    const steps = isClock(times.interval) ? clockSteps : times.interval === 'day' ? daySteps : [];
    for (const step of times.interval === 'month' ? monthSteps : steps) {
        const marks = all.filter((i) => step(walls[i]));
        if (marks.length >= 2 && marks.length <= most) return marks;
    }
    const every = Math.ceil(all.length / Math.max(1, most));
    const kept = isClock(times.interval) ? all.filter((i) => walls[i] % DAY === 0) : all;
    if (kept.length > 1 && kept.length < all.length)
        return kept.filter((_, i) => i % Math.ceil(kept.length / Math.max(1, most)) === 0);
    return all.filter((i) => i % every === 0);
}
