/* vite.config.ts - how the console is built: hashed files, nothing inlined (the strict CSP).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const server = process.env.MYRIAD ?? 'http://127.0.0.1:8080';

export default defineConfig({
    plugins: [svelte()],
    resolve: { alias: { '~': new URL('./src', import.meta.url).pathname } },
    build: {
        target: 'es2022',
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
    },
    /* The server takes changes from its own pages only. */
    server: {
        proxy: {
            '/api': { target: server, changeOrigin: true, headers: { origin: server } },
            '/openapi.json': server,
        },
    },
});
