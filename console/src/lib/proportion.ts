/* proportion.ts - shares with their 95 % intervals, which the server computes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call } from './api';

export interface Count {
    count: number;
    of: number;
}

export interface Proportion {
    estimate: number;
    ci: [number, number];
}

/** One of each row, in their order; `of` is above zero. */
export async function proportionsOf(rows: Count[], signal?: AbortSignal): Promise<Proportion[]> {
    if (rows.length === 0) return [];
    const body = { rows, method: 'wilson' };
    return (await call<{ rows: Proportion[] }>('POST', '/api/stats/proportion', { body, signal })).rows;
}
