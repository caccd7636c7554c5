/* needs.ts - when something is worth saying at the top of the page.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Trend, Visits } from '~/lib/answers';
import { countsDiffer, sharesDiffer } from '~/lib/noise';
import { totalOf } from './measures';

const FAR = 0.3; /* of the visitors gone */
const MOST = 0.5; /* of the views are machines' */
const RISE = 0.05; /* points more than before */

/** By which share visitors fell, where that is far and no chance; else null. */
export function fellFar(visits: Visits, earlier: Visits): number | null {
    const [now, before] = [totalOf(visits).visitors, totalOf(earlier).visitors];
    if (before === 0 || !countsDiffer(now, before)) return null;
    const fall = 1 - now / before;
    return fall >= FAR ? fall : null;
}

export function machinesOf(verdicts: Trend): { share: number; of: number } {
    const count = (isMeant: (key: unknown) => boolean) =>
        verdicts.series.filter(({ key }) => isMeant(key)).reduce((sum, { total }) => sum + Number(total), 0);
    const of = count(() => true);
    return { share: of ? count((key) => key === 'machine') / of : 0, of };
}

/** The machines' share of the views where it is unusual: well above before, or the larger part. */
export function manyMachines(verdicts: Trend, before: Trend | null): number | null {
    const now = machinesOf(verdicts);
    if (!before) return now.share >= MOST ? now.share : null;
    const old = machinesOf(before);
    if (old.of === 0) return null;
    const isMore = now.share >= old.share + RISE && sharesDiffer(now.share, now.of, old.share, old.of);
    return isMore ? now.share : null;
}
