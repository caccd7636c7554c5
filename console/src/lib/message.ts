/* message.ts - what a stored message tells: by which channel it came, who, where, and what matters.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything in a message is the sender's word: nothing is taken to be there or of a type.
 */
import type { TimelineEvent } from './answers';

export const channels = ['web', 'app', 'mail', 'shop', 'poster', 'service', 'server', 'machine'] as const;
export type Channel = (typeof channels)[number];

/** The value at a path such as "context.page.path"; undefined where there is none. */
export function at(message: object, path: string): unknown {
    let value: unknown = message;
    for (const name of path.split('.')) {
        if (typeof value !== 'object' || value === null) return undefined;
        value = (value as Record<string, unknown>)[name];
    }
    return value ?? undefined;
}

export function textAt(message: object, path: string): string {
    const value = at(message, path);
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

export function numberAt(message: object, path: string): number | null {
    const value = at(message, path);
    return typeof value === 'number' ? value : null;
}

/** The name that a question knows it by: of a call that is no track, the call's. */
export function nameOf(event: TimelineEvent): string {
    const type = textAt(event, 'type');
    return type === 'track' ? textAt(event, 'event') : type;
}

export function timeOf(event: TimelineEvent): string {
    return textAt(event, 'timestamp');
}

export function isMachine(event: TimelineEvent): boolean {
    return at(event, 'context.traffic.verdict') === 'machine';
}

/** Why it is taken for a machine's: names of evidence. */
export function reasonsOf(event: TimelineEvent): string[] {
    const reasons = at(event, 'context.traffic.reasons');
    return Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === 'string') : [];
}

const service = /^(service|complaint|support|ticket|call|chat)\b/i;
const mail = /^(e-?mail\b|unsubscribed$)/i;
const code = /^(code|qr|poster|coupon) /i;

export function channelOf(event: TimelineEvent): Channel {
    const name = nameOf(event);
    const told = textAt(event, 'context.channel');
    const own = textAt(event, 'properties.channel');
    if (isMachine(event)) return 'machine';
    if (mail.test(name) || told === 'email' || own === 'email') return 'mail';
    if (code.test(name)) return 'poster';
    if (['shop', 'store', 'pos', 'till'].includes(own)) return 'shop';
    if (service.test(name)) return 'service';
    if (event.type === 'screen' || ['mobile', 'app'].includes(told) || at(event, 'context.app.name')) return 'app';
    if (told === 'browser' || event.type === 'page' || at(event, 'context.page')) return 'web';
    return 'server';
}

/** Does it belong to a visit: something done on a page or a screen? */
export function isOfVisit(channel: Channel): boolean {
    return channel === 'web' || channel === 'app' || channel === 'poster' || channel === 'machine';
}

/** Whose: the identifier by which a person's page is reached. */
export function whoOf(event: TimelineEvent): string {
    return textAt(event, 'userId') || textAt(event, 'anonymousId');
}

/** The page's path, else its address or the screen's name. */
export function pageOf(event: TimelineEvent): string {
    return textAt(event, 'context.page.path') || textAt(event, 'context.page.url') || textAt(event, 'name');
}

/** Side by side whatever their scripts: each part is read in its own direction. */
export function beside(parts: string[], by: string): string {
    return parts
        .filter((part) => part !== '')
        .map((part) => `\u2068${part}\u2069`)
        .join(by);
}

/** An id that nobody can pronounce by its beginning; one of the user's own stays whole. */
export function shortId(id: string): string {
    return /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(id) ? id.slice(0, 8) : id.length > 24 ? `${id.slice(0, 20)}…` : id;
}
