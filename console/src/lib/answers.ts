/* answers.ts - the shapes of the query language's answers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Answer } from './api';

export type Key = string | number | boolean | null;

/** Sums are exact decimal text; counts and the rest are numbers; null of an empty bucket. */
export type Figure = number | string | null;

export interface Trend extends Answer {
    columns: string[];
    series: { key: Key; values: Figure[]; total: Figure }[];
}

export interface VisitFigures<T> {
    visitors: T;
    visits: T;
    views: T;
    bounce_rate: T;
    engaged_ms: T;
}

export interface Visits extends Answer {
    columns: string[];
    series: ({ key: Key; total: VisitFigures<number> } & VisitFigures<(number | null)[]>)[];
}

export interface Funnel extends Answer {
    series: { key: Key; steps: { event: string; people: number; median_ms: number | null }[] }[];
}

export interface Retention extends Answer {
    cohorts: { start: string; people: number; returned: (number | null)[] }[];
}

export interface Paths extends Answer {
    paths: { events: string[]; people: number; count: number }[];
}

export interface Attribution extends Answer {
    rows: { key: Key; conversions: number; value: number | null }[];
    unattributed: { conversions: number; value: number | null };
}

export interface People extends Answer {
    count: number;
    people: { id: string; traits: Record<string, unknown> }[];
    cursor: string | null;
}

export interface Timeline extends Answer {
    events: TimelineEvent[];
    cursor: string | null;
}

export interface TimelineEvent {
    seq: number;
    [member: string]: unknown;
}
