/* search.ts - what people paste into a search field, as a segment.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Texts compare by bytes, so a name is looked for as it was typed and as names are written.
 */
import type { Segment } from './segment';

const address = /[^\s<>,;"']+@[^\s<>,;"']+/g;
const phone = /^[+(]?[\d\s().\-/]{6,24}$/;

/** Traits that hold such a thing, by their names. */
export function traitsOf(kind: 'mail' | 'phone' | 'name', traits: string[]): string[] {
    const pattern = { mail: /(^|[._])e?_?-?mail$/i, phone: /(^|[._])(phone|mobile|tel)/i, name: /name$/i }[kind];
    return traits.filter((trait) => pattern.test(trait.slice('person.'.length)));
}

function spellings(text: string): string[] {
    const lower = text.toLocaleLowerCase();
    const words = lower.replace(/(^|[\s\-'’.])(\p{L})/gu, (_, before: string, c: string) => before + c.toUpperCase());
    return [...new Set([text, words, lower, text.toLocaleUpperCase()])];
}

/** The digits with "+" and without: people write numbers in many ways. */
function numbers(text: string): string[] {
    const digits = text.replace(/\D/g, '').replace(/^00/, '');
    return [...new Set([text, `+${digits}`, digits, `0${digits}`])];
}

function anyOf(traits: string[], op: string, values: string[]): Segment[] {
    if (op === 'is') return traits.map((prop) => ({ prop, op: 'in', value: values }));
    return traits.flatMap((prop) => values.map((value) => ({ prop, op, value })));
}

/** The people whom `text` may mean; null of an empty text. `traits` as the schema has them. */
export function meaning(text: string, traits: string[]): Segment | null {
    const wanted = text.trim().normalize('NFC');
    if (wanted === '') return null;
    const mails = wanted.match(address);
    if (mails) {
        const values = [...new Set(mails.flatMap((mail) => [mail, mail.toLowerCase()]))];
        return { any: anyOf(traitsOf('mail', traits), 'is', values) };
    }
    return {
        any: [
            ...anyOf(traitsOf('name', traits), 'contains', spellings(wanted)),
            ...anyOf(traitsOf('mail', traits), 'starts', [wanted.toLowerCase()]),
            ...(phone.test(wanted) ? anyOf(traitsOf('phone', traits), 'is', numbers(wanted)) : []),
        ],
    };
}

/** May it be an identifier? Then the server is asked whose. */
export function isId(text: string): boolean {
    return /^\S{1,255}$/.test(text.trim());
}
