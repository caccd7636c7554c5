/* sentence.ts - what What works says in words: what stands out from chance, and how much would anyway.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { apart } from '~/lib/apart';
import { eventName } from '~/lib/names.svelte';
import { number, percent, t } from '~/lib/words.svelte';
import type { Row, Way } from './ways';

const CHANCE = 0.05; /* of 95 % intervals, those that miss */
const STEP = 0.5; /* where more go on, it is a step of the goal itself and no news */

export function worksSentence(way: Way, goal: string, rows: Row[], middle: number | null): string {
    if (middle === null) return t('works.say.nobody', { way: way.key });
    const known = rows.filter((row) => row.went);
    const outside = known.filter((row) => row.differs);
    const best = outside
        .filter((row) => row.went!.estimate > middle && row.went!.estimate < STEP)
        .toSorted((a, b) => b.went!.ci[0] - a.went!.ci[0])
        .at(0);
    const values = {
        way: way.key,
        goal: apart(eventName(goal)),
        middle: percent(middle),
        rows: known.length,
        n: outside.length,
        chance: number(known.length * CHANCE, known.length < 20 ? 1 : 0),
    };
    if (!best) return t(outside.length === 0 ? 'works.say.alike' : 'works.say.below', values);
    const { estimate, ci } = best.went!;
    const share = { name: apart(best.name), share: percent(estimate), lo: percent(ci[0]), hi: percent(ci[1]) };
    return t('works.say.best', { ...values, ...share });
}
