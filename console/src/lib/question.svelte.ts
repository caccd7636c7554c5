/* question.svelte.ts - a question whose answer a page shows, asked again whenever it changes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { ask, Problem, type Answer } from './api';

export interface Asked<T> {
    /** The newest answer; while the next is awaited the one before. null before the first. */
    readonly answer: T | null;
    readonly problem: Problem | null;
    readonly isBusy: boolean;
    /** What was asked, for "copy query". */
    readonly query: object | null;
    again(): void;
}

/** For a component's script: `const visits = asked<Visits>(() => ({kind: "visits", ...}))`.
 * null asks nothing. What is asked twice alike is asked once. */
export function asked<T extends Answer>(make: () => object | null): Asked<T> {
    return resource<T, object>(make, ask<T>);
}

/** The same of anything that a key fetches. */
export function resource<T, K>(make: () => K | null, fetch: (key: K, signal: AbortSignal) => Promise<T>): Asked<T> {
    const state = $state<{ problem: Problem | null; isBusy: boolean; turn: number }>({
        problem: null,
        isBusy: true,
        turn: 0,
    });
    let answer = $state.raw<T | null>(null);
    const query = $derived(make());
    const key = $derived(JSON.stringify(query));

    $effect(() => {
        void state.turn;
        if (key === 'null') {
            answer = null;
            state.problem = null;
            state.isBusy = false;
            return;
        }
        const control = new AbortController();
        state.isBusy = true;
        fetch(JSON.parse(key) as K, control.signal)
            .then((value) => {
                answer = value;
                state.problem = null;
                state.isBusy = false;
            })
            .catch((error: unknown) => {
                if (control.signal.aborted) return;
                state.problem = error instanceof Problem ? error : new Problem(0, String(error));
                state.isBusy = false;
            });
        return () => control.abort();
    });

    return {
        get answer() {
            return answer;
        },
        get problem() {
            return state.problem;
        },
        get isBusy() {
            return state.isBusy;
        },
        get query() {
            return query as object | null;
        },
        again: () => state.turn++,
    };
}
