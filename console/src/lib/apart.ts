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
