/* change.ts - a figure against the one of the period before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export interface Change {
    /** Of the figure before: 0.08 is 8 % more. */
    share: number;
    /** Under a hundredth, or what chance alone gives counts of this size: shown grey. */
    isTiny: boolean;
}

/** null where there is nothing to compare with, or it was zero. */
export function changeOf(value: number | null, before: number | null | undefined): Change | null {
    if (value === null || before === null || before === undefined || before <= 0) return null;
    const share = value / before - 1;
    /* Two counts of chance differ by less than two standard deviations of their difference 19
       times of 20. For larger units, as money or milliseconds, this asks next to nothing. */
    const noise = 2 * Math.sqrt(Math.max(0, value) + before);
    return { share, isTiny: Math.abs(share) < 0.01 || Math.abs(value - before) < noise };
}
