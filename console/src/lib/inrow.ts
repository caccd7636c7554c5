/* inrow.ts - one of a row that scrolls sideways is brought into sight, and nothing else moves.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * scrollIntoView would scroll the page as well, to a row that is further down.
 */
export function showInRow(row: HTMLElement, one: Element | null) {
    if (!one) return;
    const [inner, outer] = [one.getBoundingClientRect(), row.getBoundingClientRect()];
    if (inner.left < outer.left) row.scrollLeft += inner.left - outer.left;
    else if (inner.right > outer.right) row.scrollLeft += inner.right - outer.right;
}
