/* pages.ts - every page of the console: one row here, one folder under pages/.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * `scope`: what a user's role must have, else the page is not offered ("" everybody). A row with
 * `under` is no entry of the rail: it is reached from that page. Words: page.KEY.
 */
import type { Component } from 'svelte';
import Activity from '@lucide/svelte/icons/activity';
import Database from '@lucide/svelte/icons/database';
import House from '@lucide/svelte/icons/house';
import Search from '@lucide/svelte/icons/chart-no-axes-combined';
import Settings from '@lucide/svelte/icons/settings';
import Users from '@lucide/svelte/icons/users';

type Loader = () => Promise<{ default: Component<{ id: string | null }> }>;

export interface Page {
    key: string;
    load: Loader;
    icon?: typeof House;
    scope: string;
    under?: string;
}

export const pages: Page[] = [
    { key: 'today', load: () => import('./pages/today/Today.svelte'), icon: House, scope: '' },
    { key: 'live', load: () => import('./pages/live/Live.svelte'), icon: Activity, scope: '' },
    { key: 'explore', load: () => import('./pages/explore/Explore.svelte'), icon: Search, scope: '' },
    { key: 'works', load: () => import('./pages/works/Works.svelte'), scope: '', under: 'explore' },
    { key: 'people', load: () => import('./pages/people/People.svelte'), icon: Users, scope: '' },
    { key: 'person', load: () => import('./pages/people/Person.svelte'), scope: '', under: 'people' },
    { key: 'data', load: () => import('./pages/data/Data.svelte'), icon: Database, scope: '' },
    { key: 'settings', load: () => import('./pages/settings/Settings.svelte'), icon: Settings, scope: '' },
];

export const firstPage = pages[0];

export function pageAt(path: string): { page: Page | null; id: string | null } {
    const [, app, key, id] = path.split('/');
    if (path === '/' || (app === 'app' && !key)) return { page: firstPage, id: null };
    if (app !== 'app') return { page: null, id: null };
    return { page: pages.find((page) => page.key === key) ?? null, id: id ? decodeURIComponent(id) : null };
}

export function hrefOf(key: string, id?: string): string {
    return id === undefined ? `/app/${key}` : `/app/${key}/${encodeURIComponent(id)}`;
}
