/* quarantine.ts - what waits in quarantine, as the server tells it, and what can be done with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call, once } from '~/lib/api';

export interface Seen {
    seq: number;
    received: string;
}

export interface Group {
    /** null: it is none that has a name. */
    event: string | null;
    reason: string;
    count: number;
    first: Seen;
    last: Seen;
}

export interface Summary {
    count: number;
    groups: Group[];
    others: number;
}

export interface Entry extends Seen {
    reason: string;
    body: string;
}

export interface EntryPage {
    count: number;
    events: Entry[];
    cursor: string | null;
}

/** Which of those that wait. */
export interface Choice {
    event?: string;
    reason?: string;
    all?: true;
}

export interface Mend {
    remove?: string[];
    rename?: Record<string, string>;
    convert?: Record<string, string>;
    set?: Record<string, unknown>;
}

export interface Progress {
    id: number;
    state: 'running' | 'stopped' | 'done' | 'failed';
    dry_run: boolean;
    total: number;
    looked: number;
    matched: number;
    replayed?: number;
    dismissed?: number;
    failed: number;
    gone: number;
    reasons: { reason: string; count: number }[];
    samples: unknown[];
    detail: string | null;
}

/** By a row of the summary; what has no name is found by its reason alone. */
export function choiceOf(group: Group): Choice {
    return { reason: group.reason, ...(group.event !== null && { event: group.event }) };
}

export function listPath(choice: Choice): string {
    const search = new URLSearchParams({ limit: '50' });
    if (choice.event !== undefined) search.set('event', choice.event);
    if (choice.reason !== undefined) search.set('reason', choice.reason);
    return `/api/quarantine?${search}`;
}

export function replayMany(choice: Choice, map: Mend, isDry: boolean): Promise<Progress> {
    const has = Object.keys(map).length > 0;
    return call('POST', '/api/quarantine/replay', {
        body: { ...choice, ...(has && { map }), dry_run: isDry },
        once: once(),
    });
}

export function dismissMany(choice: Choice): Promise<Progress> {
    return call('POST', '/api/quarantine/dismiss', { body: choice, once: once() });
}

/** One line of a mend, as a form has it. */
export interface Change {
    kind: 'rename' | 'convert' | 'set' | 'remove';
    path: string;
    /** The new name, the type, or the value. */
    to: string;
}

export const conversions = ['string', 'number', 'integer', 'boolean', 'array'];

/** A value as somebody types it: JSON where it is JSON, else the text itself. */
function readValue(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

export function mendOf(changes: Change[]): Mend {
    const mend: Mend = {};
    for (const { kind, path: typed, to } of changes) {
        const path = typed.trim();
        if (!path) continue;
        if (kind === 'remove') (mend.remove ??= []).push(path);
        else if (kind === 'set') (mend.set ??= {})[path] = readValue(to);
        else if (to.trim()) (mend[kind] ??= {})[path] = to.trim();
    }
    return mend;
}
