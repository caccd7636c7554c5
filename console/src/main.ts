/* main.ts - starts the console: its language, who is signed in, then the first page.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { mount } from 'svelte';
import App from './App.svelte';
import './tokens.css';
import './base.css';
import { followLinks } from './lib/address.svelte';
import { recall } from './lib/session.svelte';
import { followTheme } from './lib/theme';
import { speak } from './lib/words.svelte';

followTheme();
document.addEventListener('click', followLinks);

const target = document.getElementById('app')!;
const [, problem] = await Promise.all([speak(), recall().catch((error: Error) => error)]);
target.removeAttribute('aria-busy');
mount(App, { target, props: { problem: problem ?? null } });
