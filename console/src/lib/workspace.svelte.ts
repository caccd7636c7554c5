/* workspace.svelte.ts - what is the same for everybody who works here: name, time zone, currency.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call } from './api';
import { isZone } from './zones';

export interface WorkspaceWish {
    name: string;
    timezone: string;
    currency: string;
}

const state = $state<WorkspaceWish>({ name: '', timezone: 'UTC', currency: 'EUR' });

export const workspace = {
    get name() {
        return state.name;
    },
    get timezone() {
        return state.timezone;
    },
    get currency() {
        return state.currency;
    },
    /** Where days begin. A zone that this browser does not know yet must not stop it: UTC, which
     * the title line says. */
    get zone() {
        return isZone(state.timezone) ? state.timezone : 'UTC';
    },
};

function take({ name, timezone, currency }: WorkspaceWish) {
    Object.assign(state, { name, timezone, currency });
}

/** Asks the server; before the first view, so that no figure is of other days. */
export async function learn() {
    take(await call<WorkspaceWish>('GET', '/api/workspace'));
}

export async function changeWorkspace(wish: WorkspaceWish) {
    take(await call<WorkspaceWish>('PUT', '/api/workspace', { body: wish }));
}
