/* theme.ts - light or dark: the system's until the reader chooses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export type Theme = 'system' | 'light' | 'dark';

const dark = matchMedia('(prefers-color-scheme: dark)');

export function chosenTheme(): Theme {
    const theme = localStorage.getItem('theme');
    return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function show() {
    const theme = chosenTheme();
    document.documentElement.dataset.theme = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
}

export function followTheme() {
    dark.addEventListener('change', show);
    show();
}

export function chooseTheme(theme: Theme) {
    localStorage.setItem('theme', theme);
    show();
}
