/* questions.ts - what Today asks, and over whom.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { conditionOf } from '~/lib/filters';
import { rangeOf, type Range } from '~/lib/period';
import { common, scope } from '~/lib/scope.svelte';

export const ORDER = 'Order Completed';

const DAY_S = 86400;

/** Seconds since midnight in the days' zone. */
function sinceMidnight(now: number): number {
    const text = new Intl.DateTimeFormat('en-GB', { timeZone: scope.zone, timeStyle: 'medium' }).format(now);
    const [h, m, s] = text.split(':').map(Number);
    return h * 3600 + m * 60 + s;
}

/** How far back from `to`, or from now, the period began. */
function reachOf(now: number): string {
    const { days, isRunning } = scope.period;
    return `${isRunning ? (days - 1) * DAY_S + sinceMidnight(now) : days * DAY_S}s`;
}

/**
 * The common members of a question about what people did besides the views that a filter names.
 * A visit is kept where one of its events passes; an order never has its visit's source. So what
 * is asked here is about the people who had such an event in the stretch of time.
 */
export function ofWhoPass(now: number, range: Range = rangeOf(scope.period)): Record<string, unknown> {
    const { where, ...rest } = common(range);
    if (!where) return rest;
    const did = { event: '*', where: scope.filters.map(conditionOf) };
    if (!range.from) return { ...rest, audience: { did } };
    const isOver = !scope.period.isRunning || range.to !== scope.period.to;
    return { ...rest, ...(isOver && { as_of: range.to }), audience: { did, within: reachOf(now) } };
}
