/* charts.test.ts - what the charts reckon before anything is drawn.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeOf } from '~/charts/change';
import { flowOf, mostInStep } from '~/charts/flow';
import { spread, ticksOf } from '~/charts/scale';
import { meansOf, partsOf, shadeOf } from '~/charts/shares';
import { sheetOfCohorts, sheetOfPaths, sheetOfRows, sheetOfSteps, sheetOfTimes } from '~/charts/sheets';
import { axisMarks, columnLabel, columnTitle } from '~/charts/time';
import type { Interval } from '~/lib/period';

function times(interval: Interval, columns: string[]) {
    return { columns, interval, isRunning: false };
}

function days(from: string, n: number): string[] {
    return Array.from(
        { length: n },
        (_, i) => `${new Date(Date.parse(from) + i * 86400000).toISOString().slice(0, 10)}T00:00:00+08:00`,
    );
}

test('an axis goes in round steps from zero to above the largest', () => {
    assert.deepEqual(ticksOf(0, 1400), [0, 500, 1000, 1500]);
    assert.deepEqual(ticksOf(0, 0.9), [0, 0.25, 0.5, 0.75, 1]);
    assert.deepEqual(ticksOf(40, 60), [0, 20, 40, 60]);
    assert.deepEqual(ticksOf(0, 0), [0, 1]);
});

test('an axis of whole figures has no halves', () => {
    assert.deepEqual(ticksOf(0, 2, 4, 'number', true), [0, 1, 2]);
    for (let high = 1; high < 3000; high += 7)
        assert.ok(ticksOf(0, high, 4, 'number', true).every(Number.isInteger), `of ${high}`);
});

test('an axis below zero keeps the zero', () => {
    const ticks = ticksOf(-30, 100);
    assert.ok(ticks.includes(0));
    assert.ok(ticks[0] <= -30 && ticks.at(-1)! >= 100);
});

test('an axis of durations goes in minutes and hours', () => {
    assert.deepEqual(ticksOf(0, 134000, 4, 'duration'), [0, 60000, 120000, 180000]);
    assert.deepEqual(
        ticksOf(0, 4 * 3600000, 4, 'duration'),
        [0, 1, 2, 3, 4].map((h) => h * 3600000),
    );
});

test('labels that want one place stand apart, in order, within their room', () => {
    assert.deepEqual(spread([100, 100, 100], 16, 0, 100), [68, 84, 100]);
    assert.deepEqual(spread([90, 10], 16, 0, 100), [90, 10]);
    assert.deepEqual(spread([-5, 0], 16, 0, 100), [0, 16]);
});

test('a column is called by the date that stands in it, in whatever zone the reader is', () => {
    assert.equal(columnLabel('2026-11-20T00:00:00+13:00', 'day'), 'Nov 20');
    assert.equal(columnLabel('2026-11-20T00:00:00-11:00', 'day'), 'Nov 20');
    assert.equal(columnTitle('2026-11-20T00:00:00+13:00', 'day'), 'Fri, Nov 20, 2026');
    assert.equal(columnLabel('2026-01-01T00:00:00+08:00', 'month'), '2026');
    assert.equal(columnLabel('2026-11-20T00:00:00+08:00', 'hour'), 'Nov 20');
});

test('an axis names what there is room for: days, Mondays, months', () => {
    const month = times('day', days('2026-10-26', 28));
    assert.equal(axisMarks(month, 28).length, 28);
    assert.deepEqual(axisMarks(month, 6), [0, 7, 14, 21]);
    const quarter = times('day', days('2026-09-20', 90));
    assert.deepEqual(
        axisMarks(quarter, 4).map((i) => quarter.columns[i].slice(0, 10)),
        ['2026-10-01', '2026-11-01', '2026-12-01'],
    );
    const hours = times(
        'hour',
        Array.from({ length: 24 }, (_, h) => `2026-11-22T${String(h).padStart(2, '0')}:00:00Z`),
    );
    assert.deepEqual(axisMarks(hours, 8), [0, 3, 6, 9, 12, 15, 18, 21]);
});

test('an axis never names more than there is room for', () => {
    const intervals: Interval[] = ['day', 'week', 'month', 'hour', 'minute'];
    for (const interval of intervals)
        for (let n = 1; n < 120; n += 3)
            for (let most = 1; most < 20; most++) {
                const marks = axisMarks(times(interval, days('2026-01-05', n)), most);
                assert.ok(marks.length >= 1 && marks.length <= most, `${interval} ${n} ${most}: ${marks.length}`);
            }
});

test('a change that chance may have made is tiny', () => {
    assert.equal(changeOf(31, 30)!.isTiny, true);
    assert.equal(changeOf(1300, 1000)!.isTiny, false);
    assert.equal(changeOf(1000500, 1000000)!.isTiny, true);
    assert.equal(Math.round(changeOf(108, 100)!.share * 100), 8);
    assert.equal(changeOf(5, 0), null);
    assert.equal(changeOf(5, null), null);
    assert.equal(changeOf(null, 5), null);
});

const steps = [
    { name: 'a', people: 200, medianMs: null },
    { name: 'b', people: 50, medianMs: 900 },
    { name: 'c', people: 0, medianMs: null },
];

test('steps are shares of the first and of the one before', () => {
    assert.deepEqual(partsOf(steps)[1], { people: 50, ofFirst: 0.25, ofPrevious: 0.25, lost: 150, lostOfFirst: 0.75 });
    assert.deepEqual(partsOf(steps)[2], { people: 0, ofFirst: 0, ofPrevious: 0, lost: 50, lostOfFirst: 0.25 });
    assert.equal(partsOf([{ name: 'a', people: 0, medianMs: null }])[0].ofFirst, 0);
    assert.deepEqual(partsOf([]), []);
});

const cohorts = [
    { start: '2026-11-02T00:00:00Z', people: 100, returned: [50, 10, null] },
    { start: '2026-11-09T00:00:00Z', people: 300, returned: [30, null, null] },
];

test('the mean of cohorts weighs them by people, and leaves out what is not over', () => {
    assert.deepEqual(meansOf(cohorts), [{ people: 400, returned: 80 }, { people: 100, returned: 10 }, null]);
});

test('shades grow with the value and leap over the middle', () => {
    let before = -1;
    for (let i = 0; i <= 100; i++) {
        const { mix, isDeep } = shadeOf(i, 100);
        assert.ok(mix >= before && mix <= 100);
        assert.ok(isDeep ? mix >= 80 : mix <= 50, `${i}: ${mix}`);
        before = mix;
    }
    assert.deepEqual(shadeOf(0, 0), { mix: 0, isDeep: false });
});

const paths = [
    { events: ['b', 'c'], people: 5, count: 6 },
    { events: ['b', 'a'], people: 2, count: 2 },
    { events: ['c', 'c'], people: 1, count: 1 },
];

test('paths become one node for each event of a step, and streams add up', () => {
    const { nodes, streams } = flowOf('a', paths, 600, 300, 100);
    assert.deepEqual(
        nodes.map(({ step, event, count }) => [step, event, count]),
        [
            [0, 'a', 9],
            [1, 'b', 8],
            [2, 'c', 7],
            [2, 'a', 2],
            [1, 'c', 1],
        ],
    );
    assert.equal(streams.length, 5);
    assert.equal(mostInStep(paths), 2);
    assert.deepEqual(flowOf('a', [], 600, 300, 100), { nodes: [], streams: [] });
});

test('nodes of a step leave room for a line of text between their middles', () => {
    const many = Array.from({ length: 20 }, (_, i) => ({ events: [`e${i}`], people: 1, count: i ? 1 : 1000 }));
    const { nodes } = flowOf('a', many, 600, mostInStep(many) * 38, 100);
    const middles = nodes
        .filter(({ step }) => step === 1)
        .map(({ y, height }) => y + height / 2)
        .sort((a, b) => a - b);
    assert.equal(middles.length, 20);
    middles.slice(1).forEach((y, i) => assert.ok(y - middles[i] >= 17, `${y - middles[i]}`));
});

test('tables have a row for each mark and nothing drawn is missing', () => {
    const lines = [
        { name: 'x', values: [1, null] },
        { name: '', values: [2, 3], isBefore: true },
    ];
    assert.deepEqual(sheetOfTimes(times('day', days('2026-11-20', 2)), lines), {
        head: ['charts.time', 'x', 'charts.before'],
        rows: [
            ['2026-11-20', 1, 2],
            ['2026-11-21', null, 3],
        ],
    });
    assert.deepEqual(sheetOfRows([{ key: 'k', name: 'K', value: 1, before: null }], 'what', 'n'), {
        head: ['what', 'n', 'charts.before'],
        rows: [['K', 1, null]],
    });
    assert.equal(sheetOfSteps([{ name: null, steps }]).rows.length, 3);
    assert.equal(
        sheetOfSteps([
            { name: 'm', steps },
            { name: 'd', steps },
        ]).rows[3][0],
        'd',
    );
    assert.deepEqual(sheetOfCohorts(cohorts, 'week').rows[1], ['2026-11-09', 300, 30, null, null]);
    const sheet = sheetOfPaths('a', paths, (event) => event.toUpperCase());
    assert.deepEqual(sheet.rows[0], [1, 'B', 'C', 6, 5]);
    assert.equal(sheet.head.length, 5);
});
