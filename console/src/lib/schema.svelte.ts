/* schema.svelte.ts - which events and properties there are: GET /api/schema, asked once and then.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call } from './api';

export interface Property {
    name: string;
    count: number;
    types: Record<string, number>;
    values: number;
    values_exact: boolean;
    /** What the tracking plan says of it; null: nothing. */
    declared: { types: string[]; required: boolean } | null;
}

export interface EventKind {
    name: string;
    type: string;
    count: number;
    /** null: it is planned, and never came. */
    first: string | null;
    last: string | null;
    properties: Property[];
    /** null: it has no plan. `unseen`: what is planned and nobody has sent. */
    declared: { mode: 'enforce' | 'watch'; checked: number; broken: number; unseen: string[] } | null;
}

let events = $state.raw<EventKind[]>([]);
let isKnown = $state(false);
let isAsked = false;

/** Asks anew; throws a Problem. */
export async function learn() {
    isAsked = true;
    events = (await call<{ events: EventKind[] }>('GET', '/api/schema')).events;
    isKnown = true;
}

function known(): EventKind[] {
    if (!isAsked) void learn().catch(() => (isAsked = false));
    return events;
}

/** Calls that are events for "*" in a question. */
const counted = ['track', 'page', 'screen'];

export const schema = {
    /** Has the server said? Else an empty list means nothing. */
    get isKnown(): boolean {
        known();
        return isKnown;
    },
    get events(): EventKind[] {
        return known();
    },
    /** Names that a question can be about, the most frequent first. */
    get names(): string[] {
        return known()
            .filter((event) => counted.includes(event.type))
            .toSorted((a, b) => b.count - a.count)
            .map((event) => event.name);
    },
    /** Of an event, or "*" for all, by how often they are there; traits of persons among them. */
    propertiesOf(event: string): Property[] {
        const all = new Map<string, Property>();
        for (const kind of known()) {
            const isMeant = event === '*' || kind.name === event;
            for (const p of kind.properties) {
                if (!isMeant && !p.name.startsWith('person.')) continue;
                const before = all.get(p.name);
                all.set(p.name, before ? { ...p, count: before.count + p.count } : p);
            }
        }
        return [...all.values()].toSorted((a, b) => b.count - a.count);
    },
    isNumber(property: string): boolean {
        return this.propertiesOf('*').some((p) => p.name === property && 'number' in p.types);
    },
};
