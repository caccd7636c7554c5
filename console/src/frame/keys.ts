/* keys.ts - the keys that work on every page: Ctrl/⌘ K and "/", then "g" and a letter to go.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { go } from '~/lib/address.svelte';
import { hrefOf } from '~/pages';

/** After "g". The letters stand for the English words and stay the same in each language. */
export const goKeys: Record<string, string> = {
    t: 'today',
    l: 'live',
    e: 'explore',
    w: 'works',
    p: 'people',
    d: 'data',
    s: 'settings',
};

const CHORD_MS = 1200;
let lastG = 0;

function isTyping(target: EventTarget | null): boolean {
    return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, select, textarea'));
}

export function pressed(event: KeyboardEvent, doing: { palette: () => void; rail: () => void }) {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        doing.palette();
        return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    if (event.key === '/') {
        event.preventDefault();
        doing.palette();
    } else if (event.key === '[') {
        doing.rail();
    } else if (event.key === 'g') {
        lastG = event.timeStamp;
    } else if (event.timeStamp - lastG < CHORD_MS && event.key in goKeys) {
        lastG = 0;
        go(hrefOf(goKeys[event.key]));
    }
}
