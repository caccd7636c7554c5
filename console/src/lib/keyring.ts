/* keyring.ts - API keys: what there is, making, changing and revoking them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call, once } from './api';

export interface ApiKey {
    id: number;
    name: string;
    scope: string;
    /** The secret's last characters. */
    ends_with: string;
    origins: string[] | null;
    servers: boolean;
    created_at: string;
    expires_at: string | null;
    revoked_at: string | null;
    used_at: string | null;
}

export interface KeyWish {
    name: string;
    scope: string;
    expires_at: string | null;
    origins: string[] | null;
    servers?: boolean;
}

/** All of them, the oldest first. */
export async function listKeys(): Promise<ApiKey[]> {
    const all: ApiKey[] = [];
    for (let cursor: string | null = null; ; ) {
        const from: string = cursor ? `&cursor=${cursor}` : '';
        const page = await call<{ keys: ApiKey[]; cursor: string | null }>('GET', `/api/keys?limit=500${from}`);
        all.push(...page.keys);
        cursor = page.cursor;
        if (!cursor) return all;
    }
}

export function addKey(wish: KeyWish): Promise<{ id: number; key: string }> {
    return call('POST', '/api/keys', { body: wish, once: once() });
}

/** What is left out is as if never set; so all of it is said. */
export function changeKey(id: number, wish: Omit<KeyWish, 'scope'>): Promise<unknown> {
    return call('PUT', `/api/keys/${id}`, { body: wish });
}

export function revokeKey(id: number): Promise<unknown> {
    return call('DELETE', `/api/keys/${id}`);
}

export function isLive(key: ApiKey, now = Date.now()): boolean {
    return key.revoked_at === null && (key.expires_at === null || Date.parse(key.expires_at) > now);
}

/** Sites as people paste them: with blanks, commas or lines between, with a path behind, without "https". */
export function readOrigins(text: string): string[] {
    const origins = text
        .split(/[\s,;،,、]+/)
        .filter(Boolean)
        .map((one) => (/^https?:\/\//i.test(one) ? one : `https://${one}`))
        .map((one) => one.replace(/^(https?:\/\/[^/?#]+).*$/i, '$1').toLowerCase());
    return [...new Set(origins)];
}
