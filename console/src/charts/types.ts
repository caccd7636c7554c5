/* types.ts - what the charts are given. Each also gives a table of the same figures.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Interval } from '~/lib/period';
import type { Cell } from '~/lib/sheet';

/** How a figure is written; `short` on axes. */
export type Write = (value: number) => string;

/** One line of a time series; at most five and one of before are drawn. */
export interface Line {
    name: string;
    /** null: nothing can be said of that column. */
    values: (number | null)[];
    /** The period compared with: drawn quietly, without a label of its own in the table's head. */
    isBefore?: boolean;
}

export interface Times {
    /** RFC 3339 beginnings of the columns, in the zone of the question. */
    columns: string[];
    interval: Interval;
    /** The last column is not over: its piece of line is dashed. */
    isRunning: boolean;
}

export interface Row {
    /** The value as the server gives it; null: there is none. */
    key: string | number | boolean | null;
    name: string;
    value: number;
    /** Of the period before. */
    before?: number | null;
}

export interface Step {
    name: string;
    people: number;
    medianMs: number | null;
}

export interface Cohort {
    start: string;
    people: number;
    returned: (number | null)[];
}

export interface PathRow {
    events: string[];
    people: number;
    count: number;
}

/** What a figure hands to its table view and its CSV. */
export interface Sheet {
    head: string[];
    rows: Cell[][];
}
