/* flow.ts - paths as streams between steps: what comes after what, how often.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { sankey, sankeyLeft, sankeyLinkHorizontal, type SankeyNode } from 'd3-sankey';
import type { PathRow } from './types';

export interface Node {
    /** 0: the event that the paths come after. */
    step: number;
    event: string;
    count: number;
    /** The colour: how many events are more frequent. */
    rank: number;
    x: number;
    y: number;
    height: number;
}

export interface Stream {
    from: number;
    to: number;
    count: number;
    path: string;
    width: number;
}

export interface Flow {
    nodes: Node[];
    streams: Stream[];
}

/** Room between two nodes, so that a line of text stands beside each. */
const GAP = 18;
export const NODE_WIDTH = 8;

interface Place {
    step: number;
    event: string;
}

interface Sum {
    source: number;
    target: number;
    value: number;
}

/** Nodes and streams without places: an event is one node in each step that it stands in. */
function sumsOf(after: string, paths: PathRow[]) {
    const nodes: Place[] = [];
    const numbers = new Map<string, number>();
    const sums = new Map<string, Sum>();
    const numberOf = (step: number, event: string) => {
        const key = `${step} ${event}`;
        if (!numbers.has(key)) numbers.set(key, nodes.push({ step, event }) - 1);
        return numbers.get(key)!;
    };
    for (const { events, count } of paths) {
        let source = numberOf(0, after);
        events.forEach((event, i) => {
            const target = numberOf(i + 1, event);
            const key = `${source} ${target}`;
            const sum = sums.get(key);
            if (sum) sum.value += count;
            else sums.set(key, { source, target, value: count });
            source = target;
        });
    }
    return { nodes, links: [...sums.values()] };
}

/** The most nodes that stand in one step: what decides the height. */
export function mostInStep(paths: PathRow[]): number {
    const steps: Set<string>[] = [];
    for (const { events } of paths) events.forEach((event, i) => (steps[i] ??= new Set()).add(event));
    return steps.reduce((most, { size }) => Math.max(most, size), 1);
}

/* A stream's end, a number before the layout, is the node itself behind it. */
function indexOf(end: number | string | SankeyNode<Place, object>): number {
    return typeof end === 'object' ? (end.index ?? 0) : Number(end);
}

/** Lays paths out from left to right; `end` is kept free for the last step's names. */
export function flowOf(after: string, paths: PathRow[], width: number, height: number, end: number): Flow {
    const sums = sumsOf(after, paths);
    if (!sums.links.length) return { nodes: [], streams: [] };
    const { nodes, links } = sankey<Place, object>()
        .nodeAlign(sankeyLeft)
        .nodeWidth(NODE_WIDTH)
        .nodePadding(GAP)
        .extent([
            [0, GAP / 2],
            [width - end, height - GAP / 2],
        ])(sums);
    const counts = new Map<string, number>();
    for (const { event, value } of nodes) counts.set(event, (counts.get(event) ?? 0) + (value ?? 0));
    const ranks = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!);
    const path = sankeyLinkHorizontal<Place, object>();
    return {
        nodes: nodes.map(({ step, event, value = 0, x0 = 0, y0 = 0, y1 = 0 }) => ({
            step,
            event,
            count: value,
            rank: ranks.indexOf(event),
            x: x0,
            y: y0,
            height: y1 - y0,
        })),
        streams: links.map((link) => ({
            from: indexOf(link.source),
            to: indexOf(link.target),
            count: link.value,
            path: path(link)!,
            width: link.width ?? 0,
        })),
    };
}
