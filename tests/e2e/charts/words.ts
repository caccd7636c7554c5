/* words.ts - stands in for the console's words: keys with their values, dates in English.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export function t(key: string, values: Record<string, string | number> = {}): string {
    return [key, ...Object.values(values)].join(' ');
}

export function dateTime(time: number, options: Intl.DateTimeFormatOptions): string {
    return new Intl.DateTimeFormat('en', options).format(time);
}
