/* svelte.config.js - warnings of the compiler are errors of the build.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export default {
    onwarn(warning) {
        throw new Error(`${warning.filename}: ${warning.message}`);
    },
};
