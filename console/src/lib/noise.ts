/* noise.ts - is a difference more than chance alone brings?
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two standard errors, about 95 %. Counts are taken as Poisson, shares as binomial. What falls
 * inside is shown grey and called "about as many".
 */

/** Two counts of equally long stretches of time. */
export function countsDiffer(a: number, b: number): boolean {
    return Math.abs(a - b) > 2 * Math.sqrt(a + b);
}

/** Two shares, each of so many. */
export function sharesDiffer(a: number, ofA: number, b: number, ofB: number): boolean {
    if (ofA === 0 || ofB === 0) return false;
    const pooled = (a * ofA + b * ofB) / (ofA + ofB);
    return Math.abs(a - b) > 2 * Math.sqrt(pooled * (1 - pooled) * (1 / ofA + 1 / ofB));
}

/**
 * Two sums or means over so many independent visits or orders, whose sizes are taken to spread as
 * widely as they are large on average; `isSum`: their number varies as well.
 */
export function sizesDiffer(a: number, nA: number, b: number, nB: number, isSum: boolean): boolean {
    if (nA === 0 || nB === 0) return nA !== nB && countsDiffer(nA, nB);
    const spread = isSum ? 2 : 1;
    return Math.abs(a - b) > 2 * Math.sqrt(spread * ((a * a) / nA + (b * b) / nB));
}
