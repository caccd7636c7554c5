/* blocks.ts - the tables below the chart: which property each of their sides tells apart.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export interface Side {
    /** Its name in the address; words: today.side.KEY. */
    key: string;
    prop: string;
    /** visits: by what a visit began with. views: by what was seen. */
    over: 'visits' | 'views';
    /** What a visit without the property is called; such visits are left out where nothing is. */
    none?: string;
    /** Countries: a map stands above the list. */
    isMap?: boolean;
}

export interface BlockKind {
    /** Its name in the address; words: today.block.KEY. */
    key: string;
    /** Its place where there is one column. */
    order: number;
    sides: Side[];
}

const [sources, pages, places, devices]: BlockKind[] = [
    {
        key: 'sources',
        order: 1,
        sides: [
            { key: 'kind', prop: 'context.referrer.kind', over: 'visits', none: 'today.direct' },
            { key: 'source', prop: 'context.referrer.name', over: 'visits' },
            { key: 'utm_source', prop: 'utm_source', over: 'visits' },
            { key: 'campaign', prop: 'utm_campaign', over: 'visits' },
            { key: 'site', prop: 'context.referrer.domain', over: 'visits' },
        ],
    },
    {
        key: 'pages',
        order: 2,
        sides: [
            { key: 'title', prop: 'context.page.title', over: 'views' },
            { key: 'path', prop: 'context.page.path', over: 'views' },
            { key: 'entry', prop: 'context.page.path', over: 'visits' },
        ],
    },
    {
        key: 'places',
        order: 4,
        sides: [
            { key: 'country', prop: 'context.location.country', over: 'visits', none: 'today.unknown', isMap: true },
            { key: 'city', prop: 'context.location.city', over: 'visits' },
        ],
    },
    {
        key: 'devices',
        order: 5,
        sides: [
            { key: 'device', prop: 'context.device.type', over: 'visits', none: 'today.unknown' },
            { key: 'browser', prop: 'context.browser.name', over: 'visits', none: 'today.unknown' },
            { key: 'os', prop: 'context.os.name', over: 'visits', none: 'today.unknown' },
        ],
    },
];

/** Side by side; the goals follow the second column's. */
export const columns: BlockKind[][] = [
    [sources, places],
    [pages, devices],
];
