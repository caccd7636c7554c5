/* events.ts - an event and its conditions, as a word of the sentence, of the address, of a question.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * In an address an event is its name, or with conditions the query language's own matcher as
 * JSON; a name that begins with "{" is always written as a matcher.
 */
import { conditionOf, operators, takesValue, type Filter, type Operator, type Value } from '~/lib/filters';

export interface EventWord {
    event: string;
    filters: Filter[];
}

export type Matcher = string | { event: string; where: object[] };

export function plain(event: string): EventWord {
    return { event, filters: [] };
}

/** What a question calls it; `more` holds beside its own conditions. */
export function matcherOf(word: EventWord, more: Filter[] = []): Matcher {
    const where = [...word.filters, ...more].map(conditionOf);
    return where.length > 0 ? { event: word.event, where } : word.event;
}

export function writeEvent(word: EventWord): string {
    if (word.filters.length === 0 && !word.event.startsWith('{')) return word.event;
    return JSON.stringify({ event: word.event, where: word.filters.map(conditionOf) });
}

function isFilter(condition: unknown): condition is Filter {
    const { prop, op, value } = (condition ?? {}) as Record<string, unknown>;
    if (typeof prop !== 'string' || !(operators as readonly unknown[]).includes(op)) return false;
    return !takesValue(op as Operator) || ['string', 'number', 'boolean'].includes(typeof (value as Value));
}

/** null of what is no event; conditions that no chip can show are left out. */
export function readEvent(text: string): EventWord | null {
    if (!text.startsWith('{')) return text ? plain(text) : null;
    try {
        const { event, where = [] } = JSON.parse(text) as { event?: unknown; where?: unknown };
        if (typeof event !== 'string' || !event) return null;
        return { event, filters: (Array.isArray(where) ? where : [where]).filter(isFilter) };
    } catch {
        return null;
    }
}

export function readEvents(texts: string[]): EventWord[] {
    return texts.map(readEvent).filter((word) => word !== null);
}
