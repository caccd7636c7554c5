/* apart.ts - names and dates within a sentence, marked by Unicode's isolates until it is shown.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export function apart(name: string): string {
    return `\u2068${name}\u2069`;
}

/** Text and names by turns: every second one is a name. */
export function partsOf(sentence: string): string[] {
    return sentence.split(/\u2068([^\u2069]*)\u2069/);
}

type Values = Record<string, string | number>;

/** The values of an ICU message with those in Latin letters apart; what chooses a branch stays as it is. */
export function latinApart(message: string, values: Values): Values {
    const isName = (name: string, value: string | number): value is string =>
        typeof value === 'string' && /^[^\u2068]*[A-Za-z]/.test(value) && !message.includes(`{${name}, select`);
    return Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, isName(name, value) ? apart(value) : value]),
    );
}
