/* moment.svelte.ts - until when Today has looked. It moves on once a minute, and rests a hundred
 * times as long as its questions took, so that an open page never keeps a server busy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { createContext, untrack } from 'svelte';
import type { Answer } from '~/lib/api';
import type { Asked } from '~/lib/question.svelte';
import { scope } from '~/lib/scope.svelte';

const REST = 100;

export class Moment {
    at = $state(scope.now);
    #took = 0;
    #moved = Date.now();

    /** For a component's script: goes with the clock while the period does. */
    constructor() {
        $effect(() => {
            const now = scope.now;
            untrack(() => {
                if (now === this.at || !scope.period.isRunning || document.hidden) return;
                if (Date.now() - this.#moved < this.#took * REST) return;
                this.#took = 0;
                this.#moved = Date.now();
                this.at = now;
            });
        });
    }

    /** `asked`, asked again whenever the moment moves on. */
    keep<T extends Answer>(asked: Asked<T>): Asked<T> {
        let at = this.at;
        $effect(() => {
            if (this.at === at) return;
            at = this.at;
            untrack(() => asked.again());
        });
        $effect(() => {
            const took = asked.answer?.meta.elapsed_ms ?? 0;
            untrack(() => (this.#took += took));
        });
        return asked;
    }
}

/** The page begins one; what is within it takes part. */
export const [theMoment, setMoment] = createContext<Moment>();
