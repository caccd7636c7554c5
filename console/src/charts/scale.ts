/* scale.ts - round figures for an axis, and room for labels that want the same place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

/** What the figures are: durations in ms have other round steps than the rest. */
export type Unit = 'number' | 'duration';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const durations = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat(
    [1, 2, 5, 10, 15, 30].map((n) => n * S),
    [1, 2, 5, 10, 15, 30].map((n) => n * M),
    [1, 2, 3, 6, 12, 24, 48, 120, 240].map((n) => n * H),
);

function stepOf(span: number, most: number, unit: Unit, isWhole: boolean): number {
    const least = span / most;
    const duration = unit === 'duration' && durations.find((step) => step >= least);
    if (duration) return duration;
    const ten = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 2.5, 5, 10].map((n) => n * ten).find((n) => n >= least && !(isWhole && n % 1)) ?? 10 * ten;
    return isWhole ? Math.max(1, Math.ceil(step)) : step;
}

/** Rising round figures from zero (or below, if `low` is) to the first that is not under `high`. */
export function ticksOf(low: number, high: number, most = 4, unit: Unit = 'number', isWhole = false): number[] {
    const bottom = Math.min(0, low);
    const top = Math.max(0, high);
    if (top === bottom) return [0, 1];
    const step = stepOf(top - bottom, most, unit, isWhole);
    const first = Math.floor(bottom / step);
    const last = Math.ceil(top / step - 1e-9);
    return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * Where labels of equal height come to stand when each wants to be at its `wanted` place: in
 * order, at least `gap` apart, between `from` and `to`, moved as little as that allows.
 */
export function spread(wanted: number[], gap: number, from: number, to: number): number[] {
    const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
    const out = [...wanted];
    let least = from;
    for (const i of order) {
        out[i] = Math.max(out[i], least);
        least = out[i] + gap;
    }
    let most = to;
    for (const i of order.reverse()) {
        out[i] = Math.min(out[i], most);
        most = out[i] - gap;
    }
    return out;
}
