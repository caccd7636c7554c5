/* clock.svelte.ts - the server's present, moving on in steps while the page is looked at.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

const STEP_MS = 5000;
const MINUTE = 60000;

export interface Clock {
    /** Of the server, in milliseconds. */
    readonly now: number;
    /** Learns from an answer how far this machine's clock is off. */
    set(asOf: string): void;
}

/** For a component's script. */
export function clock(): Clock {
    let now = $state(Date.now());
    let ahead = 0;

    $effect(() => {
        const timer = setInterval(() => {
            if (!document.hidden) now = Date.now() + ahead;
        }, STEP_MS);
        return () => clearInterval(timer);
    });
    return {
        get now() {
            return now;
        },
        set(asOf) {
            const off = Date.parse(asOf) - Date.now();
            ahead = Math.abs(off) < 2000 ? 0 : off;
        },
    };
}

/** The last `minutes` as members of a question, by the clock's minutes with the one that runs. */
export function lastMinutes(now: number, minutes: number): { from: string; to: string } {
    const end = Math.floor(now / MINUTE) * MINUTE + MINUTE;
    const to = Math.min(end, now + STEP_MS); /* another question at each step, so that it is asked again */
    return { from: new Date(end - minutes * MINUTE).toISOString(), to: new Date(to).toISOString() };
}

/** The last `minutes` to the second. */
export function since(now: number, minutes: number): { from: string; to: string } {
    return { from: new Date(now - minutes * MINUTE).toISOString(), to: new Date(now + MINUTE).toISOString() };
}
