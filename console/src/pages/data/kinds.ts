/* kinds.ts - how the parts of the page speak of events and their properties.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { EventKind, Property } from '~/lib/schema.svelte';
import { has, listed, percent, t } from '~/lib/words.svelte';

/** "text", "number 98 %, text 2 %" */
export function typesText(types: Record<string, number>): string {
    const all = Object.entries(types).toSorted((a, b) => b[1] - a[1]);
    const sum = all.reduce((n, [, count]) => n + count, 0);
    const name = (type: string) => (has(`data.type_${type}`) ? t(`data.type_${type}`) : type);
    if (all.length === 1) return name(all[0][0]);
    return listed(all.map(([type, count]) => `${name(type)} ${percent(count / sum)}`));
}

/** Little is not nothing: what would be written as 0 % is below something. */
export function shareText(share: number): string {
    return share > 0 && share < 0.001 ? t('data.below', { share: percent(0.001) }) : percent(share);
}

export type Group = 'own' | 'context' | 'person';

/** What the sender said of this event, of the circumstances, or of the person. */
export function groupOf(property: Property): Group {
    if (property.name.startsWith('context.')) return 'context';
    return property.name.startsWith('person.') ? 'person' : 'own';
}

export function ownProperties(kind: EventKind): Property[] {
    return kind.properties.filter((p) => groupOf(p) === 'own');
}
