/* api.ts - the way to the server: the public API, by the session's cookie and its token.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

/** What the server (RFC 9457) or the way to it says when something did not work. */
export class Problem extends Error {
    /** 0: no answer came. */
    readonly status: number;
    /** Seconds until it makes sense to ask again, where the server says so. */
    readonly retryAfter: number | null;

    constructor(status: number, detail: string, retryAfter: number | null = null) {
        super(detail);
        this.status = status;
        this.retryAfter = retryAfter;
    }
}

interface Options {
    body?: unknown;
    signal?: AbortSignal;
    /** Says that a repeat of this write is the same one. */
    once?: string;
}

let csrf = '';
let onSignedOut = () => {};

/** `token` goes with every change from now on; `signedOut` is called when the session has ended. */
export function keepSession(token: string, signedOut: () => void) {
    csrf = token;
    onSignedOut = signedOut;
}

/** A new name for one thing to be done. (crypto.randomUUID is there by https only.) */
export function once(): string {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Asks and returns the answer's JSON (null of an empty one); throws a Problem. */
export async function call<T = unknown>(method: string, path: string, options: Options = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (options.body !== undefined) headers['Content-Type'] = 'application/json';
    if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
    if (options.once) headers['Idempotency-Key'] = options.once;

    let response: Response;
    try {
        response = await fetch(path, {
            method,
            headers,
            body: options.body === undefined ? undefined : JSON.stringify(options.body),
            signal: options.signal,
            credentials: 'same-origin',
        });
    } catch (error) {
        if (error instanceof DOMException && error.name === 'AbortError') throw error;
        throw new Problem(0, '');
    }
    const text = await response.text();
    if (response.ok) return (text ? JSON.parse(text) : null) as T;
    if (response.status === 401 && csrf) onSignedOut();
    const wait = response.headers.get('Retry-After');
    throw new Problem(response.status, detailOf(text), wait ? Number(wait) : null);
}

function detailOf(text: string): string {
    try {
        const problem = JSON.parse(text) as { detail?: string; title?: string };
        return problem.detail ?? problem.title ?? '';
    } catch {
        return '';
    }
}

export interface Meta {
    events_read: number;
    elapsed_ms: number;
    as_of: string;
    dropped?: number;
}

export type Answer = { meta: Meta };

/** POST /api/query */
export function ask<T extends Answer>(query: object, signal?: AbortSignal): Promise<T> {
    return call<T>('POST', '/api/query', { body: query, signal });
}
