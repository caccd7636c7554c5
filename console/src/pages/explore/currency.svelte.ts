/* currency.svelte.ts - whether a property's numbers are money, and of which currency.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Segment's specification puts `currency` beside the amounts of an event. Numbers are written as
 * money only where all of them are of one currency.
 */
import type { Trend } from '~/lib/answers';
import { asked } from '~/lib/question.svelte';
import { schema } from '~/lib/schema.svelte';
import { common } from '~/lib/scope.svelte';

const amounts = ['revenue', 'total', 'subtotal', 'value', 'price', 'tax', 'shipping', 'discount'];

function isMoney(event: string, property: string): boolean {
    const last = property.split('.').at(-1) ?? '';
    return amounts.includes(last) && schema.propertiesOf(event).some(({ name }) => name === 'currency');
}

/** For a component's script: the one currency of a property of an event, else null. */
export function currencyOf(make: () => { event: string; property: string } | null): { readonly code: string | null } {
    const answer = asked<Trend>(() => {
        const meant = make();
        if (!meant || !isMoney(meant.event, meant.property)) return null;
        return { kind: 'trend', event: meant.event, interval: 'all', by: 'currency', limit: 3, ...common() };
    });
    return {
        get code() {
            const keys = (answer.answer?.series ?? []).map(({ key }) => key).filter((key) => key !== null);
            const [code] = keys;
            return keys.length === 1 && typeof code === 'string' && /^[A-Z]{3}$/.test(code) ? code : null;
        },
    };
}
