/* goals.ts - which events are goals of a visit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { EventKind } from './schema.svelte';

/** What an event that happened on a page has. */
export const PATH = 'context.page.path';
const CONSENT = 'Segment Consent Preference Updated'; /* asked of everybody, wished by nobody */

/** What pages told of a visit other than the visit itself, the most telling first. */
export function goalsOf(events: EventKind[]): string[] {
    return events
        .filter((event) => event.type === 'track' && event.name !== CONSENT)
        .filter(({ properties }) => !properties.some(({ name }) => name === 'engaged_ms'))
        .filter(({ properties, count }) => properties.some((p) => p.name === PATH && p.count * 2 >= count))
        .toSorted((a, b) => rankOf(a.name) - rankOf(b.name) || b.count - a.count)
        .map(({ name }) => name);
}

/* Segment's names of what a business lives on; the others follow by how often they happen. */
const first = [
    'Order Completed',
    'Subscription Started',
    'Trial Started',
    'Signed Up',
    'Account Created',
    'Lead Created',
    'Checkout Started',
    'Product Added',
    'Product Added to Wishlist',
];

function rankOf(name: string): number {
    const at = first.indexOf(name);
    return at < 0 ? first.length : at;
}
