/* session.svelte.ts - who is signed in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call, keepSession, Problem } from './api';
import { learn } from './workspace.svelte';

export type Role = 'viewer' | 'analyst' | 'marketer' | 'developer' | 'owner';

export interface User {
    id: number;
    email: string;
    name: string | null;
    role: Role;
    state: string;
    has_password: boolean;
}

export interface SignedIn {
    user: User;
    scopes: string[];
    session: number;
    csrf: string;
}

/** `user`: undefined while nobody knows, null of nobody. */
export const session = $state<{ user: User | null | undefined; scopes: string[]; id: number }>({
    user: undefined,
    scopes: [],
    id: 0,
});

export function begin(me: SignedIn) {
    session.user = me.user;
    session.scopes = me.scopes;
    session.id = me.session;
    keepSession(me.csrf, forget);
}

/** Somebody has just signed in: the first view comes when the workspace is known. */
export async function enter(me: SignedIn) {
    await learn();
    begin(me);
}

function forget() {
    session.user = null;
    session.scopes = [];
    keepSession('', () => {});
}

/** Asks who is signed in; throws a Problem other than 401. */
export async function recall() {
    try {
        const [me] = await Promise.all([call<SignedIn>('GET', '/api/me'), learn()]);
        begin(me);
    } catch (error) {
        if (error instanceof Problem && error.status === 401) forget();
        else throw error;
    }
}

export async function end() {
    await call('DELETE', '/api/session');
    forget();
}

/** May the user do what needs `scope`? The server decides; this only hides what it would refuse. */
export function may(scope: string): boolean {
    return session.scopes.includes(scope);
}
