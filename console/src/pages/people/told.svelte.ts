/* told.svelte.ts - a segment in words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { takesValue, type Filter } from '~/lib/filters';
import { eventName, filterText, valueName } from '~/lib/names.svelte';
import { number, t } from '~/lib/words.svelte';
import { traitName } from './traits.svelte';
import type { Segment, Unit } from './segment';

type Tree = { [member: string]: unknown };

export function spanText(n: number, unit: Unit): string {
    return t('people.span', { n, unit });
}

function span(text: unknown): string {
    const parts = /^(\d+)([mhdw])$/.exec(String(text));
    return parts ? spanText(Number(parts[1]), parts[2] as Unit) : String(text);
}

function eventText(matcher: unknown): string {
    if (typeof matcher === 'string') return `“${eventName(matcher)}”`;
    const { event, where } = (matcher ?? {}) as { event?: string; where?: unknown };
    const list = where === undefined ? [] : Array.isArray(where) ? where : [where];
    const tests = list.map((one) => tell(one as Segment)).join(t('people.comma'));
    return `“${eventName(String(event))}”${tests && ` (${tests})`}`;
}

function countText(count: unknown): string {
    const bounds = Object.entries((count ?? {}) as Tree);
    return bounds
        .map(([test, n]) =>
            Array.isArray(n)
                ? t('people.between', { from: Number(n[0]), to: Number(n[1]) })
                : t(`people.times_${test}`, { n: number(Number(n)) }),
        )
        .join(t('people.comma'));
}

function together(list: unknown, by: string): string {
    if (!Array.isArray(list)) return '';
    return list.map((one) => (isGroup(one) && list.length > 1 ? `(${tell(one)})` : tell(one as Segment))).join(by);
}

function traitTold(filter: Filter): string {
    if (!filter.prop.startsWith('person.')) return filterText(filter);
    const value = takesValue(filter.op) ? ` ${valueName(filter.prop, filter.value)}` : '';
    return `${traitName(filter.prop.slice(7))} ${t(`op.${filter.op}`)}${value}`;
}

function isGroup(tree: unknown): tree is Segment {
    return typeof tree === 'object' && tree !== null && ('all' in tree || 'any' in tree);
}

/** Everything that the language has; a member that is unknown here is told as JSON. */
export function tell(tree: Segment): string {
    if (typeof tree === 'string') return `“${tree}”`;
    if (Array.isArray(tree)) return together(tree, t('people.and'));
    if ('all' in tree) return together(tree.all, t('people.and'));
    if ('any' in tree) return together(tree.any, t('people.or'));
    if ('not' in tree) return t('people.told_not', { what: tell(tree.not as Segment) });
    if ('prop' in tree && !Array.isArray(tree.value)) return traitTold(tree as unknown as Filter);
    if ('did' in tree)
        return [
            t('people.told_did', { event: eventText(tree.did) }),
            countText(tree.count),
            tree.within === undefined ? '' : t('people.told_within', { span: span(tree.within) }),
        ]
            .filter(Boolean)
            .join(' ');
    if ('sequence' in tree && Array.isArray(tree.sequence))
        return [
            t('people.told_sequence', { events: tree.sequence.map(eventText).join(t('people.then')) }),
            tree.window === undefined ? '' : t('people.told_window', { span: span(tree.window) }),
            tree.within === undefined ? '' : t('people.told_within', { span: span(tree.within) }),
        ]
            .filter(Boolean)
            .join(' ');
    return JSON.stringify(tree);
}

