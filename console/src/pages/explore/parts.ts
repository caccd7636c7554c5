/* parts.ts - a message cut at its places.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { t } from '~/lib/words.svelte';

export interface Part {
    text: string;
    /** The place's name; null of text. */
    slot: string | null;
}

const mark = '\u0001'; /* no message and no name holds it */

/** The message `key` with its values; at the places named in `slots` it is cut. */
export function partsOfMessage(key: string, values: Record<string, string | number>, slots: string[]): Part[] {
    const marked = Object.fromEntries(slots.map((name, i) => [name, `${mark}${i}${mark}`]));
    return t(key, { ...values, ...marked })
        .split(mark)
        .map((text, i) => (i % 2 ? { text: '', slot: slots[Number(text)] } : { text, slot: null }))
        .filter((part) => part.slot !== null || part.text !== '');
}
