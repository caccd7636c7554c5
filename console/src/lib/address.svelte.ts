/* address.svelte.ts - the page's address is its state: what can be seen can be linked to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

interface Place {
    path: string;
    search: URLSearchParams;
}

function read(): Place {
    return { path: location.pathname, search: new URLSearchParams(location.search) };
}

let place = $state.raw(read());

addEventListener('popstate', () => (place = read()));

export const address = {
    get path() {
        return place.path;
    },
    get search() {
        return place.search;
    },
    get(name: string): string | null {
        return place.search.get(name);
    },
    all(name: string): string[] {
        return place.search.getAll(name);
    },
};

export type Changes = Record<string, string | string[] | null | undefined>;

/** The present address with `changes`; null and [] take a parameter away. */
export function hrefWith(changes: Changes, path = place.path): string {
    const search = new URLSearchParams(place.search);
    for (const [name, value] of Object.entries(changes)) {
        search.delete(name);
        for (const one of Array.isArray(value) ? value : value == null ? [] : [value]) search.append(name, one);
    }
    const text = search.toString();
    return text ? `${path}?${text}` : path;
}

/** Goes to an address of the console. `replace`: the step back leads past it. */
export function go(href: string, replace = false) {
    if (href === location.pathname + location.search) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', href);
    const before = place.path;
    place = read();
    if (before !== place.path) scrollTo(0, 0);
}

export function change(changes: Changes, replace = false) {
    go(hrefWith(changes), replace);
}

/** Makes plain links of the console steps within it; for the document, once. */
export function followLinks(event: MouseEvent) {
    const link = (event.target as Element).closest?.('a');
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (!link.pathname.startsWith('/app') && link.pathname !== '/') return;
    event.preventDefault();
    go(link.pathname + link.search);
}
