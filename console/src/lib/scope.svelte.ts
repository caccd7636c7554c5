/* scope.svelte.ts - what the title line says, the same on every page: period, zone, traffic, filters.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { address, change } from './address.svelte';
import { conditionOf, readFilters, writeFilter, type Filter } from './filters';
import { before, rangeOf, readPeriod, type Period, type Range } from './period';
import { workspace } from './workspace.svelte';

/** The present, to the minute, so that a page left open goes on into tomorrow. */
let now = $state(Date.now());
setInterval(() => (now = Date.now()), 60000);

export const scope = {
    get now(): number {
        return now;
    },
    get zone(): string {
        return workspace.zone;
    },
    get period(): Period {
        return readPeriod(address.get('p'), workspace.zone, now);
    },
    get comparison(): Range | null {
        return address.get('c') === 'none' ? null : before(this.period, now);
    },
    get isRaw(): boolean {
        return address.get('t') === 'raw';
    },
    get filters(): Filter[] {
        return readFilters(address.all('f'));
    },
};

/** The common members of a question about what the title line says. */
export function common(range: Range = rangeOf(scope.period)): Record<string, unknown> {
    const where = scope.filters.map(conditionOf);
    return {
        ...range,
        timezone: scope.zone,
        ...(where.length > 0 && { where }),
        ...(scope.isRaw && { traffic: 'raw' }),
    };
}

export function setFilters(filters: Filter[]) {
    change({ f: filters.map(writeFilter) });
}

/** Adds a filter in place of those of the same property that it would contradict. */
export function filterBy(filter: Filter) {
    const others = scope.filters.filter((f) => f.prop !== filter.prop || f.op !== filter.op);
    setFilters([...others, filter]);
}

/** Another page about the same: its address with what the title line says. */
export function hrefInScope(path: string): string {
    const search = new URLSearchParams();
    for (const name of ['p', 'c', 't', 'f']) for (const value of address.all(name)) search.append(name, value);
    const text = search.toString();
    return text ? `${path}?${text}` : path;
}
