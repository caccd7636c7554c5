/* theme.ts - light or dark, the system's until the reader chooses; and how close rows stand.
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

export type Density = 'compact' | 'comfortable';

export function chosenDensity(): Density {
    return localStorage.getItem('density') === 'comfortable' ? 'comfortable' : 'compact';
}

export function chooseDensity(density: Density) {
    localStorage.setItem('density', density);
    document.documentElement.dataset.density = density;
}

export function followTheme() {
    dark.addEventListener('change', show);
    document.documentElement.dataset.density = chosenDensity();
    show();
}

export function chooseTheme(theme: Theme) {
    localStorage.setItem('theme', theme);
    show();
}
