/* strangers.ts - text that anybody may have sent, within a sentence of the console's own.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * On its own such text stands in an element with dir="auto", which keeps its direction to itself. In a
 * message there is no element: so it is isolated, loses what would turn the text around it, and is cut
 * where a sentence could not hold it.
 */
const turns = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const MOST = 80;

/** Without what no keyboard types, so that it can be typed again. */
export function typable(text: string): string {
    return text.replace(turns, '').replace(controls, ' ').normalize('NFKC').trim();
}

export function quoted(text: string): string {
    const plain = [...text.replace(turns, '').replace(controls, ' ')];
    return `\u2068${plain.length > MOST ? `${plain.slice(0, MOST).join('')}…` : plain.join('')}\u2069`;
}

/** Indented JSON where it is JSON, else as it came. */
export function pretty(body: string): string {
    try {
        return JSON.stringify(JSON.parse(body), null, 2);
    } catch {
        return body;
    }
}
