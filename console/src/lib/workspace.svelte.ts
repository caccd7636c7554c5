/* workspace.svelte.ts - what is the same for everybody who works on this customer database.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

/** The zone in which days begin: the reader's own until the workspace names one. */
export const workspace = $state({
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
});
