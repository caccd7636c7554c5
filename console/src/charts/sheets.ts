/* sheets.ts - the figures of each chart as rows, for its table and its CSV.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { t } from '~/lib/words.svelte';
import { columnCell } from './time';
import type { Line, Row, Sheet, Times } from './types';

export function sheetOfTimes(times: Times, lines: Line[]): Sheet {
    return {
        head: [
            t('charts.time'),
            ...lines.map((line) => (line.isBefore ? line.name || t('charts.before') : line.name)),
        ],
        rows: times.columns.map((column, i) => [
            columnCell(column, times.interval),
            ...lines.map((line) => line.values[i] ?? null),
        ]),
    };
}

/** `what` heads the names, `figure` the values. */
export function sheetOfRows(rows: Row[], what: string, figure: string): Sheet {
    const isCompared = rows.some(({ before }) => before !== undefined);
    return {
        head: [what, figure, ...(isCompared ? [t('charts.before')] : [])],
        rows: rows.map((row) => [row.name, row.value, ...(isCompared ? [row.before ?? null] : [])]),
    };
}
