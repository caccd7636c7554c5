/* segment.ts - segments of the query language as the rows of a builder, and back.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * A builder shows one list, of which all or any hold; each row is a condition on a trait or on what
 * somebody did, or the opposite of one. What is more than that stays the tree it is.
 */
import { conditionOf, operators, takesValue, type Filter, type Operator, type Value } from '~/lib/filters';

export type Segment = string | Segment[] | { [member: string]: unknown };

export const tests = ['gte', 'lte', 'eq', 'gt', 'lt'] as const;
export type Test = (typeof tests)[number];
export const units = ['m', 'h', 'd', 'w'] as const;
export type Unit = (typeof units)[number];

export interface TraitRow {
    kind: 'trait';
    isNot: boolean;
    /** With "person." in front. "": not chosen yet. */
    prop: string;
    op: Operator;
    value: Value;
}

export interface DidRow {
    kind: 'did';
    isNot: boolean;
    event: string;
    where: Filter[];
    test: Test;
    count: number;
    /** null: ever. */
    within: { n: number; unit: Unit } | null;
}

export type Row = TraitRow | DidRow;

export interface Rows {
    joined: 'all' | 'any';
    rows: Row[];
}

export const everyone: Segment = { all: [] };

export function newTrait(prop = ''): TraitRow {
    return { kind: 'trait', isNot: false, prop, op: 'is', value: '' };
}

export function newDid(event = ''): DidRow {
    return { kind: 'did', isNot: false, event, where: [], test: 'gte', count: 1, within: null };
}

/** Can it be asked about, or is something still to be filled in? */
export function isWhole(row: Row): boolean {
    if (row.kind === 'did') return row.event !== '' && row.count >= 0;
    return row.prop !== '' && (!takesValue(row.op) || row.value !== '');
}

/* Rows to tree */

function writeRow(row: Row): Segment {
    if (row.kind === 'trait') return { ...conditionOf(row) };
    const event = row.where.length > 0 ? { event: row.event, where: row.where.map(conditionOf) } : row.event;
    const isPlain = row.test === 'gte' && row.count === 1;
    return {
        did: event,
        ...(!isPlain && { count: { [row.test]: row.count } }),
        ...(row.within && { within: `${row.within.n}${row.within.unit}` }),
    };
}

/** The tree of the rows that are whole. */
export function write({ joined, rows }: Rows): Segment {
    return { [joined]: rows.filter(isWhole).map((row) => (row.isNot ? { not: writeRow(row) } : writeRow(row))) };
}

/* Tree to rows; null of what the builder cannot show */

function hasOnly(tree: object, ...names: string[]): boolean {
    return Object.keys(tree).every((name) => names.includes(name));
}

function readCondition(tree: object): Filter | null {
    if (!hasOnly(tree, 'prop', 'op', 'value')) return null;
    const { prop, op, value } = tree as { prop: unknown; op: unknown; value: unknown };
    if (typeof prop !== 'string' || !(operators as readonly unknown[]).includes(op)) return null;
    if (!takesValue(op as Operator)) return { prop, op: op as Operator };
    if (!['string', 'number', 'boolean'].includes(typeof value)) return null;
    return { prop, op: op as Operator, value: value as Value };
}

function readTrait(tree: object): TraitRow | null {
    const test = readCondition(tree);
    if (!test) return null;
    const prop = test.prop.startsWith('person.') ? test.prop : `person.${test.prop}`;
    return { kind: 'trait', isNot: false, prop, op: test.op, value: test.value ?? '' };
}

function readWhere(where: unknown): Filter[] | null {
    if (where === undefined) return [];
    const list = Array.isArray(where) ? where : [where];
    const filters = list.map((one) => (typeof one === 'object' && one !== null ? readCondition(one) : null));
    return filters.every((filter) => filter !== null) ? filters : null;
}

function readCount(count: unknown): { test: Test; count: number } | null {
    if (count === undefined) return { test: 'gte', count: 1 };
    if (typeof count !== 'object' || count === null) return null;
    const [bound, ...others] = Object.entries(count);
    if (!bound || others.length > 0 || !(tests as readonly string[]).includes(bound[0])) return null;
    return Number.isInteger(bound[1]) ? { test: bound[0] as Test, count: bound[1] } : null;
}

function readSpan(span: unknown): DidRow['within'] | undefined {
    if (span === undefined) return null;
    const parts = typeof span === 'string' ? /^(\d{1,5})([mhdw])$/.exec(span) : null;
    return parts ? { n: Number(parts[1]), unit: parts[2] as Unit } : undefined;
}

function readDid(tree: { did?: unknown; count?: unknown; within?: unknown }): DidRow | null {
    const matcher = typeof tree.did === 'string' ? { event: tree.did } : tree.did;
    if (!hasOnly(tree, 'did', 'count', 'within') || typeof matcher !== 'object' || matcher === null) return null;
    const { event, where } = matcher as { event?: unknown; where?: unknown };
    const filters = readWhere(where);
    const count = readCount(tree.count);
    const within = readSpan(tree.within);
    if (!hasOnly(matcher, 'event', 'where') || typeof event !== 'string') return null;
    if (!filters || !count || within === undefined) return null;
    return { kind: 'did', isNot: false, event, where: filters, ...count, within };
}

function readRow(tree: unknown): Row | null {
    if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return null;
    if ('prop' in tree) return readTrait(tree);
    if ('did' in tree) return readDid(tree);
    if (!('not' in tree) || !hasOnly(tree, 'not')) return null;
    const inner = readRow(tree.not);
    return inner && !inner.isNot ? { ...inner, isNot: true } : null;
}

export function read(tree: Segment): Rows | null {
    if (typeof tree === 'string') return null;
    const isList = Array.isArray(tree);
    const joined = !isList && 'any' in tree ? 'any' : 'all';
    const list: unknown = isList ? tree : tree[joined];
    if (list === undefined) {
        const row = readRow(tree);
        return row && { joined: 'all', rows: [row] };
    }
    if (!Array.isArray(list) || (!isList && !hasOnly(tree, joined))) return null;
    const rows = list.map(readRow);
    return rows.every((row) => row !== null) ? { joined, rows } : null;
}

/** The tree of an address; null: there is none, "wrong": it is no JSON. */
export function parse(text: string | null): Segment | null | 'wrong' {
    if (!text) return null;
    try {
        const tree: unknown = JSON.parse(text);
        return typeof tree === 'string' || (typeof tree === 'object' && tree !== null) ? (tree as Segment) : 'wrong';
    } catch {
        return 'wrong';
    }
}

/** Is everyone in it? Of any of nothing it is nobody. */
export function isEveryone(tree: Segment): boolean {
    return typeof tree === 'object' && !Array.isArray(tree) && Array.isArray(tree.all) && tree.all.length === 0;
}
