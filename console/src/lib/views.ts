/* views.ts - saved views: a page's address under a name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { call, once } from './api';
import { hrefOf } from '~/pages';

export interface View {
    id: number;
    name: string;
    page: string;
    /** The query string, without "?". */
    address: string;
    shared: boolean;
    owner: { id: number; name: string } | null;
    changed_at: string;
}

export type NewView = Pick<View, 'name' | 'page' | 'address' | 'shared'>;

/** One's own and the shared ones, newest change first; of one page where it is named. */
export async function listViews(page?: string): Promise<View[]> {
    const query = page ? `?page=${page}` : '';
    return (await call<{ views: View[] }>('GET', `/api/views${query}`)).views;
}

export function saveView(view: NewView): Promise<View> {
    return call('POST', '/api/views', { body: view, once: once() });
}

export function changeView(id: number, view: NewView): Promise<View> {
    return call('PUT', `/api/views/${id}`, { body: view });
}

export function removeView(id: number): Promise<void> {
    return call('DELETE', `/api/views/${id}`);
}

export function hrefOfView(view: View): string {
    return view.address ? `${hrefOf(view.page)}?${view.address}` : hrefOf(view.page);
}
