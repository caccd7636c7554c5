/* story.ts - a person's events as a story: visits folded, days apart, and what is known of her.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { TimelineEvent } from '~/lib/answers';
import { at, channelOf, isOfVisit, nameOf, numberAt, textAt, timeOf, type Channel } from '~/lib/message';
import { flat, type Traits } from './person';

const VISIT_ENDS_MS = 30 * 60000;

export interface Happening {
    event: TimelineEvent;
    channel: Channel;
    ms: number;
}

/** Something by itself, or a visit: what was done on one device with no pause of half an hour. */
export interface Item {
    key: number;
    /** The day of its beginning, in the zone of the question. */
    day: string;
    ms: number;
    happenings: Happening[];
}

export function happeningsOf(events: TimelineEvent[]): Happening[] {
    return events.map((event) => ({ event, channel: channelOf(event), ms: Date.parse(timeOf(event)) }));
}

/** In the order of time; returns the newest first. */
export function fold(happenings: Happening[]): Item[] {
    const items: Item[] = [];
    const open = new Map<string, Item>();
    for (const happening of happenings) {
        const { event, channel, ms } = happening;
        const device = isOfVisit(channel) ? textAt(event, 'anonymousId') : '';
        const visit = open.get(device);
        if (device && visit && ms - visit.happenings.at(-1)!.ms <= VISIT_ENDS_MS) {
            visit.happenings.push(happening);
            continue;
        }
        const item = { key: event.seq, day: timeOf(event).slice(0, 10), ms, happenings: [happening] };
        items.push(item);
        if (device) open.set(device, item);
    }
    return items.reverse();
}

/** Items by day, the newest first. */
export function byDay(items: Item[]): { day: string; items: Item[] }[] {
    const days: { day: string; items: Item[] }[] = [];
    for (const item of items) {
        if (days.at(-1)?.day !== item.day) days.push({ day: item.day, items: [] });
        days.at(-1)!.items.push(item);
    }
    return days;
}

/* What there is plenty of in any visit. */
const usual = new Set([
    'page',
    'screen',
    'Page Used',
    'Product Viewed',
    'Product List Viewed',
    'Products Searched',
    'Cart Viewed',
]);

/** What stands out of a visit: events that not every visit has, each once, with how often. */
export function highlights(item: Item): { event: TimelineEvent; times: number }[] {
    const found = new Map<string, { event: TimelineEvent; times: number }>();
    for (const { event } of item.happenings) {
        const name = nameOf(event);
        if (usual.has(name)) continue;
        const before = found.get(name);
        found.set(name, { event, times: (before?.times ?? 0) + 1 });
    }
    return [...found.values()].toSorted((a, b) => rank(a.event) - rank(b.event));
}

function rank(event: TimelineEvent): number {
    const name = nameOf(event);
    if (name.startsWith('Order ')) return 0;
    if (name === 'Checkout Started' || name === 'Code Scanned') return 1;
    return event.type === 'track' ? 2 : 3;
}

export function views(item: Item): number {
    return item.happenings.filter(({ event }) => event.type === 'page' || event.type === 'screen').length;
}

export interface Known {
    value: unknown;
    time: string;
    channel: Channel;
}

export interface Portrait {
    traits: Map<string, Known>;
    users: string[];
    devices: string[];
    channels: Map<Channel, number>;
    orders: number;
    /** Of orders, in hundredths, by currency. */
    spent: Map<string, number>;
}

/** Of events in the order of time: of two values of a trait the newer one counts. */
export function portray(happenings: Happening[]): Portrait {
    const traits = new Map<string, Known>();
    const users = new Set<string>();
    const devices = new Set<string>();
    const channels = new Map<Channel, number>();
    const spent = new Map<string, number>();
    let orders = 0;
    for (const { event, channel } of happenings) {
        channels.set(channel, (channels.get(channel) ?? 0) + 1);
        for (const [path, set] of [['userId', users], ['anonymousId', devices]] as const)
            if (textAt(event, path)) set.add(textAt(event, path));
        const told = event.type === 'identify' ? at(event, 'traits') : undefined;
        if (typeof told === 'object' && told !== null)
            for (const [name, value] of flat(told as Traits)) traits.set(name, { value, time: timeOf(event), channel });
        if (nameOf(event) !== 'Order Completed') continue;
        orders++;
        const value = numberAt(event, 'properties.revenue');
        const currency = textAt(event, 'properties.currency');
        if (value !== null && /^[A-Z]{3}$/.test(currency))
            spent.set(currency, (spent.get(currency) ?? 0) + Math.round(value * 100));
    }
    return { traits, users: [...users], devices: [...devices], channels, orders, spent };
}
