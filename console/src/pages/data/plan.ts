/* plan.ts - a tracking plan as a small form, and back: what the form does not show is kept as it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { EventKind } from '~/lib/schema.svelte';

export type Scalar = string | number | boolean | null;

export interface Schema {
    type?: string | string[];
    enum?: Scalar[];
    required?: string[];
    properties?: Record<string, Schema>;
    additionalProperties?: boolean | Schema;
    [keyword: string]: unknown;
}

export interface EventPlan {
    name: string;
    description: string;
    mode: 'enforce' | 'watch';
    changed_at: string;
    checked: number;
    broken: number;
    schema: Schema;
    violations: { property: string; rule: string; count: number }[];
}

export interface PlannedEvent {
    name: string;
    description: string;
    mode: 'enforce' | 'watch';
    changed_at: string;
    checked: number;
    broken: number;
}

export type Unplanned = 'keep' | 'watch' | 'quarantine';

export interface Plan {
    unplanned: Unplanned;
    unplanned_count: number;
    events: PlannedEvent[];
}

export const types = ['string', 'number', 'integer', 'boolean', 'array', 'object'];

/** One property in the form. */
export interface Row {
    name: string;
    /** "" any; several stand with blanks between, as "string null". */
    type: string;
    isRequired: boolean;
    /** Allowed values as typed; "": all. */
    allowed: string;
    /** Its schema as it was: the form changes type and enum of it. */
    rest: Schema;
}

export function hasMore(row: Row): boolean {
    return Object.keys(row.rest).some((keyword) => keyword !== 'type' && keyword !== 'enum');
}

function written(value: Scalar): string {
    if (typeof value !== 'string') return String(value);
    const isPlain = value !== '' && value === value.trim() && !/[",;،,、\t\n]/.test(value);
    return isPlain ? value : JSON.stringify(value);
}

export function rowsOf(schema: Schema): Row[] {
    const required = new Set(schema.required ?? []);
    const names = [...Object.keys(schema.properties ?? {})];
    for (const name of required) if (!names.includes(name)) names.push(name);
    return names.map((name) => {
        const rest = schema.properties?.[name] ?? {};
        return {
            name,
            type: [rest.type ?? []].flat().join(' '),
            isRequired: required.has(name),
            allowed: (rest.enum ?? []).map(written).join(', '),
            rest,
        };
    });
}

/** Values as people paste them: with commas, lines or tabs between; what stands in quotes stays whole. */
export function readAllowed(text: string, type: string): Scalar[] {
    const found = text.match(/"(?:[^"\\]|\\.)*"|[^,;،,、\t\n]+/g) ?? [];
    const kinds = type.split(' ');
    const isNumber = kinds.some((kind) => kind === 'number' || kind === 'integer');
    const values = found
        .map((one) => one.trim())
        .filter((one) => one !== '')
        .map((one): Scalar => {
            if (one.startsWith('"')) {
                try {
                    return JSON.parse(one) as string;
                } catch {
                    return one;
                }
            }
            if (isNumber && !Number.isNaN(Number(one))) return Number(one);
            if (kinds.includes('boolean') && (one === 'true' || one === 'false')) return one === 'true';
            if (kinds.includes('null') && one === 'null') return null;
            return one;
        });
    return values.filter((value, i) => values.indexOf(value) === i);
}

/** The schema that `rows` say; `isClosed`: no other properties. The rest of `before` is kept. */
export function schemaOf(rows: Row[], isClosed: boolean, before: Schema): Schema {
    const named = rows.filter((row) => row.name.trim() !== '');
    const properties: Record<string, Schema> = {};
    for (const row of named) {
        const { type: _type, enum: _enum, ...rest } = row.rest;
        const kinds = row.type.split(' ').filter(Boolean);
        const allowed = readAllowed(row.allowed, row.type);
        properties[row.name.trim()] = {
            ...(kinds.length > 0 && { type: kinds.length === 1 ? kinds[0] : kinds }),
            ...(allowed.length > 0 && { enum: allowed }),
            ...rest,
        };
    }
    const { required: _required, properties: _properties, additionalProperties, ...rest } = before;
    const required = named.filter((row) => row.isRequired).map((row) => row.name.trim());
    const others = isClosed ? false : additionalProperties === false ? undefined : additionalProperties;
    return {
        ...rest,
        type: 'object',
        ...(required.length > 0 && { required }),
        properties,
        ...(others !== undefined && { additionalProperties: others }),
    };
}

/** A type of the server's list of what was seen, as a schema calls it. */
const schemaType: Record<string, string> = { text: 'string', number: 'number', boolean: 'boolean', list: 'array' };

/** Names that a plan is about: of the event itself, not within another. */
function topNames(kind: EventKind): string[] {
    const own = kind.properties.map((p) => p.name).filter((name) => !/^(context|person)\./.test(name));
    return [...new Set(own.map((name) => name.split('.')[0]))];
}

/** A first plan out of what was seen: types as they came, required what was always there. */
export function rowsFromSeen(kind: EventKind): Row[] {
    return topNames(kind).map((name) => {
        const seen = kind.properties.find((p) => p.name === name);
        const all = Object.keys(seen?.types ?? {}).map((type) => schemaType[type] ?? type);
        return {
            name,
            type: seen ? all.join(' ') : 'object',
            isRequired: seen !== undefined && kind.count > 0 && seen.count === kind.count,
            allowed: '',
            rest: {},
        };
    });
}

/** What a plan would have found among the events that are stored. */
export interface Finding {
    rule: 'required' | 'type' | 'enum' | 'other';
    property: string;
    count: number;
}

/** All findings but those of allowed values, which have to be asked for. */
export function findingsOf(rows: Row[], isClosed: boolean, kind: EventKind | undefined): Finding[] {
    if (!kind || kind.count === 0) return [];
    const findings: Finding[] = [];
    for (const row of rows) {
        const name = row.name.trim();
        const seen = kind.properties.find((p) => p.name === name);
        const isWithin = kind.properties.some((p) => p.name.startsWith(`${name}.`));
        if (!name || (!seen && isWithin)) continue;
        const missing = kind.count - (seen?.count ?? 0);
        if (row.isRequired && missing > 0) findings.push({ rule: 'required', property: name, count: missing });
        const allowed = row.type.split(' ').map((type) => (type === 'integer' ? 'number' : type));
        const wrong = Object.entries(seen?.types ?? {})
            .filter(([type]) => row.type !== '' && !allowed.includes(schemaType[type] ?? type))
            .reduce((n, [, count]) => n + count, 0);
        if (wrong > 0) findings.push({ rule: 'type', property: name, count: wrong });
    }
    const named = new Set(rows.map((row) => row.name.trim()));
    if (isClosed)
        for (const name of topNames(kind).filter((one) => !named.has(one))) {
            const counts = kind.properties.filter((p) => p.name === name || p.name.startsWith(`${name}.`));
            findings.push({ rule: 'other', property: name, count: Math.max(...counts.map((p) => p.count)) });
        }
    return findings;
}
