/* apart.ts - names stand apart within a sentence, above all in Latin letters within another script.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Without isolates (Unicode Standard Annex 9) such a name would carry the words around it along.
 */
import type { IntlMessageFormat } from 'intl-messageformat';

type Ast = ReturnType<IntlMessageFormat['getAst']>;

/** The arguments of every `select`, at any depth. */
export function choosingOf(parts: Ast): string[] {
    return parts.flatMap((part) => {
        if (!('options' in part)) return [];
        const inner = Object.values(part.options).flatMap((option) => choosingOf(option.value));
        return 'pluralType' in part ? inner : [part.value, ...inner];
    });
}

/* First strong isolate, and its end. */
const OPEN = String.fromCharCode(0x2068);
const CLOSE = String.fromCharCode(0x2069);

/** A name or a date in a sentence that ui/Sentence shows: there it becomes an element of its own. */
export function apart(name: string): string {
    return OPEN + name + CLOSE;
}

/** Text and names by turns: every second one is a name. */
export function partsOf(sentence: string): string[] {
    return sentence.split(new RegExp(`${OPEN}([^${CLOSE}]*)${CLOSE}`));
}

function isLatin(value: string | number): value is string {
    return typeof value === 'string' && !value.startsWith(OPEN) && /[A-Za-z]/.test(value);
}

/** `values` with names in Latin letters apart; not those by which a form is chosen. */
export function isolated(values: Record<string, string | number>, choosing: Set<string>): Record<string, string | number> {
    return Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
            name,
            isLatin(value) && !choosing.has(name) ? apart(value) : value,
        ]),
    );
}
