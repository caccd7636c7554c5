/* recent.svelte.ts - the newest events, asked for again and again while somebody looks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call, Problem } from '~/lib/api';

export interface Arrived {
    seq: number;
    received: string;
    time: string;
    /** The call: a message need not tell it. */
    type: string;
    message: Message;
}

export interface Message {
    event?: string;
    name?: string;
    userId?: string;
    anonymousId?: string;
    context?: {
        channel?: string;
        page?: { url?: string; path?: string };
        traffic?: { verdict?: string; probability?: number; reasons?: string[] };
    };
    [member: string]: unknown;
}

const EVERY_MS = 2000;

/** What a question calls it: the name of a track event, else the call. */
export function eventOf({ type, message }: Arrived): string {
    return type === 'track' ? String(message.event ?? '') : type;
}

export interface Arrivals {
    /** The newest first. */
    readonly events: Arrived[];
    readonly problem: Problem | null;
    /** Has the server answered yet? */
    readonly isKnown: boolean;
}

/**
 * Follows for as long as the component is there and `isOn`; keeps `most`. A tab that nobody sees asks
 * nothing. What comes faster than it is asked for is passed over: this is a look, not the record.
 */
export function follow(isOn: () => boolean, limit = 100, most = 500): Arrivals {
    let events = $state.raw<Arrived[]>([]);
    const state = $state<{ problem: Problem | null; isKnown: boolean }>({ problem: null, isKnown: false });

    async function look(signal: AbortSignal) {
        try {
            const found = await call<{ events: Arrived[] }>('GET', `/api/recent?limit=${limit}`, { signal });
            const newest = events[0]?.seq ?? 0;
            const fresh = found.events.filter((event) => event.seq > newest);
            if (fresh.length > 0) events = [...fresh, ...events].slice(0, most);
            state.problem = null;
            state.isKnown = true;
        } catch (error) {
            if (!signal.aborted) state.problem = error as Problem;
        }
    }

    $effect(() => {
        if (!isOn()) return;
        const control = new AbortController();
        let timer: ReturnType<typeof setTimeout>;
        const turn = async () => {
            if (!document.hidden) await look(control.signal);
            if (!control.signal.aborted) timer = setTimeout(turn, EVERY_MS);
        };
        void turn();
        return () => {
            control.abort();
            clearTimeout(timer);
        };
    });

    return {
        get events() {
            return events;
        },
        get problem() {
            return state.problem;
        },
        get isKnown() {
            return state.isKnown;
        },
    };
}
