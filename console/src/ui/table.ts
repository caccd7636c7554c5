/* table.ts - what ui/DataTable.svelte is told of its columns, and how it sorts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Snippet } from 'svelte';

export type Sortable = string | number | null;

export interface Column<Row> {
    key: string;
    name: string;
    /** A cell's content: a snippet of the page, or plain text. */
    cell?: Snippet<[Row]>;
    text?: (row: Row) => string;
    /** Its head becomes a button. Numbers begin with the largest, text with the first. */
    sortBy?: (row: Row) => Sortable;
    isNumber?: boolean;
    /** It says who the row is of: a head of the row. By itself the first column. */
    isHead?: boolean;
}

/** "count" is ascending, "-count" descending. */
export function readSort(sort: string): { key: string; isDown: boolean } {
    return sort.startsWith('-') ? { key: sort.slice(1), isDown: true } : { key: sort, isDown: false };
}

/** What a press on the head of `column` makes of `sort`. */
export function nextSort<Row>(sort: string, column: Column<Row>): string {
    const { key, isDown } = readSort(sort);
    if (key !== column.key) return column.isNumber ? `-${column.key}` : column.key;
    return isDown ? column.key : `-${column.key}`;
}

/** What has no value stands last in both directions; equal rows keep their order. */
export function sorted<Row>(rows: Row[], columns: Column<Row>[], sort: string, locale: string): Row[] {
    const { key, isDown } = readSort(sort);
    const by = columns.find((column) => column.key === key)?.sortBy;
    if (!by) return rows;
    const collator = new Intl.Collator(locale, { numeric: true });
    return rows.toSorted((one, other) => {
        const [a, b] = [by(one), by(other)];
        if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
        const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
        return isDown ? -order : order;
    });
}
