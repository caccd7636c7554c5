/* bundle.mjs - makes one module of charts.test.ts and what it tests: bundle.mjs MODULES SOURCES OUT
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const [modules, sources, out] = process.argv.slice(2);
const { build } = createRequire(join(modules, 'x'))('esbuild');

await build({
    entryPoints: [join(here, 'charts.test.ts')],
    outfile: out,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    nodePaths: [join(modules, 'node_modules')],
    /* The words need the compiler of Svelte; here they are their keys. */
    alias: { '~/lib/words.svelte': join(here, 'words.ts'), '~': sources },
});
