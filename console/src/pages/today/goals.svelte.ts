/* goals.svelte.ts - how many people reached which goal, and how often.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Trend } from '~/lib/answers';
import { ask, type Answer } from '~/lib/api';
import { PATH } from '~/lib/goals';
import { rangeOf, type Range } from '~/lib/period';
import { resource, type Asked } from '~/lib/question.svelte';
import { scope } from '~/lib/scope.svelte';
import { ofWhoPass } from './questions';

export interface GoalRow {
    event: string;
    people: number;
    count: number;
    before: number | null;
}

export interface GoalRows extends Answer {
    rows: GoalRow[];
}

/* A sale at a till is no goal of a visit: only what happened on a page counts. */
const onPage = (event: string) => ({ event, where: [{ prop: PATH, op: 'set' }] });

interface Questions {
    events: string[];
    now: Record<string, unknown>;
    before: Record<string, unknown> | null;
}

function question(event: string, measure: string, shared: object): object {
    return { kind: 'trend', event: onPage(event), measure, interval: 'all', ...shared };
}

/** One after the other, so that what is above them on the page is not kept waiting. */
async function fetchRows({ events, now, before }: Questions, signal: AbortSignal): Promise<GoalRows> {
    const rows: GoalRow[] = [];
    const meta = { events_read: 0, elapsed_ms: 0, as_of: '' };
    for (const event of events) {
        const answers = await Promise.all([
            ask<Trend>(question(event, 'people', now), signal),
            ask<Trend>(question(event, 'events', now), signal),
            ...(before ? [ask<Trend>(question(event, 'people', before), signal)] : []),
        ]);
        const [people, count, old] = answers.map(({ series }) => Number(series[0]?.total ?? 0));
        rows.push({ event, people, count, before: before ? old : null });
        for (const answer of answers) {
            meta.events_read = Math.max(meta.events_read, answer.meta.events_read);
            meta.elapsed_ms += answer.meta.elapsed_ms;
            meta.as_of = answer.meta.as_of;
        }
    }
    return { rows, meta };
}

export function goalRows(
    events: () => string[],
    now: () => number,
    comparison: () => Range | null,
): Asked<GoalRows> {
    const shared = () => ofWhoPass(now(), rangeOf(scope.period));
    const rows = resource<GoalRows, Questions>(() => {
        const wanted = events();
        const range = comparison();
        if (wanted.length === 0) return null;
        return { events: wanted, now: shared(), before: range && ofWhoPass(now(), range) };
    }, fetchRows);
    return {
        get answer() {
            return rows.answer;
        },
        get problem() {
            return rows.problem;
        },
        get isBusy() {
            return rows.isBusy;
        },
        /** Of the first goal; the others' differ by the event. */
        get query() {
            const [first] = events();
            return first ? question(first, 'people', shared()) : null;
        },
        again: rows.again,
    };
}
