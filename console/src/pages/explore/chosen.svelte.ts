/* chosen.svelte.ts - the question that the address asks; what it leaves open comes from the schema.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Parameters: k kind; e events (one a step); m measure; i interval; b breakdown; l look; w window;
 * r return; n how many; a among, or touches; v value; x the model compared with.
 */
import { address, change, type Changes } from '~/lib/address.svelte';
import { schema } from '~/lib/schema.svelte';
import { scope } from '~/lib/scope.svelte';
import { plain, readEvent, readEvents, writeEvent, type EventWord } from './events';
import {
    intervals,
    kinds,
    models,
    mostPathSteps,
    mostPeriods,
    mostSteps,
    oneOf,
    readMeasure,
    readWhole,
    returnIntervals,
    type Kind,
    type Measure,
    type Model,
    type ReturnInterval,
    type TrendInterval,
} from './kinds';
import { isSpan } from './spans';

const own = ['e', 'm', 'i', 'b', 'l', 'w', 'r', 'n', 'a', 'v', 'x'];

/** The way through a shop by the names of Segment's specification. */
const shop = ['Product Viewed', 'Product Added', 'Checkout Started', 'Order Completed'];
const order = 'Order Completed';

const firstEvent: Record<Kind, string> = {
    trend: order,
    funnel: shop[0],
    retention: shop[0],
    paths: shop[1],
    attribution: order,
};

/** What a shop's visitors do by will, for paths: not what pages tell by themselves. */
const deeds = ['Products Searched', 'Product Viewed', 'Cart Viewed', 'Checkout Started', order];

function known(names: string[]): EventWord[] {
    return names.filter((name) => schema.names.includes(name)).map(plain);
}

function mostFrequent(n: number): EventWord[] {
    return schema.names.slice(0, n).map(plain);
}

function hasProperty(event: string, property: string): boolean {
    return schema.propertiesOf(event).some((p) => p.name === property);
}

/** What money and numbers are usually called, the likeliest first. */
const amountNames = ['revenue', 'total', 'value', 'amount', 'price'];

export function numbersOf(event: string): string[] {
    return schema
        .propertiesOf(event)
        .filter((p) => 'number' in p.types)
        .map((p) => p.name);
}

export function likelyAmount(event: string): string | null {
    const numbers = numbersOf(event);
    return amountNames.find((name) => numbers.includes(name)) ?? numbers[0] ?? null;
}

function theirEvents(name: string, otherwise: () => EventWord[]): EventWord[] {
    const given = readEvents(address.all(name));
    return given.length > 0 ? given : otherwise();
}

function firstSteps(): EventWord[] {
    const steps = known(shop);
    return steps.length > 1 ? steps : mostFrequent(3);
}

/** A visit's first page says where the visitor came from; the pages after it only name the shop. */
function firstTouches(): EventWord[] {
    if (!hasProperty('page', 'context.referrer.kind')) return mostFrequent(1);
    return [{ event: 'page', filters: [{ prop: 'context.referrer.kind', op: 'is_not', value: 'internal' }] }];
}

export const chosen = {
    get kind(): Kind {
        return oneOf(kinds, address.get('k')) ?? 'trend';
    },
    /** The event that the question begins with; null while nothing is known. */
    get event(): EventWord | null {
        const given = readEvent(address.get('e') ?? '');
        if (given) return given;
        return [...known([firstEvent[chosen.kind]]), ...mostFrequent(1)][0] ?? null;
    },
    get steps(): EventWord[] {
        return theirEvents('e', firstSteps).slice(0, mostSteps);
    },
    get measure(): Measure {
        return readMeasure(address.get('m')) ?? { how: 'events', property: null };
    },
    get interval(): TrendInterval {
        return oneOf(intervals, address.get('i')) ?? scope.period.interval;
    },
    get breakdown(): string | null {
        return address.get('b') || null;
    },
    get isBars(): boolean {
        return address.get('l') === 'bars';
    },
    get window(): string {
        const given = address.get('w');
        if (isSpan(given)) return given;
        return chosen.kind === 'attribution' ? '30d' : '7d';
    },
    get comesBack(): EventWord | null {
        return readEvent(address.get('r') ?? '') ?? chosen.event;
    },
    get returnInterval(): ReturnInterval {
        const { days } = scope.period;
        return (
            oneOf(returnIntervals, address.get('i')) ?? (days > 0 && days <= 14 ? 'day' : days > 200 ? 'month' : 'week')
        );
    },
    /** As many as the period has room for, so that no column is empty from the outset. */
    get periods(): number {
        const { days } = scope.period;
        const length = { day: 1, week: 7, month: 30 }[chosen.returnInterval];
        const fitting = days > 0 ? Math.min(12, Math.max(1, Math.floor(days / length))) : 12;
        return readWhole(address.get('n'), 1, mostPeriods) ?? fitting;
    },
    get pathSteps(): number {
        return readWhole(address.get('n'), 1, mostPathSteps) ?? 3;
    },
    /** Empty: all of them. */
    get among(): EventWord[] {
        if (address.get('a') === '*') return [];
        return theirEvents('a', () => (known(shop).length === shop.length ? known(deeds) : []));
    },
    get touches(): EventWord[] {
        return theirEvents('a', firstTouches);
    },
    get creditBy(): string {
        const given = address.get('b');
        if (given) return given;
        const first = chosen.touches[0]?.event ?? '*';
        if (hasProperty(first, 'context.referrer.kind')) return 'context.referrer.kind';
        return schema.propertiesOf(first)[0]?.name ?? 'context.referrer.kind';
    },
    get value(): string | null {
        const given = address.get('v');
        if (given !== null) return given || null;
        return chosen.event ? likelyAmount(chosen.event.event) : null;
    },
    get model(): Model {
        return oneOf(models, address.get('m')) ?? 'linear';
    },
    get otherModel(): Model | null {
        const given = address.get('x');
        if (given === '') return null;
        const other = oneOf(models, given);
        return other && other !== chosen.model ? other : chosen.model === 'last' ? 'first' : 'last';
    },
};

export function chooseEvents(name: 'e' | 'a' | 'r', words: EventWord[]) {
    change({ [name]: words.map(writeEvent) });
}

/** What each kind was left with, so that going there again loses nothing. */
const left = new Map<Kind, Changes>();

export function chooseKind(kind: Kind) {
    const before = Object.fromEntries(own.map((name) => [name, address.all(name)]));
    left.set(chosen.kind, before);
    const nothing = Object.fromEntries(own.map((name) => [name, null]));
    change({ ...nothing, ...left.get(kind), k: kind });
}

/** Another kind with words of its own. */
export function turnTo(kind: Kind, words: Changes) {
    left.set(chosen.kind, Object.fromEntries(own.map((name) => [name, address.all(name)])));
    change({ ...Object.fromEntries(own.map((name) => [name, null])), ...words, k: kind });
}
