/* team.ts - users of the workspace, as owners see them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call } from '~/lib/api';
import type { Role } from '~/lib/session.svelte';

export interface Member {
    id: number;
    email: string;
    /** "" until she has joined or was given one. */
    name: string;
    role: Role;
    state: 'active' | 'invited' | 'disabled';
    has_password: boolean;
    created_at: string;
    joined_at: string | null;
    seen_at: string | null;
}

export interface UserLink {
    /** The user's. */
    id: number;
    link: string;
    expires_at: string;
}

/** By what they may do, the least first. */
export const roles: Role[] = ['viewer', 'analyst', 'marketer', 'developer', 'owner'];

export function nameOf(user: Pick<Member, 'name' | 'email'>): string {
    return user.name || user.email;
}

/** All of them, the oldest first. */
export async function listUsers(): Promise<Member[]> {
    const all: Member[] = [];
    for (let cursor: string | null = null; ; ) {
        const from: string = cursor ? `&cursor=${cursor}` : '';
        const page = await call<{ users: Member[]; cursor: string | null }>('GET', `/api/users?limit=500${from}`);
        all.push(...page.users);
        cursor = page.cursor;
        if (!cursor) return all;
    }
}

/** "Ann Lee <ann@shop.example>" as it is pasted from a mail; also the address alone. */
export function readInvited(text: string): { email: string; name: string } {
    const [, name, email] = /^\s*"?([^"<]*?)"?\s*<([^<>]+)>\s*[,;]?\s*$/.exec(text) ?? [];
    return email ? { email: email.trim(), name: name.trim() } : { email: text.replace(/^mailto:/i, '').trim(), name: '' };
}
