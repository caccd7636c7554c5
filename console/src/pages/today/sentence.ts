/* sentence.ts - what Today says in words. It tells differences and never a cause.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Key, Visits } from '~/lib/answers';
import { apart } from '~/lib/apart';
import { countsDiffer } from '~/lib/noise';
import { addDays, dayOf, type Period } from '~/lib/period';
import { dateTime, percent, t } from '~/lib/words.svelte';
import { totalOf, type Measure } from './measures';

function day(text: string, year: boolean): string {
    return apart(dateTime(text, { timeZone: 'UTC', day: 'numeric', month: 'long', ...(year && { year: 'numeric' }) }));
}

/** When it was, as the messages' `when` and the days in it. */
function whenOf(period: Period, today: string): Record<string, string | number> {
    if (!period.from || !period.to) return { when: 'ever', from: '', to: '', days: 0 };
    const last = addDays(period.to, -1);
    const isOtherYear = period.from.slice(0, 4) !== today.slice(0, 4);
    const when =
        period.days === 1 ? (period.isRunning ? 'today' : 'day') : period.isRunning ? 'since' : 'span';
    return { when, from: day(period.from, isOtherYear), to: day(last, isOtherYear), days: period.days };
}

/** How many came, and whether that is more than before. */
export function visitorsSentence(visits: Visits, earlier: Visits | null, period: Period, zone: string, now: number) {
    const values = { n: totalOf(visits).visitors, ...whenOf(period, dayOf(now, zone)) };
    if (values.n === 0) return t('today.say.nobody', values);
    const old = earlier ? totalOf(earlier).visitors : 0;
    if (old === 0) return t('today.say.plain', values);
    if (!countsDiffer(values.n, old)) return t('today.say.alike', values);
    const share = values.n / old - 1;
    return share > 0
        ? t('today.say.more', { ...values, share: percent(share, 0) })
        : t('today.say.fewer', { ...values, share: percent(-share, 0) });
}

interface Part {
    key: Key;
    by: number;
    differs: boolean;
}

/** Of each kind of source, how many visits more or fewer; every visit has one kind. */
function partsOf(kinds: Visits, before: Visits): Part[] {
    const old = new Map(before.series.map((series) => [series.key, series.total.visits]));
    const now = new Map(kinds.series.map((series) => [series.key, series.total.visits]));
    return [...new Set([...old.keys(), ...now.keys()])].map((key) => {
        const [a, b] = [now.get(key) ?? 0, old.get(key) ?? 0];
        return { key, by: a - b, differs: countsDiffer(a, b) };
    });
}

/** Where most of the difference in visits lies, if one kind of source holds more than half of it. */
export function sourceSentence(kinds: Visits, before: Visits, nameOf: (key: Key) => string): string | null {
    const parts = partsOf(kinds, before);
    const all = parts.reduce((sum, part) => sum + part.by, 0);
    const total = (visits: Visits) => visits.series.reduce((sum, series) => sum + series.total.visits, 0);
    if (!countsDiffer(total(kinds), total(before))) return null;
    const most = parts.find((part) => part.differs && part.by * all > 0 && Math.abs(part.by) * 2 > Math.abs(all));
    if (!most) return null;
    const kind = most.key === null ? 'direct' : String(most.key);
    return t(all > 0 ? 'today.say.most_more' : 'today.say.most_fewer', { kind, name: apart(nameOf(most.key)) });
}

/** What was sold, if anything. */
export function moneySentence(orders: Measure | undefined, money: Measure[]): string | null {
    if (!orders?.now || money.length !== 1 || money[0].now === null) return null;
    return t('today.say.orders', { n: orders.now, money: money[0].write(money[0].now) });
}
