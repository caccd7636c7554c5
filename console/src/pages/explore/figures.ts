/* figures.ts - how a question's figures are written, and what may be said about them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { amountOf, tongue } from '~/lib/words.svelte';

/** The 99 % interval of Wilson for `count` of `of`. */
export function intervalOf(count: number, of: number): [number, number] {
    const z2 = 2.5758 ** 2;
    const share = count / of;
    const middle = share + z2 / (2 * of);
    const half = 2.5758 * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of * of));
    return [(middle - half) / (1 + z2 / of), (middle + half) / (1 + z2 / of)];
}

interface Part {
    count: number;
    of: number;
}

/** The best and the worst of several shares, if they differ by more than chance; else null. */
export function apart<T extends Part>(parts: T[]): { best: T; worst: T } | null {
    const known = parts.filter(({ of }) => of > 0);
    if (known.length < 2) return null;
    const low = (part: T) => intervalOf(part.count, part.of)[0];
    const high = (part: T) => intervalOf(part.count, part.of)[1];
    const best = known.reduce((a, b) => (low(b) > low(a) ? b : a));
    const worst = known.reduce((a, b) => (high(b) < high(a) ? b : a));
    return low(best) > high(worst) ? { best, worst } : null;
}

/** An arrow in the direction of reading. */
export function arrow(): string {
    return tongue.isRightToLeft ? ' ← ' : ' → ';
}

/** A length of time in its largest unit that leaves at least two. */
export function roughly(ms: number): string {
    const s = ms / 1000;
    if (s < 120) return amountOf(Math.round(s), 'second');
    if (s < 7200) return amountOf(Math.round(s / 60), 'minute');
    if (s < 172800) return amountOf(Math.round(s / 3600), 'hour');
    return amountOf(Math.round(s / 86400), 'day');
}
