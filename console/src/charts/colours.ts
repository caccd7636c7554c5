/* colours.ts - the tokens' colours for what is drawn on a canvas, and when they change.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export interface Colours {
    ground: string;
    line: string;
    faint: string;
    before: string;
    data: string[];
}

/** How many data colours there are, and so how many lines are drawn. */
export const most = 5;

/** The token of the i-th line. */
export function tokenOf(i: number, isBefore = false): string {
    return isBefore ? 'var(--data-before)' : `var(--data-${(i % most) + 1})`;
}

export function coloursOf(element: Element): Colours {
    const style = getComputedStyle(element);
    const read = (name: string) => style.getPropertyValue(name).trim();
    return {
        ground: read('--ground'),
        line: read('--line'),
        faint: read('--text-faint'),
        before: read('--data-before'),
        data: Array.from({ length: most }, (_, i) => read(`--data-${i + 1}`)),
    };
}

/** Calls `then` when the theme changes; returns how to stop. */
export function onTheme(then: () => void): () => void {
    const observer = new MutationObserver(then);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => observer.disconnect();
}
