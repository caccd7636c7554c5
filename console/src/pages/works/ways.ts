/* ways.ts - what What works compares, and the questions behind it.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each row is a funnel of its own: of the people who saw this, how many reached the goal within a
 * week after. One funnel with "by" would not say that: it gives every person to one row only, the
 * one where her way began.
 */
import type { Funnel, Key } from '~/lib/answers';
import { ask, type Answer } from '~/lib/api';
import { conditionOf, filterFor } from '~/lib/filters';
import { proportionsOf, type Proportion } from '~/lib/proportion';
import { common, scope } from '~/lib/scope.svelte';

export interface Way {
    /** Its name in the address; words: works.way.KEY. */
    key: string;
    event: string;
    prop: string;
    /** Is the time known for which each was in use? */
    isTimed: boolean;
}

export const ways: Way[] = [
    { key: 'title', event: 'page', prop: 'context.page.title', isTimed: true },
    { key: 'path', event: 'page', prop: 'context.page.path', isTimed: true },
    { key: 'product', event: 'Product Viewed', prop: 'name', isTimed: false },
    { key: 'campaign', event: 'page', prop: 'utm_campaign', isTimed: false },
];

const WINDOW = '7d';
const AT_ONCE = 3;

/** Filters choose views. They do not choose what came of them: an order has no source of its own. */
function matcher(way: Way, key?: Key): object {
    const where = scope.filters.map(conditionOf);
    where.push(key === undefined ? { prop: way.prop, op: 'set' } : conditionOf(filterFor(way.prop, key)));
    return { event: way.event, where };
}

function unfiltered(): Record<string, unknown> {
    const { where: _, ...rest } = common();
    return rest;
}

export function viewsQuery(way: Way, limit: number): object {
    const shared = { measure: 'events', interval: 'all', by: way.prop, limit };
    return { kind: 'trend', event: matcher(way), ...shared, ...unfiltered() };
}

export function timeQuery(way: Way): object {
    const shared = { measure: { sum: 'engaged_ms' }, interval: 'all', by: way.prop, limit: 1000 };
    return { kind: 'trend', event: '*', ...shared, ...common() };
}

/** Of all rows together where no key is given. */
export function funnelQuery(way: Way, goal: string, key?: Key): object {
    return { kind: 'funnel', steps: [matcher(way, key), goal], window: WINDOW, ...unfiltered() };
}

export interface Went extends Proportion {
    people: number;
    went: number;
}

export interface Rates extends Answer {
    all: Went | null;
    /** In the order of the questions; null of a row without people. */
    rows: (Went | null)[];
}

function countOf(funnel: Funnel): { people: number; went: number } {
    const [first, second] = funnel.series[0]?.steps ?? [];
    return { people: first?.people ?? 0, went: second?.people ?? 0 };
}

/** Asks the funnels, a few at a time, the one of all rows first, and then for the intervals. */
export async function fetchRates(queries: object[], signal: AbortSignal): Promise<Rates> {
    const funnels: Funnel[] = [];
    for (let i = 0; i < queries.length; i += AT_ONCE)
        funnels.push(...(await Promise.all(queries.slice(i, i + AT_ONCE).map((query) => ask<Funnel>(query, signal)))));
    const counts = funnels.map(countOf);
    const known = counts.filter(({ people }) => people > 0);
    const shares = await proportionsOf(
        known.map(({ people, went }) => ({ count: went, of: people })),
        signal,
    );
    const found = new Map(known.map((count, i) => [count, { ...count, ...shares[i] }]));
    const [all, ...rows] = counts.map((count) => found.get(count) ?? null);
    const meta = {
        events_read: Math.max(0, ...funnels.map((funnel) => funnel.meta.events_read)),
        elapsed_ms: funnels.reduce((sum, funnel) => sum + funnel.meta.elapsed_ms, 0),
        as_of: funnels[0]?.meta.as_of ?? '',
    };
    return { all, rows, meta };
}

export interface Counted {
    key: Key;
    name: string;
    views: number;
    /** Milliseconds in use for each view; null: not known. */
    time: number | null;
    went: Went | null;
}

export interface Row extends Counted {
    /** Against the middle; null where one of them is not known. */
    against: number | null;
    /** Does the interval leave the middle out? */
    differs: boolean;
}

/**
 * The median of the rows' shares; null of none. Who sees more pages does more of everything, so
 * nearly every row lies above the share of all people: what is typical of a row tells more.
 */
export function middleOf(rows: Counted[]): number | null {
    const shares = rows.flatMap(({ went }) => (went ? [went.estimate] : [])).toSorted((a, b) => a - b);
    const half = shares.length >> 1;
    if (shares.length === 0) return null;
    return shares.length % 2 ? shares[half] : (shares[half - 1] + shares[half]) / 2;
}

export function compared(rows: Counted[], middle: number | null): Row[] {
    return rows.map((row) => {
        if (!row.went || middle === null) return { ...row, against: null, differs: false };
        const [lo, hi] = row.went.ci;
        const against = middle > 0 ? row.went.estimate / middle - 1 : null;
        return { ...row, against, differs: middle < lo || middle > hi };
    });
}

export const orders = ['name', 'views', 'time', 'people', 'went', 'rate', 'against'] as const;
export type Order = (typeof orders)[number];

const valueOf: Record<Exclude<Order, 'name'>, (row: Row) => number> = {
    views: (row) => row.views,
    time: (row) => row.time ?? -1,
    people: (row) => row.went?.people ?? -1,
    went: (row) => row.went?.went ?? -1,
    rate: (row) => row.went?.estimate ?? -1,
    against: (row) => row.against ?? -2,
};

export function sorted(rows: Row[], order: Order, isUp: boolean): Row[] {
    const sign = isUp ? 1 : -1;
    const by = order === 'name' ? null : valueOf[order];
    return rows.toSorted((a, b) => sign * (by ? by(a) - by(b) : a.name.localeCompare(b.name)));
}
