/* person.ts - what a person is called, and which of her traits are nobody else's business.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { shortId } from '~/lib/message';

export type Traits = Record<string, unknown>;

export function nameOf(traits: Traits): string {
    const text = (name: string) => (typeof traits[name] === 'string' ? (traits[name] as string).trim() : '');
    const both = [text('firstName') || text('first_name'), text('lastName') || text('last_name')].filter(Boolean);
    return text('name') || both.join(' ') || text('email');
}

/** Her name, else her id in short. */
export function callOf(id: string, traits: Traits): string {
    return nameOf(traits) || shortId(id);
}

const personal =
    /^(e-?mail|phone|mobile|tel(ephone)?|name|first_?name|last_?name|full_?name|address(\..*)?|street|birth(day|_?date)?|date_?of_?birth)$/i;

/** Is it of the kind that is kept sealed: what tells who she is, not what she is like? */
export function isPersonal(trait: string): boolean {
    return personal.test(trait);
}

/** As the table and the list show them: of nested traits by their paths. */
export function flat(traits: Traits, prefix = ''): [string, unknown][] {
    return Object.entries(traits).flatMap(([name, value]) =>
        typeof value === 'object' && value !== null && !Array.isArray(value)
            ? flat(value as Traits, `${prefix}${name}.`)
            : [[`${prefix}${name}`, value] as [string, unknown]],
    );
}
