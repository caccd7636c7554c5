/* hooks.ts - webhooks, as the server tells of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export interface Webhook {
    id: number;
    url: string;
    events: string[];
    in_flight: number;
    state: 'active' | 'paused' | 'blocked' | 'disabled';
    /** Why it is blocked or disabled, or failed last; else empty. */
    reason: string;
    cursor: number;
    failures: number;
    failing_since: string | null;
    retry_at: string | null;
    created_at: string;
    /** In the answer that made it, and never again. */
    secret?: string;
}

export interface Attempt {
    at: string;
    /** null: a test. */
    seq: number | null;
    attempt: number;
    /** null: no answer came. */
    status: number | null;
    elapsed_ms: number;
    /** Empty: it arrived. */
    reason: string;
}

/** How it fares, as a colour and a word say it. */
export function healthOf(hook: Webhook): { kind: 'good' | 'plain' | 'warn' | 'harm'; word: string } {
    if (hook.state === 'blocked' || hook.state === 'disabled') return { kind: 'harm', word: hook.state };
    if (hook.state === 'paused') return { kind: 'plain', word: 'paused' };
    return hook.failing_since ? { kind: 'warn', word: 'failing' } : { kind: 'good', word: 'active' };
}
