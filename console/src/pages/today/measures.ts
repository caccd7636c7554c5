/* measures.ts - the figures in a row: what each is now, was before, and whether that differs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Figure, Trend, VisitFigures, Visits } from '~/lib/answers';
import { countsDiffer, sharesDiffer, sizesDiffer } from '~/lib/noise';
import { duration, money, number, percent, short, t } from '~/lib/words.svelte';

export interface Measure {
    /** Its name in the address. */
    key: string;
    name: string;
    now: number | null;
    /** null: nothing to compare with. */
    before: number | null;
    differs: boolean;
    /** Whether more is better. */
    isGood: boolean;
    write: (value: number) => string;
    short: (value: number) => string;
    values: (number | null)[];
    valuesBefore: (number | null)[];
}

type Rate = (visits: VisitFigures<number | null>) => number | null;

const rates: Record<string, Rate> = {
    visitors: (v) => v.visitors,
    visits: (v) => v.visits,
    views: (v) => v.views,
    engaged: (v) => (v.visits ? (v.engaged_ms ?? 0) / v.visits : null),
    bounce: (v) => v.bounce_rate,
};

type Differs = (a: VisitFigures<number>, b: VisitFigures<number>) => boolean;

const differ: Record<string, Differs> = {
    visitors: (a, b) => countsDiffer(a.visitors, b.visitors),
    visits: (a, b) => countsDiffer(a.visits, b.visits),
    views: (a, b) => sizesDiffer(a.views, a.visits, b.views, b.visits, true),
    engaged: (a, b) => sizesDiffer(a.engaged_ms / a.visits, a.visits, b.engaged_ms / b.visits, b.visits, false),
    bounce: (a, b) => sharesDiffer(a.bounce_rate, a.visits, b.bounce_rate, b.visits),
};

const nothing: VisitFigures<number> = { visitors: 0, visits: 0, views: 0, bounce_rate: 0, engaged_ms: 0 };

export function totalOf(visits: Visits): VisitFigures<number> {
    return visits.series[0]?.total ?? nothing;
}

function seriesOf(visits: Visits | null, rate: Rate): (number | null)[] {
    const series = visits?.series[0];
    if (!series) return visits?.columns.map(() => 0) ?? [];
    return series.visits.map((_, i) =>
        rate({
            visitors: series.visitors[i],
            visits: series.visits[i],
            views: series.views[i],
            bounce_rate: series.bounce_rate[i],
            engaged_ms: series.engaged_ms[i],
        }),
    );
}

/** Tenths below ten minutes' worth of seconds say nothing: whole seconds. */
function timeOf(ms: number): string {
    return duration(Math.round(ms / 1000) * 1000);
}

export function visitMeasures(visits: Visits, earlier: Visits | null): Measure[] {
    const now = totalOf(visits);
    const before = earlier && totalOf(earlier);
    return Object.entries(rates).map(([key, rate]) => {
        const count = (value: number) => number(value);
        const write = key === 'engaged' ? timeOf : key === 'bounce' ? (v: number) => percent(v) : count;
        return {
            key,
            name: t(`today.${key}`),
            now: rate(now),
            before: before && rate(before),
            differs: before !== null && before.visits > 0 && differ[key](now, before),
            isGood: key !== 'bounce',
            write,
            short: key === 'engaged' ? timeOf : key === 'bounce' ? (v) => percent(v, 0) : short,
            values: seriesOf(visits, rate),
            valuesBefore: seriesOf(earlier, rate),
        };
    });
}

const numeric = (value: Figure) => (value === null ? null : Number(value));
const count = (trend: Trend | null) => Number(trend?.series[0]?.total ?? 0);

export function orderMeasures(orders: Trend, earlier: Trend | null): Measure[] {
    const [a, b] = [count(orders), count(earlier)];
    if (a === 0 && b === 0) return [];
    return [
        {
            key: 'orders',
            name: t('today.orders'),
            now: a,
            before: earlier && b,
            differs: earlier !== null && countsDiffer(a, b),
            isGood: true,
            write: (v) => number(v),
            short,
            values: orders.series[0]?.values.map(numeric) ?? [],
            valuesBefore: earlier?.series[0]?.values.map(numeric) ?? [],
        },
    ];
}

const WHOLE = 1000; /* from here on cents only take room; the table has them */

/** One for each currency; money of two is never added. */
export function moneyMeasures(sums: Trend, earlier: Trend | null, orders: Trend, ordersBefore: Trend | null): Measure[] {
    const isCurrency = (key: unknown): key is string => typeof key === 'string' && key.length === 3;
    const currencies = [sums, earlier].flatMap((answer) => answer?.series.map(({ key }) => key) ?? []).filter(isCurrency);
    return [...new Set(currencies)].map((currency) => {
        const now = sums.series.find(({ key }) => key === currency);
        const old = earlier?.series.find(({ key }) => key === currency);
        const [a, b] = [Number(now?.total ?? 0), Number(old?.total ?? 0)];
        return {
            key: `revenue-${currency}`,
            name: new Set(currencies).size > 1 ? t('today.revenue_in', { currency }) : t('today.revenue'),
            now: a,
            before: earlier && b,
            differs: earlier !== null && sizesDiffer(a, count(orders), b, count(ordersBefore), true),
            isGood: true,
            write: (v: number) => money(v, currency, Math.abs(v) >= WHOLE),
            short: (v: number) => short(v),
            values: now?.values.map(numeric) ?? sums.columns.map(() => 0),
            valuesBefore: old?.values.map(numeric) ?? [],
        };
    });
}
