/* filters.ts - the chips of the title line: conditions that an address can carry.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One is `f=PROPERTY~OPERATOR~VALUE`; a value is JSON, so that 1 and "1" stay two things.
 */
export const operators = [
    'is',
    'is_not',
    'contains',
    'not_contains',
    'starts',
    'gt',
    'gte',
    'lt',
    'lte',
    'set',
    'not_set',
] as const;
export type Operator = (typeof operators)[number];
export type Value = string | number | boolean;

export interface Filter {
    prop: string;
    op: Operator;
    value?: Value;
}

export function takesValue(op: Operator): boolean {
    return op !== 'set' && op !== 'not_set';
}

export function writeFilter(filter: Filter): string {
    const head = `${encodeURIComponent(filter.prop)}~${filter.op}`;
    return takesValue(filter.op) ? `${head}~${JSON.stringify(filter.value ?? '')}` : head;
}

/** null of what is no filter. */
export function readFilter(text: string): Filter | null {
    const [prop, op, ...rest] = text.split('~');
    if (!prop || !(operators as readonly string[]).includes(op)) return null;
    try {
        const filter: Filter = { prop: decodeURIComponent(prop), op: op as Operator };
        if (takesValue(filter.op)) {
            const value: unknown = JSON.parse(rest.join('~'));
            if (!['string', 'number', 'boolean'].includes(typeof value)) return null;
            filter.value = value as Value;
        }
        return filter;
    } catch {
        return null;
    }
}

export function readFilters(texts: string[]): Filter[] {
    return texts.map(readFilter).filter((filter) => filter !== null);
}

/** A filter for the rows of one value; null is "there is none". */
export function filterFor(prop: string, key: unknown): Filter {
    if (key === null || key === undefined) return { prop, op: 'not_set' };
    return { prop, op: 'is', value: key as Value };
}

/** A condition of the query language. */
export function conditionOf(filter: Filter): object {
    return takesValue(filter.op)
        ? { prop: filter.prop, op: filter.op, value: filter.value }
        : { prop: filter.prop, op: filter.op };
}
