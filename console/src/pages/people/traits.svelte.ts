/* traits.svelte.ts - traits and their values as the reader calls them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { valueName } from '~/lib/names.svelte';
import { dateTime, has, number, t } from '~/lib/words.svelte';

export function traitName(name: string): string {
    return has(`trait.${name}`) ? t(`trait.${name}`) : name;
}

/** Is it one of the user's own, and not to be translated? */
export function isOwnTrait(name: string): boolean {
    return !has(`trait.${name}`);
}

const day = /^\d{4}-\d{2}-\d{2}$/;

export function traitText(name: string, value: unknown): string {
    if (value === null || value === undefined) return '';
    if (typeof value === 'number') return name === 'year' ? String(value) : number(value, 6);
    if (Array.isArray(value)) return value.map((one) => traitText(name, one)).join(t('happening.comma'));
    if (typeof value === 'object') return JSON.stringify(value);
    if (typeof value === 'string' && day.test(value))
        return dateTime(value, { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' });
    return valueName(`person.${name}`, value);
}
