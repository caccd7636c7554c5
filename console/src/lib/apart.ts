/* apart.ts - names within a sentence, marked by Unicode's isolates until it is shown.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Without isolates (Unicode Standard Annex 9) a name in another script would carry the words around
 * it along.
 */
import type { IntlMessageFormat } from 'intl-messageformat';

/* First strong isolate, and its end: made, for the compiler of components refuses them in sources. */
const OPEN = String.fromCharCode(0x2068);
const CLOSE = String.fromCharCode(0x2069);
const marked = new RegExp(`${OPEN}([^${CLOSE}]*)${CLOSE}`);

export function apart(name: string): string {
    return OPEN + name + CLOSE;
}

/** Text and names by turns: every second one is a name. */
export function partsOf(sentence: string): string[] {
    return sentence.split(marked);
}

type Ast = ReturnType<IntlMessageFormat['getAst']>;

/** The arguments of every `select`, at any depth. */
export function choosingOf(parts: Ast): string[] {
    return parts.flatMap((part) => {
        if (!('options' in part)) return [];
        const inner = Object.values(part.options).flatMap((option) => choosingOf(option.value));
        return 'pluralType' in part ? inner : [part.value, ...inner];
    });
}

function isLatin(text: string): boolean {
    return /[A-Za-z]/.test(text) && !text.includes(OPEN);
}

/** `values` with names in Latin letters apart; not those by which a form is chosen. */
export function isolated(values: Record<string, string | number>, choosing: Set<string>): Record<string, string | number> {
    return Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
            name,
            typeof value === 'string' && !choosing.has(name) && isLatin(value) ? apart(value) : value,
        ]),
    );
}
