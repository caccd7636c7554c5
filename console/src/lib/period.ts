/* period.ts - stretches of time as the address names them, and what they are compared with.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * "today", "7d" (the last 7 days with today), "month" (this one), "2026-11-01..2026-11-20" (both
 * days included), "all". Days are days of the time zone; the server knows where they begin.
 */
export type Interval = 'minute' | 'hour' | 'day' | 'week' | 'month';

export interface Period {
    name: string;
    /** First day, and the day after the last; null: from the first event, to the last. */
    from: string | null;
    to: string | null;
    days: number;
    interval: Interval;
    /** Does it reach into the present? Its last column is not over then. */
    isRunning: boolean;
}

export const presets = ['today', 'yesterday', '7d', '28d', '90d', 'month', 'year', 'all'] as const;
export const defaultPeriod = '28d';

const DAY = 86400000;
const pattern = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/;

/** The day of `now` in a time zone, "2026-11-22". */
export function dayOf(now: number, zone: string): string {
    return new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(now);
}

/** How far a zone's clock is before UTC at an instant. */
function ahead(at: number, zone: string): number {
    const format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
    });
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const wall = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
    return wall - Math.floor(at / 1000) * 1000;
}

/** The instant at which a day of a zone begins. */
export function beginningOf(day: string, zone: string): number {
    const wall = Date.parse(`${day}T00:00:00Z`);
    const near = wall - ahead(wall, zone);
    return wall - ahead(near, zone);
}

export function addDays(day: string, n: number): string {
    return new Date(Date.parse(day) + n * DAY).toISOString().slice(0, 10);
}

function between(from: string, to: string): number {
    return Math.round((Date.parse(to) - Date.parse(from)) / DAY);
}

function isDay(text: string): boolean {
    return !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);
}

function intervalOf(days: number): Interval {
    if (days <= 2) return 'hour';
    if (days <= 92) return 'day';
    if (days <= 400) return 'week';
    return 'month';
}

function make(name: string, from: string, to: string, today: string): Period {
    const days = between(from, to);
    return { name, from, to, days, interval: intervalOf(days), isRunning: to > today };
}

/** Reads a period's name; what cannot be read is the default. */
export function readPeriod(name: string | null, zone: string, now: number): Period {
    const today = dayOf(now, zone);
    const tomorrow = addDays(today, 1);
    const own = pattern.exec(name ?? '');
    if (own && isDay(own[1]) && isDay(own[2]) && own[1] <= own[2])
        return make(own[0], own[1], addDays(own[2], 1), today);
    switch (name) {
        case 'today':
            return make(name, today, tomorrow, today);
        case 'yesterday':
            return make(name, addDays(today, -1), today, today);
        case 'month':
            return make(name, `${today.slice(0, 7)}-01`, tomorrow, today);
        case 'year':
            return make(name, `${today.slice(0, 4)}-01-01`, tomorrow, today);
        case 'all':
            return { name, from: null, to: null, days: 0, interval: 'week', isRunning: true };
    }
    const last = /^(\d{1,3})d$/.exec(name ?? '');
    const days = last ? Math.max(1, Number(last[1])) : 28;
    return make(last ? `${days}d` : defaultPeriod, addDays(tomorrow, -days), tomorrow, today);
}

/** A period as the members of a question. */
export interface Range {
    from?: string;
    to?: string;
}

export function rangeOf(period: Period): Range {
    return { ...(period.from && { from: period.from }), ...(period.to && { to: period.to }) };
}

/**
 * The stretch just before, equally long. Of a period that is not over only as much as has passed
 * of this one, so that half a day is not compared with a whole one. null of "all".
 */
export function before(period: Period, now: number): Range | null {
    if (!period.from || !period.to) return null;
    const from = addDays(period.from, -period.days);
    if (!period.isRunning) return { from, to: period.from };
    return { from, to: new Date(now - period.days * DAY).toISOString() };
}
