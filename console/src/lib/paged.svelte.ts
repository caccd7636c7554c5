/* paged.svelte.ts - a list of the server that comes by `cursor`, a page at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call, Problem } from './api';

export interface Paged<Item, Page> {
    readonly items: Item[];
    /** The newest page as it came. null before the first. */
    readonly page: Page | null;
    readonly problem: Problem | null;
    readonly isBusy: boolean;
    readonly hasMore: boolean;
    more(): void;
    /** From the beginning; what is shown stays until the first page is there. */
    again(): void;
}

/** `path` with its query string, without a cursor; null asks nothing. */
export function paged<Item, Page extends { cursor: string | null }>(
    path: () => string | null,
    pick: (page: Page) => Item[],
): Paged<Item, Page> {
    let items = $state.raw<Item[]>([]);
    let page = $state.raw<Page | null>(null);
    const state = $state<{ problem: Problem | null; isBusy: boolean; turn: number }>({
        problem: null,
        isBusy: true,
        turn: 0,
    });
    let control = new AbortController();

    async function fetch(from: string, cursor: string | null) {
        control.abort();
        const mine = (control = new AbortController());
        state.isBusy = true;
        try {
            const mark = from.includes('?') ? '&' : '?';
            const address = cursor ? `${from}${mark}cursor=${encodeURIComponent(cursor)}` : from;
            const answer = await call<Page>('GET', address, { signal: mine.signal });
            if (mine.signal.aborted) return;
            items = cursor ? [...items, ...pick(answer)] : pick(answer);
            page = answer;
            state.problem = null;
        } catch (error) {
            if (mine.signal.aborted) return;
            state.problem = error instanceof Problem ? error : new Problem(0, String(error));
        }
        state.isBusy = false;
    }

    $effect(() => {
        void state.turn;
        const from = path();
        if (from === null) {
            items = [];
            page = null;
            state.isBusy = false;
        } else void fetch(from, null);
        return () => control.abort();
    });

    return {
        get items() {
            return items;
        },
        get page() {
            return page;
        },
        get problem() {
            return state.problem;
        },
        get isBusy() {
            return state.isBusy;
        },
        get hasMore() {
            return page !== null && page.cursor !== null;
        },
        more() {
            const from = path();
            if (from !== null && page?.cursor && !state.isBusy) void fetch(from, page.cursor);
        },
        again: () => state.turn++,
    };
}
