/* steady.svelte.ts - a question that is asked again and again, shown without a flicker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Answer } from '~/lib/api';
import type { Asked } from '~/lib/question.svelte';

/** Busy or in trouble only while there is nothing to show: the page says once that figures are old. */
export function steady<T extends Answer>(asked: Asked<T>): Asked<T> {
    return {
        get answer() {
            return asked.answer;
        },
        get problem() {
            return asked.answer ? null : asked.problem;
        },
        get isBusy() {
            return asked.isBusy && !asked.answer;
        },
        get query() {
            return asked.query;
        },
        again: () => asked.again(),
    };
}
