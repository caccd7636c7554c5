/* who.ts - the people behind a mark, as a segment that selects exactly them, or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A question looks at [from, to); a segment's window is (as_of - within, as_of]. Instants have
 * whole milliseconds, so as_of one before `to` makes both the same stretch. A segment reads
 * traits as they stood at as_of, a question as they stand now: a condition on a trait over a
 * stretch that has ended is therefore left without its people.
 */
import { conditionOf, filterFor, type Filter } from '~/lib/filters';
import type { Key } from '~/lib/answers';
import { common, scope } from '~/lib/scope.svelte';
import { matcherOf, type EventWord } from './events';

/** Milliseconds; null: from the first event, to the last. */
export interface Stretch {
    from: number | null;
    to: number | null;
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

/** The stretch of the title line. */
export function wholeStretch(): Stretch {
    const { from, to } = scope.period;
    return {
        from: from === null ? null : beginningOf(from, scope.zone),
        to: to === null ? null : beginningOf(to, scope.zone),
    };
}

/** A column of a series within the whole stretch. */
export function columnStretch(columns: string[], at: number): Stretch {
    const whole = wholeStretch();
    const begins = Date.parse(columns[at]);
    return {
        from: whole.from === null ? begins : Math.max(begins, whole.from),
        to: at + 1 < columns.length ? Date.parse(columns[at + 1]) : whole.to,
    };
}

function readsTraits(words: EventWord[], filters: Filter[]): boolean {
    return [...filters, ...words.flatMap((word) => word.filters)].some(({ prop }) => prop.startsWith('person.'));
}

function within({ from, to }: Stretch): { within?: string } {
    if (from === null) return {};
    return { within: spanOf(Math.round(((to ?? scope.now) - from) / 1000)) };
}

/** In the largest unit that says it exactly. */
function spanOf(seconds: number): string {
    if (seconds % 86400 === 0) return `${seconds / 86400}d`;
    if (seconds % 3600 === 0) return `${seconds / 3600}h`;
    return `${seconds}s`;
}

function hrefOf(tree: object, { to }: Stretch): string {
    const search = new URLSearchParams({ s: JSON.stringify(tree) });
    if (to !== null) search.set('as_of', new Date(to - 1).toISOString());
    if ('traffic' in common()) search.set('t', 'raw');
    return `/app/people?${search}`;
}

function isSayable(words: EventWord[], filters: Filter[], stretch: Stretch): boolean {
    return stretch.to === null || stretch.to > scope.now || !readsTraits(words, filters);
}

/** Who did `word` in the stretch; of one row of a breakdown only. */
export function whoDid(word: EventWord, stretch: Stretch, row?: { prop: string; key: Key }): string | null {
    const filters = [...scope.filters, ...(row ? [filterFor(row.prop, row.key)] : [])];
    if (!isSayable([word], filters, stretch)) return null;
    return hrefOf({ did: matcherOf(word, filters), ...within(stretch) }, stretch);
}

/**
 * Who came through the first `reached` steps; `isLost`: and not through the next. A row of a
 * breakdown is the value at the start of the deepest chain: only a trait is the same all along.
 */
export function whoReached(
    steps: EventWord[],
    window: string,
    reached: number,
    isLost: boolean,
    row?: { prop: string; key: Key },
): string | null {
    const stretch = wholeStretch();
    const own = row ? [filterFor(row.prop, row.key)] : [];
    if (reached < 1 || (row && !row.prop.startsWith('person.'))) return null;
    if (!isSayable(steps, [...scope.filters, ...own], stretch)) return null;
    const through = (n: number) => ({
        sequence: steps.slice(0, n).map((word) => matcherOf(word, scope.filters)),
        window,
        ...within(stretch),
    });
    const all: object[] = [...own.map(conditionOf), through(reached)];
    if (isLost) all.push({ not: through(reached + 1) });
    return hrefOf(all.length > 1 ? { all } : all[0], stretch);
}
