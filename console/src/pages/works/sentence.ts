/* sentence.ts - what What works says in words: what stands out from chance, and how much would anyway.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { eventName } from '~/lib/names.svelte';
import { number, percent, t } from '~/lib/words.svelte';
import type { Row, Way, Went } from './ways';

const CHANCE = 0.05; /* of 95 % intervals, those that miss */

/** A name of any script within a sentence of another. */
const apart = (name: string) => `\u2068${name}\u2069`;

export function worksSentence(way: Way, goal: string, rows: Row[], all: Went | null): string {
    if (!all) return t('works.say.nobody', { way: way.key });
    const known = rows.filter((row) => row.went);
    const outside = known.filter((row) => row.differs);
    const best = outside
        .filter((row) => (row.against ?? 0) > 0)
        .toSorted((a, b) => b.went!.ci[0] - a.went!.ci[0])
        .at(0);
    const values = {
        way: way.key,
        goal: apart(eventName(goal)),
        all: percent(all.estimate),
        rows: known.length,
        n: outside.length,
        chance: number(known.length * CHANCE, 0),
    };
    if (!best) return t(outside.length === 0 ? 'works.say.alike' : 'works.say.below', values);
    const { estimate, ci } = best.went!;
    const share = { name: apart(best.name), share: percent(estimate), lo: percent(ci[0]), hi: percent(ci[1]) };
    return t('works.say.best', { ...values, ...share });
}
