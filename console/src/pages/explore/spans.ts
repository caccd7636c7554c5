/* spans.ts - lengths of time as the query language writes them ("7d"), as people type them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
const units = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' } as const;
type Unit = keyof typeof units;

/** How the unit may begin in what is typed; the first that fits. */
const beginnings: [RegExp, Unit][] = [
    [/^(s|秒|ثا|ثوان)/i, 's'],
    [/^(m|分|دق)/i, 'm'],
    [/^(h|小?时|小時|ساع)/i, 'h'],
    [/^(d|天|日|يوم|أيام|ايام)/i, 'd'],
    [/^(w|周|星期|أسب|أساب|اسب)/i, 'w'],
];

const pattern = /^([1-9]\d{0,4})([smhdw])$/;

export function isSpan(text: string | null): text is string {
    return pattern.test(text ?? '');
}

/** "10 days", "10d", "10 天" -> "10d"; null of what is no length of time. */
export function readSpan(text: string): string | null {
    const [, amount, word] = /^\s*(\d{1,5})\s*(\p{L}+)\s*$/u.exec(text) ?? [];
    const unit = word && beginnings.find(([begins]) => begins.test(word))?.[1];
    const span = unit ? `${Number(amount)}${unit}` : '';
    return isSpan(span) ? span : null;
}

/** For Intl: how many of which unit. */
export function partsOf(span: string): { amount: number; unit: (typeof units)[Unit] } {
    const [, amount, unit] = pattern.exec(span) ?? ['', '7', 'd'];
    return { amount: Number(amount), unit: units[unit as Unit] };
}
