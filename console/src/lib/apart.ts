/* apart.ts - names in Latin letters stand apart within a sentence of another script.
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

/** `values` with names in Latin letters apart; not those by which a form is chosen. */
export function isolated(values: Record<string, string | number>, choosing: Set<string>): Record<string, string | number> {
    return Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
            name,
            typeof value === 'string' && !choosing.has(name) && /[A-Za-z]/.test(value) ? OPEN + value + CLOSE : value,
        ]),
    );
}
