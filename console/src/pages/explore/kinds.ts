/* kinds.ts - the kinds of questions, what their words may be, and how an address writes them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export const kinds = ['trend', 'funnel', 'retention', 'paths', 'attribution'] as const;
export type Kind = (typeof kinds)[number];

export const intervals = ['minute', 'hour', 'day', 'week', 'month', 'all'] as const;
export type TrendInterval = (typeof intervals)[number];
export const returnIntervals = ['day', 'week', 'month'] as const;
export type ReturnInterval = (typeof returnIntervals)[number];

export const counts = ['events', 'people', 'per_person'] as const;
export const amounts = ['sum', 'mean', 'median', 'min', 'max'] as const;
export type Count = (typeof counts)[number];
export type Amount = (typeof amounts)[number];

/** `property` only of an amount. */
export interface Measure {
    how: Count | Amount;
    property: string | null;
}

export const models = ['last', 'first', 'linear', 'position', 'decay'] as const;
export type Model = (typeof models)[number];

export const mostSteps = 12;
export const mostPathSteps = 6;
export const mostPeriods = 36;

export function oneOf<T extends string>(list: readonly T[], text: string | null): T | null {
    return (list as readonly (string | null)[]).includes(text) ? (text as T) : null;
}

/** "events", or "sum:revenue". */
export function readMeasure(text: string | null): Measure | null {
    const count = oneOf(counts, text);
    if (count) return { how: count, property: null };
    const [, how, property] = /^(\w+):(.+)$/s.exec(text ?? '') ?? [];
    const amount = oneOf(amounts, how ?? null);
    return amount && property ? { how: amount, property } : null;
}

export function writeMeasure(measure: Measure): string {
    return measure.property === null ? measure.how : `${measure.how}:${measure.property}`;
}

/** As the query language has it. */
export function measureOf(measure: Measure): string | object {
    return measure.property === null ? measure.how : { [measure.how]: measure.property };
}

/** A whole number of an address within its bounds. */
export function readWhole(text: string | null, least: number, most: number): number | null {
    if (!/^\d{1,3}$/.test(text ?? '')) return null;
    const value = Number(text);
    return value >= least && value <= most ? value : null;
}
