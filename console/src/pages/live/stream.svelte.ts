/* stream.svelte.ts - what arrives at the server, as it arrives: the newest few of it, and how many.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The connection is opened again by itself, each time a little later, and is left alone while
 * nobody looks at the page.
 */
import type { TimelineEvent } from '~/lib/answers';
import { call } from '~/lib/api';

const NEWEST = 20;
const FIRST_WAIT_MS = 1000;
const MOST_WAIT_MS = 30000;

export interface Count {
    events: number;
    passed_over: number;
    /** The server's time. */
    time: string;
}

export interface Stream {
    readonly state: 'opening' | 'open' | 'cut';
    /** While it is cut: when the next attempt is made, by this machine's clock. */
    readonly nextAt: number;
    /** Of everything since the page was opened. */
    readonly arrived: number;
    readonly passedOver: number;
    again(): void;
}

function parsed<T>(event: Event): T | null {
    try {
        return JSON.parse((event as MessageEvent<string>).data) as T;
    } catch {
        return null;
    }
}

interface Recent {
    events: { seq: number; time: string; type: string; message: Record<string, unknown> }[];
}

/** The newest that came before, newest first; none where it cannot be told. */
export async function recent(limit: number): Promise<TimelineEvent[]> {
    try {
        const { events } = await call<Recent>('GET', `/api/recent?limit=${limit}`);
        return events.map(({ seq, time, type, message }) => ({ ...message, seq, type, timestamp: time }));
    } catch {
        return []; /* what arrives from now on tells whether the way is cut */
    }
}

/** For a component's script: `take` gets each event, oldest first. */
export function stream(take: (event: TimelineEvent) => void): Stream {
    const state = $state<{ state: Stream['state']; nextAt: number; arrived: number; passedOver: number }>({
        state: 'opening',
        nextAt: 0,
        arrived: 0,
        passedOver: 0,
    });
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;

    function open() {
        close();
        source = new EventSource(`/api/tail?newest=${NEWEST}`);
        source.addEventListener('open', () => {
            failures = 0;
            state.state = 'open';
        });
        source.addEventListener('message', (event) => {
            const message = parsed<TimelineEvent>(event);
            if (message) take(message);
        });
        source.addEventListener('count', (event) => {
            const count = parsed<Count>(event);
            if (!count) return;
            state.arrived += count.events;
            state.passedOver += count.passed_over;
        });
        source.addEventListener('error', retry);
    }

    /* Its own retries come at a fixed pace, and not at all after a refusal. */
    function retry() {
        close();
        const wait = Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.75 + Math.random() / 2);
        failures++;
        state.state = 'cut';
        state.nextAt = Date.now() + wait;
        timer = setTimeout(open, wait);
    }

    function close() {
        clearTimeout(timer);
        source?.close();
        source = null;
    }

    function look() {
        if (document.hidden) close();
        else if (!source) open();
    }

    $effect(() => {
        look();
        document.addEventListener('visibilitychange', look);
        return () => {
            document.removeEventListener('visibilitychange', look);
            close();
        };
    });

    return {
        get state() {
            return state.state;
        },
        get nextAt() {
            return state.nextAt;
        },
        get arrived() {
            return state.arrived;
        },
        get passedOver() {
            return state.passedOver;
        },
        again: open,
    };
}
