/* sheets.ts - the figures of each chart as rows, for its table and its CSV.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Interval } from '~/lib/period';
import { t } from '~/lib/words.svelte';
import { partsOf } from './shares';
import { columnCell } from './time';
import type { Cohort, Line, PathRow, Row, Sheet, Step, Times } from './types';

export function sheetOfTimes(times: Times, lines: Line[]): Sheet {
    return {
        head: [t('charts.time'), ...lines.map((line) => (line.isBefore ? line.name || t('charts.before') : line.name))],
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

/** A row for each step of each series; shares are of 1. */
export function sheetOfSteps(series: { name: string | null; steps: Step[] }[]): Sheet {
    const isNamed = series.length > 1;
    return {
        head: [
            ...(isNamed ? [t('charts.series_name')] : []),
            t('charts.step'),
            t('charts.people'),
            t('charts.share_of_first'),
            t('charts.share_of_previous'),
            t('charts.lost_head'),
            t('charts.median_ms'),
        ],
        rows: series.flatMap(({ name, steps }) =>
            partsOf(steps).map((part, k) => [
                ...(isNamed ? [name] : []),
                steps[k].name,
                part.people,
                part.ofFirst,
                part.ofPrevious,
                part.lost,
                steps[k].medianMs,
            ]),
        ),
    };
}

/** A row for each cohort: its people, then how many came back in each period. */
export function sheetOfCohorts(cohorts: Cohort[], interval: Interval): Sheet {
    const periods = cohorts.reduce((most, { returned }) => Math.max(most, returned.length), 0);
    const each = Array.from({ length: periods }, (_, k) => k);
    return {
        head: [t('charts.cohort'), t('charts.people'), ...each.map((k) => t(`charts.period_${interval}`, { n: k }))],
        rows: cohorts.map((cohort) => [
            columnCell(cohort.start, interval),
            cohort.people,
            ...each.map((k) => cohort.returned[k] ?? null),
        ]),
    };
}

/** A row for each path, its steps in columns. */
export function sheetOfPaths(after: string, paths: PathRow[], name: (event: string) => string): Sheet {
    const steps = paths.reduce((most, { events }) => Math.max(most, events.length), 0);
    const each = Array.from({ length: steps }, (_, k) => k);
    return {
        head: [
            name(after),
            ...each.map((k) => t('charts.step_n', { n: k + 1 })),
            t('charts.times'),
            t('charts.people'),
        ],
        rows: paths.map(({ events, count, people }, i) => [
            i + 1,
            ...each.map((k) => (events[k] === undefined ? null : name(events[k]))),
            count,
            people,
        ]),
    };
}
