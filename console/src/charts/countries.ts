/* countries.ts - the outlines of the countries, by their ISO 3166 alpha-2 codes.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Loaded only where a map is shown. The atlas calls a country by its ISO 3166 number; the code of
 * a number is what Intl makes of it: a language tag's region may be written as that number, and
 * its canonical form is the code. So no table of ours can grow old. Disputed areas without a
 * number stay without a code, but for Kosovo, whose XK is in use.
 */
import { geoNaturalEarth1, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import atlas from 'world-atlas/countries-110m.json';

export interface Country {
    code: string | null;
    path: string;
    /** Its middle. */
    x: number;
    y: number;
}

export const WIDTH = 960;
export const HEIGHT = 440;

function codeOf(id: string | number | undefined, name: string): string | null {
    if (!id) return name === 'Kosovo' ? 'XK' : null;
    const region = new Intl.Locale(`und-${id}`).region ?? '';
    return /^[A-Z]{2}$/.test(region) ? region : null;
}

/* The type that is inferred of a JSON file has lost which words stand in it. */
const world = atlas as unknown as Topology<{ countries: GeometryCollection<{ name: string }> }>;
const shapes = feature(world, world.objects.countries);
/* Nobody shops in Antarctica, and it would take a fifth of the height. */
shapes.features = shapes.features.filter(({ id }) => id !== '010');

const path = geoPath(geoNaturalEarth1().fitSize([WIDTH, HEIGHT], shapes)).digits(1);

export const countries: Country[] = shapes.features.map((shape) => {
    const [x, y] = path.centroid(shape);
    return { code: codeOf(shape.id, shape.properties.name), path: path(shape)!, x, y };
});
