/* happening.svelte.ts - a stored message in the reader's words: the few things of it that matter.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { TimelineEvent } from './answers';
import { at, beside, nameOf, numberAt, pageOf, textAt } from './message';
import { duration, has, listed, money, number, t } from './words.svelte';
import { eventName, propertyName, valueName } from './names.svelte';

export interface Detail {
    text: string;
    /** The user's own words: not to be translated. */
    isOwn: boolean;
}

const own = (text: string): Detail => ({ text, isOwn: true });
const said = (text: string): Detail => ({ text, isOwn: false });

function price(event: TimelineEvent, member: string): Detail[] {
    const value = numberAt(event, `properties.${member}`);
    const currency = textAt(event, 'properties.currency');
    if (value === null) return [];
    return [said(/^[A-Z]{3}$/.test(currency) ? money(value, currency) : number(value, 2))];
}

function texts(event: TimelineEvent, ...paths: string[]): Detail[] {
    return paths
        .map((path) => textAt(event, path))
        .filter((text) => text !== '')
        .map(own);
}

function order(event: TimelineEvent): Detail[] {
    const products = at(event, 'properties.products');
    const first = Array.isArray(products) && products.length > 0 ? textAt(products[0] as object, 'name') : '';
    return [
        ...(price(event, 'total').length > 0 ? price(event, 'total') : price(event, 'revenue')),
        ...(Array.isArray(products) ? [said(t('happening.products', { n: products.length }))] : []),
        ...(first && Array.isArray(products) && products.length === 1 ? [own(first)] : []),
        ...texts(event, 'properties.place', 'properties.coupon'),
    ];
}

function told(traits: unknown): Detail[] {
    if (typeof traits !== 'object' || traits === null) return [];
    const names = Object.keys(traits);
    return names.length > 0 ? [own(listed(names.slice(0, 5)) + (names.length > 5 ? ' …' : ''))] : [];
}

function consent(event: TimelineEvent): Detail[] {
    const answers = at(event, 'properties');
    if (typeof answers !== 'object' || answers === null) return [];
    return Object.entries(answers)
        .filter(([, answer]) => typeof answer === 'boolean')
        .map(([purpose, answer]) => own(`${propertyName(purpose)}: ${valueName(purpose, answer)}`));
}

const tellers: Record<string, (event: TimelineEvent) => Detail[]> = {
    identify: (event) => told(at(event, 'traits')),
    alias: (event) => texts(event, 'previousId'),
    group: (event) => texts(event, 'groupId'),
    'Page Used': (event) => {
        const ms = numberAt(event, 'properties.engaged_ms');
        return [...(ms === null ? [] : [said(duration(ms))]), own(pageOf(event))];
    },
    'Order Completed': order,
    'Order Refunded': order,
    'Order Cancelled': order,
    'Products Searched': (event) => texts(event, 'properties.query'),
    'Product List Viewed': (event) => texts(event, 'properties.category'),
    'Product Reviewed': (event) => [
        ...(numberAt(event, 'properties.rating') === null
            ? []
            : [said(t('happening.rating', { n: numberAt(event, 'properties.rating')! }))]),
        ...texts(event, 'properties.name'),
    ],
    'Code Scanned': (event) => texts(event, 'properties.place', 'properties.city', 'properties.code_id'),
    'Email Link Clicked': (event) => texts(event, 'properties.email_subject', 'properties.campaign_name'),
    'Service Requested': (event) => texts(event, 'properties.topic', 'properties.medium'),
    'Complaint Received': (event) => texts(event, 'properties.topic', 'properties.medium'),
    'Segment Consent Preference Updated': consent,
};

/** What it was about: a product, an order's value, a subject. The name of the event is eventName(). */
export function detailsOf(event: TimelineEvent): Detail[] {
    const name = nameOf(event);
    const teller = tellers[name];
    if (teller) return teller(event);
    if (event.type === 'page' || event.type === 'screen') {
        const path = pageOf(event);
        const title = textAt(event, 'context.page.title');
        return [...(title && title !== path ? [own(title)] : []), ...(path ? [own(path)] : [])];
    }
    if (/^email /i.test(name)) return texts(event, 'properties.email_subject', 'properties.campaign_name');
    if (textAt(event, 'properties.name')) return [...texts(event, 'properties.name'), ...price(event, 'price')];
    return [
        ...(price(event, 'value').length > 0 ? price(event, 'value') : price(event, 'revenue')),
        ...(pageOf(event) ? [own(pageOf(event))] : []),
    ];
}

/** What happened, in words: "Page viewed". */
export function whatOf(event: TimelineEvent): string {
    return eventName(nameOf(event));
}

/** Is its name the user's own, and not to be translated? */
export function isOwnName(event: TimelineEvent): boolean {
    return !has(`event.${nameOf(event)}`);
}

/** From where a visitor came: the campaign, else the site. */
export function sourceOf(event: TimelineEvent): string {
    const campaign = textAt(event, 'context.campaign.source');
    if (campaign) return campaign;
    const kind = textAt(event, 'context.referrer.kind');
    if (kind === 'internal' || kind === '') return '';
    return textAt(event, 'context.referrer.name') || textAt(event, 'context.referrer.domain');
}

/** "Berlin, Germany" */
export function placeOf(event: TimelineEvent): string {
    const country = textAt(event, 'context.location.country');
    return beside(
        [textAt(event, 'context.location.city'), country && valueName('context.location.country', country)],
        t('happening.comma'),
    );
}

/** "Phone · Safari": what it was done with. */
export function deviceOf(event: TimelineEvent): string {
    const type = textAt(event, 'context.device.type');
    return [type && valueName('context.device.type', type), textAt(event, 'context.browser.name')]
        .filter(Boolean)
        .join(' · ');
}

/** Why something is taken for a machine's; evidence without words keeps its name. */
export function reasonText(reason: string): string {
    return has(`reason.${reason}`) ? t(`reason.${reason}`) : reason;
}
