/* sheet.ts - a figure's rows as CSV (RFC 4180) that a spreadsheet reads and does not execute.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export type Cell = string | number | null;

function cell(value: Cell): string {
    if (value === null) return '';
    if (typeof value === 'number') return String(value);
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(head: string[], rows: Cell[][]): string {
    return [head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** Hands `text` to the reader as a file. */
export function save(name: string, text: string, media = 'text/csv;charset=utf-8') {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob(['\ufeff', text], { type: media }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
