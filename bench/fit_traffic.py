#!/usr/bin/env python3
# fit_traffic.py - weighs the signs of traffic_signs.def that say FITTED, by labelled hits.
# SPDX-License-Identifier: Apache-2.0
"""usage: bench/fit_traffic.py [--write] [--visits N] [--seeds A,B]

Hits of the simulated day's first half (bench/traffic signs) are told with the signs that they show.
Naive Bayes' weight is the logarithm of how much likelier machines show the sign than people. As
signs come together, such weights add up to too much; so those that are fitted make the
probabilities fit (logistic regression with the prior and the GIVEN weights as they are, and a pull
towards zero). Each cast counts by its share of visits, whatever its number of hits.
With --write the weights, rounded to halves, go into the table; the other half is for trying them:
bench/traffic report.
"""
import argparse
import collections
import math
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "src/collect/traffic_signs.def"
ROW = re.compile(r"^SIGN\((\w+), (\w+), (-?[0-9.]+), (\w+), (\w+),", re.M)
PRIOR = float(re.search(r"PRIOR = (-?[0-9.]+)", (ROOT / "src/collect/traffic.c").read_text())[1])
MACHINES = 1 / (1 + math.exp(-PRIOR))  # of all hits
PULL = 2e-5
SEEN = 1e-5             # of all hits: a sign that is shown less keeps its weight
LEAST, MOST = 0.5, 3.5  # a sign always tells something, and none of these settles it alone
STEPS = 400


def hits_of(program, seed, visits):
    """(cast, share of visits, is it a machine's, signs, how many) of the half for fitting."""
    said = subprocess.run([program, "signs", str(seed), str(visits), "fitted"], check=True,
                          capture_output=True, text=True).stdout
    for line in said.splitlines():
        cast, share, machine, signs, count = line.split("\t")
        yield int(cast), float(share), machine == "1", int(signs, 16), int(count)


def weighted(rows):
    """(is it a machine's, signs) -> weight; machines are as common as the prior says."""
    hits_of_cast = collections.Counter()
    for cast, _, machine, _, count in rows:
        hits_of_cast[cast, machine] += count
    weights, sums = collections.Counter(), collections.Counter()
    for cast, share, machine, signs, count in rows:
        weights[machine, signs] += share * count / hits_of_cast[cast, machine]
    for (machine, _), weight in weights.items():
        sums[machine] += weight
    return {(machine, signs): weight / sums[machine] * (MACHINES if machine else 1 - MACHINES)
            for (machine, signs), weight in weights.items()}


def naive(weights, bit):
    shown = {truth: sum(w for (m, signs), w in weights.items() if m == truth and signs >> bit & 1)
             for truth in (False, True)}
    return math.log((shown[True] / MACHINES + 1e-3) / (shown[False] / (1 - MACHINES) + 1e-3))


def clamp(value, before):
    return max(LEAST, min(MOST, value)) if before > 0 else -max(LEAST, min(MOST, -value))


def fit(weights, rows, begin):
    """Newton's steps, one weight after another."""
    now = list(begin)
    odds = {key: PRIOR + sum(now[i] for i in range(len(rows)) if key[1] >> i & 1) for key in weights}
    fitted = [i for i, row in enumerate(rows) if row[4] == "FITTED"]
    fitted = [i for i in fitted if sum(w for (_, signs), w in weights.items() if signs >> i & 1) > SEEN]
    with_sign = {i: [key for key in weights if key[1] >> i & 1] for i in fitted}
    for _ in range(STEPS):
        most = 0.0
        for i in fitted:
            slope, bend = PULL * now[i], PULL
            for key in with_sign[i]:
                p = 1 / (1 + math.exp(-odds[key]))
                slope += weights[key] * (p - key[0])
                bend += weights[key] * p * (1 - p)
            step = clamp(now[i] - max(-0.5, min(0.5, slope / bend)), float(rows[i][2])) - now[i]
            now[i] += step
            most = max(most, abs(step))
            for key in with_sign[i]:
                odds[key] += step
        if most < 1e-4:
            break
    return now


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--visits", type=int, default=8000)
    parser.add_argument("--seeds", default="11,12,13")
    parser.add_argument("--program", default=str(ROOT / "build/bench/traffic"))
    options = parser.parse_args()
    text = TABLE.read_text(encoding="utf-8")
    rows = ROW.findall(text)
    told = [hit for seed in options.seeds.split(",")
            for hit in hits_of(options.program, seed, options.visits)]
    weights = weighted(told)
    naive_weights = [naive(weights, i) for i in range(len(rows))]
    found = fit(weights, rows, [float(row[2]) for row in rows])
    print(f"{'sign':40} {'now':>6} {'naive':>6} {'fitted':>6}")
    for i, (_, code, before, _, how) in enumerate(rows):
        if how != "FITTED":
            continue
        after = round(found[i] * 2) / 2
        print(f"{code:40} {before:>6} {naive_weights[i]:6.2f} {found[i]:6.2f}")
        text = re.sub(rf"^(SIGN\(\w+, {code}, )-?[0-9.]+,", rf"\g<1>{after:g},", text, flags=re.M)
    if options.write:
        TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
