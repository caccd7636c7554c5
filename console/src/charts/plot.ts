/* plot.ts - a time series as uPlot draws it: lines or bars, axes, nothing that moves.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The columns stand at 0, 1, 2 ... so that every one is as wide, whatever the clock was put to.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Colours } from './colours';
import type { Line } from './types';

/** Where the figures came to stand, in CSS pixels of the plot. */
export interface Box {
    left: number;
    top: number;
    width: number;
    height: number;
}

export interface Plan {
    width: number;
    height: number;
    /** Room after the last column. */
    end: number;
    /** Room for the labels of the y axis. */
    start: number;
    isBars: boolean;
    isRunning: boolean;
    columns: number;
    lines: Line[];
    ticks: number[];
    /** Named columns of the x axis. */
    marks: number[];
    writeX: (column: number) => string;
    writeY: (value: number) => string;
    font: string;
    isRightToLeft: boolean;
    colours: Colours;
    ondrawn: (box: Box) => void;
}

/** The ends of the x axis: half a column beyond for bars, which have a width. */
export function endsOf(plan: { isBars: boolean; columns: number }): [number, number] {
    if (plan.isBars || plan.columns < 2) return [-0.5, plan.columns - 0.5];
    return [0, plan.columns - 1];
}

const context = document.createElement('canvas').getContext('2d')!;

/** The widest of some labels. */
export function widthOf(texts: string[], font: string): number {
    context.font = font;
    return Math.ceil(Math.max(0, ...texts.map((text) => context.measureText(text).width)));
}

function faded(colour: string, alpha: string): string {
    context.fillStyle = colour;
    return `${context.fillStyle}${alpha}`; /* read back it is always #rrggbb */
}

/** Bars of the g-th of `groups` lines, side by side on `share` of their column. */
function bars(g: number, groups: number, share: number): uPlot.Series.PathBuilder {
    return (u, series, from, to) => {
        const path = new Path2D();
        const column = Math.abs(u.valToPos(1, 'x', true) - u.valToPos(0, 'x', true));
        const room = Math.min(column, Math.max(2, groups) * 64 * devicePixelRatio) * share;
        const width = Math.max(1, room / groups - (groups > 1 ? 1 : 0));
        const zero = u.valToPos(0, 'y', true);
        const corner = Math.min(3 * devicePixelRatio, width / 3);
        for (let i = from; i <= to; i++) {
            const value = u.data[series][i];
            if (value === null || value === undefined) continue;
            const y = u.valToPos(value, 'y', true);
            const x = u.valToPos(i, 'x', true) - room / 2 + (g * room) / groups;
            const top = Math.min(y, zero);
            const corners = value >= 0 ? [corner, corner, 0, 0] : [0, 0, corner, corner];
            path.roundRect(x, top, width, Math.max(Math.abs(zero - y), value ? 1 : 0), corners);
        }
        return { fill: path, stroke: path, flags: 3 };
    };
}

/** A point where neither neighbour gives a line to be seen. */
function lonely(u: uPlot, series: number): number[] {
    const values = u.data[series];
    return [...values.keys()].filter((i) => values[i] != null && values[i - 1] == null && values[i + 1] == null);
}

function seriesOf(plan: Plan): { series: uPlot.Series[]; data: (number | null)[][] } {
    const { colours, isBars, columns } = plan;
    const shown = plan.lines.filter((line) => !line.isBefore);
    /* The running column is a line of its own, which is dashed. */
    const cut = plan.isRunning ? columns - 1 : columns;
    const series: uPlot.Series[] = [];
    const data: (number | null)[][] = [];
    const add = (values: (number | null)[], more: uPlot.Series) => {
        data.push(values);
        series.push({ spanGaps: false, points: { show: false }, ...more });
    };
    const before = plan.lines.find((line) => line.isBefore);
    /* Behind bars the period before is a wider, paler bar. */
    if (before && isBars) add(before.values, { fill: faded(colours.before, '59'), width: 0, paths: bars(0, 1, 0.92) });
    else if (before) add(before.values, { stroke: colours.before, width: 1.5, dash: [2, 4] });
    shown.forEach((line, i) => {
        const colour = colours.data[i];
        const point = { show: true, filter: lonely, size: 6, fill: colour, stroke: colour };
        const past = line.values.map((value, column) => (column < cut ? value : null));
        const present = line.values.map((value, column) => (column >= cut - (isBars ? 0 : 1) ? value : null));
        if (isBars) {
            const paths = bars(i, shown.length, before ? 0.56 : 0.76);
            add(past, { fill: colour, width: 0, paths });
            if (cut < columns)
                add(present, { fill: faded(colour, '38'), stroke: colour, width: 1, dash: [3, 3], paths });
            return;
        }
        const fill = shown.length === 1 ? { fill: faded(colour, '12') } : {};
        add(past, { stroke: colour, width: 2, points: point, ...fill });
        if (cut < columns) add(present, { stroke: colour, width: 2, dash: [3, 4], points: point, ...fill });
    });
    return { series, data };
}

export function draw(element: HTMLElement, plan: Plan): uPlot {
    const { colours, font } = plan;
    const { series, data } = seriesOf(plan);
    const [first, last] = endsOf(plan);
    const common = { stroke: colours.faint, font, ticks: { show: false } };
    const u = new uPlot(
        {
            width: plan.width,
            height: plan.height,
            padding: [10, plan.end, 0, 0],
            legend: { show: false },
            cursor: { show: false },
            scales: {
                x: { time: false, range: [first, last] },
                y: { range: [plan.ticks[0], plan.ticks.at(-1)!] },
            },
            axes: [
                {
                    ...common,
                    size: 26,
                    gap: 8,
                    grid: { show: false },
                    splits: () => plan.marks,
                    values: (_, splits) => splits.map(plan.writeX),
                },
                {
                    ...common,
                    size: plan.start,
                    gap: 8,
                    grid: { stroke: colours.line, width: 1 },
                    splits: () => plan.ticks,
                    values: (_, splits) => splits.map(plan.writeY),
                },
            ],
            series: [{}, ...series],
            hooks: {
                draw: [
                    ({ bbox }) =>
                        plan.ondrawn({
                            left: bbox.left / devicePixelRatio,
                            top: bbox.top / devicePixelRatio,
                            width: bbox.width / devicePixelRatio,
                            height: bbox.height / devicePixelRatio,
                        }),
                ],
            },
        },
        [Array.from({ length: plan.columns }, (_, i) => i), ...data] as uPlot.AlignedData,
        element,
    );
    /* Time runs from left to right in any language; what is written there may not. */
    u.ctx.canvas.dir = plan.isRightToLeft ? 'rtl' : 'ltr';
    return u;
}
