/* toasts.svelte.ts - what has just been done, said once, with its undoing for ten seconds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export interface Toast {
    id: number;
    text: string;
    undo?: () => void | Promise<void>;
}

const LASTS_MS = 10000;

export const toasts = $state<Toast[]>([]);
let last = 0;

export function say(text: string, undo?: Toast['undo']) {
    const id = ++last;
    toasts.push({ id, text, undo });
    setTimeout(() => dismiss(id), LASTS_MS);
}

export function dismiss(id: number) {
    const at = toasts.findIndex((toast) => toast.id === id);
    if (at >= 0) toasts.splice(at, 1);
}
