/* shares.ts - what the counts of funnels and cohorts come to as shares, and how they are shaded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Cohort, Step } from './types';

export interface Part {
    people: number;
    ofFirst: number;
    ofPrevious: number;
    /** Between the step before and this one. */
    lost: number;
    lostOfFirst: number;
}

/** Each step against the first and the one before; of nobody the shares are 0. */
export function partsOf(steps: Step[]): Part[] {
    const first = steps[0]?.people ?? 0;
    return steps.map(({ people }, k) => {
        const previous = k ? steps[k - 1].people : people;
        const lost = Math.max(0, previous - people);
        return {
            people,
            ofFirst: first ? people / first : 0,
            ofPrevious: previous ? people / previous : 0,
            lost,
            lostOfFirst: first ? lost / first : 0,
        };
    });
}

export interface Mean {
    returned: number;
    /** Of the cohorts whose period is over. */
    people: number;
}

/** Per period the cohorts together, each weighing what it has people; null: none is so far. */
export function meansOf(cohorts: Cohort[]): (Mean | null)[] {
    const periods = cohorts.reduce((most, { returned }) => Math.max(most, returned.length), 0);
    return Array.from({ length: periods }, (_, k) => {
        const known = cohorts.filter(({ returned }) => returned[k] !== null && returned[k] !== undefined);
        const people = known.reduce((sum, cohort) => sum + cohort.people, 0);
        return people ? { people, returned: known.reduce((sum, { returned }) => sum + returned[k]!, 0) } : null;
    });
}

export interface Shade {
    /** Of data-1 over data-soft, in per cent. */
    mix: number;
    /** Text on it takes the colour of what lies on the accent. */
    isDeep: boolean;
}

/**
 * The shade of a value on a scale up to `most`. It grows with the root, so that small values can
 * be told apart beside a large one, and leaps over the middle, where neither the text's colour
 * nor its opposite would reach 4.5:1 in both themes.
 */
export function shadeOf(value: number, most: number): Shade {
    const depth = most > 0 ? Math.sqrt(Math.min(1, Math.max(0, value) / most)) : 0;
    if (depth <= 0.75) return { mix: Math.round((depth / 0.75) * 48), isDeep: false };
    return { mix: Math.round(82 + ((depth - 0.75) / 0.25) * 18), isDeep: true };
}
