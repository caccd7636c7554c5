/* history.svelte.ts - everything that one person did, read page by page, the oldest first.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The timeline goes forward in time only, and what she did last is what is wanted first: so it is
 * read to its end before it is shown, at most MOST events at a time; then somebody must ask for more.
 */
import type { Timeline, TimelineEvent } from '~/lib/answers';
import { ask, Problem, type Meta } from '~/lib/api';

const PAGE = 1000;
const MOST = 20000;

export interface Whose {
    person: string;
    zone: string;
    isRaw: boolean;
}

export interface History {
    /** In the order of time; those of the one before until the next ones are read. */
    readonly events: TimelineEvent[];
    /** How many are read so far. */
    readonly count: number;
    readonly isBusy: boolean;
    /** Are there newer ones still to be read? */
    readonly hasMore: boolean;
    readonly problem: Problem | null;
    readonly meta: Meta | null;
    readonly query: object;
    again(): void;
    goOn(): void;
}

/** For a component's script. */
export function history(make: () => Whose): History {
    const state = $state<{ problem: Problem | null; isBusy: boolean; count: number; turn: number }>({
        problem: null,
        isBusy: true,
        count: 0,
        turn: 0,
    });
    let events = $state.raw<TimelineEvent[]>([]);
    let meta = $state.raw<Meta | null>(null);
    let cursor = $state<string | null>(null);
    let control = new AbortController();
    const key = $derived(JSON.stringify(make()));

    function queryOf({ person, zone, isRaw }: Whose): object {
        return { kind: 'timeline', person, timezone: zone, limit: PAGE, ...(isRaw && { traffic: 'raw' }) };
    }

    async function read(from: string | null, known: TimelineEvent[]) {
        const own = (control = new AbortController());
        const query = queryOf(JSON.parse(key) as Whose);
        const found = [...known];
        let next = from;
        state.isBusy = true;
        state.problem = null;
        try {
            do {
                const page = await ask<Timeline>(next ? { ...query, cursor: next } : query, own.signal);
                found.push(...page.events);
                next = page.cursor;
                meta = page.meta;
                state.count = found.length;
            } while (next && found.length < known.length + MOST);
            events = found;
            cursor = next;
        } catch (error) {
            if (own.signal.aborted) return;
            state.problem = error instanceof Problem ? error : new Problem(0, String(error));
        }
        state.isBusy = false;
    }

    $effect(() => {
        void state.turn;
        void key;
        state.count = 0;
        void read(null, []);
        return () => control.abort();
    });

    return {
        get events() {
            return events;
        },
        get count() {
            return state.count;
        },
        get isBusy() {
            return state.isBusy;
        },
        get hasMore() {
            return cursor !== null;
        },
        get problem() {
            return state.problem;
        },
        get meta() {
            return meta;
        },
        get query() {
            return queryOf(JSON.parse(key) as Whose);
        },
        again: () => state.turn++,
        goOn: () => void read(cursor, events),
    };
}
