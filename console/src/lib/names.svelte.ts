/* names.svelte.ts - what events, properties and values are called in the reader's language.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names of one's own stay as they are; those of the common model (context.*, page) are translated.
 */
import { takesValue, type Filter } from './filters';
import { has, region, t } from './words.svelte';

export function eventName(event: string): string {
    if (event === '*') return t('name.any_event');
    return has(`event.${event}`) ? t(`event.${event}`) : event;
}

const short: Record<string, string> = {
    utm_source: 'context.campaign.source',
    utm_medium: 'context.campaign.medium',
    utm_campaign: 'context.campaign.name',
    utm_term: 'context.campaign.term',
    utm_content: 'context.campaign.content',
};

export function propertyName(property: string): string {
    const full = short[property] ?? property;
    if (has(`prop.${full}`)) return t(`prop.${full}`);
    if (full.startsWith('person.')) return t('name.trait', { name: full.slice(7) });
    return full.startsWith('context.') ? full.slice(8) : full;
}

/** A value of a property; null: there is none. */
export function valueName(property: string, value: unknown): string {
    if (value === null || value === undefined) return t('name.none');
    if (value === true) return t('name.true');
    if (value === false) return t('name.false');
    const text = String(value);
    if (/(^|\.)country$/.test(property) && /^[A-Z]{2}$/.test(text)) return region(text);
    const key = `value.${short[property] ?? property}.${text}`;
    return has(key) ? t(key) : text === '' ? t('name.empty') : text;
}

export function filterText(filter: Filter): string {
    const head = `${propertyName(filter.prop)} ${t(`op.${filter.op}`)}`;
    return takesValue(filter.op) ? `${head} ${valueName(filter.prop, filter.value)}` : head;
}
