-- chdb.sql - the questions of run_queries for ClickHouse; of the forms of one question the fastest counts.
-- SPDX-License-Identifier: Apache-2.0
--
-- {...} are filled in. Names are q<number>_<form>; side_ gives part of an answer and does not
-- count. What the tables give for free: persons are resolved, rows lie in the order (person, time,
-- seq), `pos` is the place in that order, `k` orders a person's events and holds the time (4096
-- ties a millisecond), `day` counts from the first,
-- `backwards` holds the funnel's events, each person's from the end, for windows without a sort.

-- name: settings
CREATE DATABASE IF NOT EXISTS bench;
USE bench;
SET max_threads = 2;
SET output_format_json_quote_64bit_integers = 0;

-- name: load
CREATE TABLE persons (person UInt32, id String, country LowCardinality(String)) ENGINE = MergeTree ORDER BY person;
INSERT INTO persons SELECT * FROM file('{persons}', CSV, 'person UInt32, id String, country String');
CREATE TABLE raw (seq UInt32, person UInt32, time Int64, event LowCardinality(String), source LowCardinality(String), campaign LowCardinality(String), device LowCardinality(String), country LowCardinality(String), product LowCardinality(String), revenue Nullable(Decimal(9, 2))) ENGINE = MergeTree ORDER BY (person, time, seq);
INSERT INTO raw SELECT * FROM file('{peers}', CSV, 'seq UInt32, person UInt32, time Int64, event String, source String, campaign String, device String, country String, product String, revenue Nullable(Decimal(9, 2))');

-- name: cluster
CREATE TABLE placed ENGINE = MergeTree ORDER BY pos AS
    SELECT toUInt32(rowNumberInAllBlocks()) AS pos, * FROM (SELECT * FROM raw ORDER BY person, time, seq);
DROP TABLE raw;
CREATE TABLE events (pos UInt32 CODEC(Delta, LZ4), k Int64 CODEC(Delta, LZ4), day UInt8, person UInt32, time Int64 CODEC(Delta, LZ4), seq UInt32, event Enum8('product_view', 'add_to_cart', 'checkout_start', 'purchase', 'search', 'page_view', 'category_view', 'remove_from_cart', 'wishlist_add', 'ad_click', 'email_click', 'sign_in'), source LowCardinality(String), campaign LowCardinality(String), device LowCardinality(String), country LowCardinality(String), product LowCardinality(String), revenue Nullable(Decimal(9, 2))) ENGINE = MergeTree ORDER BY (person, pos);
INSERT INTO events SELECT pos, time * 4096 + row_number() OVER (PARTITION BY person, time ORDER BY pos) - 1, intDiv(time - 1767571200000, 86400000), person, time, seq, event, source, campaign, device, country, product, revenue FROM placed;
DROP TABLE placed;
OPTIMIZE TABLE events FINAL;
CREATE TABLE backwards (person UInt32, back UInt32, event Enum8('product_view', 'add_to_cart', 'checkout_start', 'purchase'), time Int64) ENGINE = MergeTree ORDER BY (person, back);
INSERT INTO backwards SELECT person, 4294967295 - pos, toString(event), time FROM events WHERE event IN ('product_view', 'add_to_cart', 'checkout_start', 'purchase');
OPTIMIZE TABLE backwards FINAL;

-- name: q1_uniq
SELECT source, if(grouping(day) = 1, -1, toInt16(day)) AS d, count(), uniqExact(person)
FROM events WHERE event = 'product_view'
GROUP BY GROUPING SETS ((source, day), (source));

-- name: q1_bitmap
SELECT source, if(grouping(day) = 1, -1, toInt16(day)) AS d, count(), groupBitmap(person)
FROM events WHERE event = 'product_view'
GROUP BY GROUPING SETS ((source, day), (source));

-- name: q1_bitmap_states
WITH cells AS (SELECT source, day, count() AS n, groupBitmapState(person) AS who
               FROM events WHERE event = 'product_view' GROUP BY source, day)
SELECT source, toInt16(day) AS d, n, finalizeAggregation(who) FROM cells
UNION ALL SELECT source, -1, sum(n), groupBitmapMerge(who) FROM cells GROUP BY source;

-- name: q1_arrays
WITH cells AS (SELECT source, day, person, count() AS n FROM events
               WHERE event = 'product_view' GROUP BY person, source, day)
SELECT source, if(grouping(day) = 1, -1, toInt16(day)) AS d, sum(n), uniqExact(person)
FROM cells GROUP BY GROUPING SETS ((source, day), (source));

-- name: q2_windows
WITH toInt64(4000000000000000000) AS never,
    steps AS (SELECT person, pos, time, event FROM events
              WHERE event IN ('product_view', 'add_to_cart', 'checkout_start', 'purchase')),
    checkouts AS (
        SELECT person, pos, time, event, min(if(event = 'purchase', time, never)) OVER later AS purchase
        FROM steps
        WINDOW later AS (PARTITION BY person ORDER BY pos DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    carts AS (
        SELECT person, pos, time, event,
               min(if(event = 'checkout_start', time, never)) OVER later AS checkout,
               min(if(event = 'checkout_start', purchase, never)) OVER later AS purchased
        FROM checkouts WHERE event <> 'purchase'
        WINDOW later AS (PARTITION BY person ORDER BY pos DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    views AS (
        SELECT person, pos, event,
               min(if(event = 'add_to_cart', time, never)) OVER later - time AS d2,
               min(if(event = 'add_to_cart', checkout, never)) OVER later - time AS d3,
               min(if(event = 'add_to_cart', purchased, never)) OVER later - time AS d4
        FROM carts WHERE event IN ('product_view', 'add_to_cart')
        WINDOW later AS (PARTITION BY person ORDER BY pos DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    best AS (
        SELECT argMin((d2, d3, d4), multiIf(d4 <= 604800000, 1, d3 <= 604800000, 2, d2 <= 604800000, 3, 4)
                                    * 4294967296 + pos) AS d
        FROM views WHERE event = 'product_view' GROUP BY person)
SELECT count(), countIf(d.1 <= 604800000), quantileExactInclusiveIf(0.5)(d.1, d.1 <= 604800000),
       countIf(d.2 <= 604800000), quantileExactInclusiveIf(0.5)(d.2, d.2 <= 604800000),
       countIf(d.3 <= 604800000), quantileExactInclusiveIf(0.5)(d.3, d.3 <= 604800000) FROM best;

-- name: q2_backwards
WITH toInt64(4000000000000000000) AS never,
    steps AS (SELECT person, back AS pos, time, event FROM backwards),
    checkouts AS (
        SELECT person, pos, time, event, min(if(event = 'purchase', time, never)) OVER later AS purchase
        FROM steps
        WINDOW later AS (PARTITION BY person ORDER BY pos ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    carts AS (
        SELECT person, pos, time, event,
               min(if(event = 'checkout_start', time, never)) OVER later AS checkout,
               min(if(event = 'checkout_start', purchase, never)) OVER later AS purchased
        FROM checkouts WHERE event <> 'purchase'
        WINDOW later AS (PARTITION BY person ORDER BY pos ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    views AS (
        SELECT person, pos, event,
               min(if(event = 'add_to_cart', time, never)) OVER later - time AS d2,
               min(if(event = 'add_to_cart', checkout, never)) OVER later - time AS d3,
               min(if(event = 'add_to_cart', purchased, never)) OVER later - time AS d4
        FROM carts WHERE event IN ('product_view', 'add_to_cart')
        WINDOW later AS (PARTITION BY person ORDER BY pos ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    best AS (
        SELECT argMin((d2, d3, d4), multiIf(d4 <= 604800000, 1, d3 <= 604800000, 2, d2 <= 604800000, 3, 4)
                                    * 4294967296 - pos) AS d
        FROM views WHERE event = 'product_view' GROUP BY person)
SELECT count(), countIf(d.1 <= 604800000), quantileExactInclusiveIf(0.5)(d.1, d.1 <= 604800000),
       countIf(d.2 <= 604800000), quantileExactInclusiveIf(0.5)(d.2, d.2 <= 604800000),
       countIf(d.3 <= 604800000), quantileExactInclusiveIf(0.5)(d.3, d.3 <= 604800000) FROM best;

-- name: q2_asof
WITH toInt64(4000000000000000000) AS never,
    checkouts AS (
        SELECT c.person AS person, c.pos AS pos, c.time AS time, if(p.time = 0, never, p.time) AS purchase
        FROM (SELECT person, pos, time FROM events WHERE event = 'checkout_start') AS c
        ASOF LEFT JOIN (SELECT person, pos, time FROM events WHERE event = 'purchase') AS p
        ON c.person = p.person AND c.pos < p.pos),
    carts AS (
        SELECT a.person AS person, a.pos AS pos, a.time AS time, if(c.time = 0, never, c.time) AS checkout,
               if(c.time = 0, never, c.purchase) AS purchase
        FROM (SELECT person, pos, time FROM events WHERE event = 'add_to_cart') AS a
        ASOF LEFT JOIN checkouts AS c ON a.person = c.person AND a.pos < c.pos),
    views AS (
        SELECT v.person AS person, v.pos AS pos, if(a.time = 0, never, a.time - v.time) AS d2,
               if(a.time = 0, never, a.checkout - v.time) AS d3,
               if(a.time = 0, never, a.purchase - v.time) AS d4
        FROM (SELECT person, pos, time FROM events WHERE event = 'product_view') AS v
        ASOF LEFT JOIN carts AS a ON v.person = a.person AND v.pos < a.pos),
    best AS (
        SELECT argMin((d2, d3, d4), multiIf(d4 <= 604800000, 1, d3 <= 604800000, 2, d2 <= 604800000, 3, 4)
                                    * 4294967296 + pos) AS d
        FROM views GROUP BY person)
SELECT count(), countIf(d.1 <= 604800000), quantileExactInclusiveIf(0.5)(d.1, d.1 <= 604800000),
       countIf(d.2 <= 604800000), quantileExactInclusiveIf(0.5)(d.2, d.2 <= 604800000),
       countIf(d.3 <= 604800000), quantileExactInclusiveIf(0.5)(d.3, d.3 <= 604800000) FROM best;

-- name: side_q2_window_funnel
WITH levels AS (
    SELECT windowFunnel(2477260804095)(toUInt64(k), event = 'product_view', event = 'add_to_cart',
                                   event = 'checkout_start', event = 'purchase') AS level
    FROM events WHERE event IN ('product_view', 'add_to_cart', 'checkout_start', 'purchase') GROUP BY person)
SELECT countIf(level >= 1), countIf(level >= 2), NULL, countIf(level >= 3), NULL, countIf(level >= 4), NULL
FROM levels;

-- name: q3_twice
WITH weeks AS (SELECT person, intDiv(day, 7) AS week, count() AS n FROM events WHERE day < 84 GROUP BY person, week),
    people AS (SELECT min(week) AS cohort, groupBitOr(bitShiftLeft(toUInt16(1), week)) AS mask, argMin(n, week) AS n
               FROM weeks GROUP BY person)
SELECT cohort, bitShiftRight(mask, cohort) - (n < 2) AS returned, count() FROM people GROUP BY cohort, returned;

-- name: q3_two_least
WITH people AS (SELECT min(intDiv(day, 7)) AS cohort, groupBitOr(bitShiftLeft(toUInt16(1), intDiv(day, 7))) AS mask,
                       groupArraySorted(2)(intDiv(day, 7)) AS first
                FROM events WHERE day < 84 GROUP BY person)
SELECT cohort, bitShiftRight(mask, cohort) - (length(first) < 2 OR first[2] <> cohort) AS returned, count()
FROM people GROUP BY cohort, returned;

-- name: q3_counts
WITH people AS (SELECT sumMap([intDiv(day, 7)], [1]) AS weeks FROM events WHERE day < 84 GROUP BY person)
SELECT weeks.1[1] AS cohort,
       bitShiftRight(arraySum(arrayMap(x -> bitShiftLeft(toUInt16(1), x), weeks.1)), cohort) - (weeks.2[1] < 2) AS returned,
       count() FROM people GROUP BY cohort, returned;

-- name: q3_in_order
WITH people AS (SELECT min(intDiv(day, 7)) AS cohort, groupBitOr(bitShiftLeft(toUInt16(1), intDiv(day, 7))) AS mask,
                       groupArraySorted(2)(intDiv(day, 7)) AS first
                FROM events WHERE day < 84 GROUP BY person)
SELECT cohort, bitShiftRight(mask, cohort) - (length(first) < 2 OR first[2] <> cohort) AS returned, count()
FROM people GROUP BY cohort, returned SETTINGS optimize_aggregation_in_order = 1;

-- name: q4_arrays
WITH people AS (
        SELECT groupArrayIf((pos, time, source), event <> 'purchase') AS touches,
               groupArrayIf((pos, time, revenue), event = 'purchase') AS sales
        FROM events WHERE event IN ('purchase', 'ad_click', 'email_click') GROUP BY person
        HAVING length(sales) > 0),
    found AS (
        SELECT arrayJoin(sales) AS sale,
               arrayFilter(t -> t.1 < sale.1 AND t.2 >= sale.2 - 2592000000, touches) AS mine,
               length(mine) AS n FROM people),
    last AS (SELECT if(n = 0, NULL, arrayMax(mine).3) AS touch, sale.3 AS revenue FROM found)
SELECT 'last', touch, toFloat64(count()), toFloat64(sum(revenue)) FROM last GROUP BY touch
UNION ALL
SELECT 'linear', arrayJoin(mine).3 AS source, sum(1 / n), sum(toFloat64(sale.3) / n) FROM found GROUP BY source;

-- name: q4_asof
WITH touches AS (SELECT person, k, source, row_number() OVER (PARTITION BY person ORDER BY k) AS i
                 FROM events WHERE event IN ('ad_click', 'email_click')),
    latest AS (SELECT s.person AS person, s.k AS k, s.oldest AS oldest, s.revenue AS revenue, t.source AS source, t.i AS i,
                      t.k AS touch_k
               FROM (SELECT person, k, (time - 2592000000) * 4096 AS oldest, revenue FROM events WHERE event = 'purchase') AS s
               ASOF LEFT JOIN touches AS t ON s.person = t.person AND s.k > t.k),
    sales AS (SELECT l.person AS person, l.k AS k, l.revenue AS revenue,
                     if(l.touch_k >= l.oldest, toNullable(toString(l.source)), NULL) AS touch, l.i - old.i AS n
              FROM latest AS l ASOF LEFT JOIN touches AS old ON l.person = old.person AND l.oldest > old.k),
    sums AS (SELECT person, k, sum(1 / n) OVER w AS credit, sum(toFloat64(ifNull(revenue, 0)) / n) OVER w AS worth
             FROM sales WHERE n > 0
             WINDOW w AS (PARTITION BY person ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    ends AS (SELECT t.person AS person, t.k AS k, t.source AS source, b.credit AS credit, b.worth AS worth
             FROM (SELECT person, k, source, (bitShiftRight(k, 12) + 2592000000) * 4096 + 4095 AS until FROM touches) AS t
             ASOF LEFT JOIN sums AS b ON t.person = b.person AND t.until >= b.k),
    spans AS (SELECT e.source AS source, e.credit - a.credit AS credit, e.worth - a.worth AS worth
              FROM ends AS e ASOF LEFT JOIN sums AS a ON e.person = a.person AND e.k > a.k)
SELECT 'last', touch, toFloat64(count()), toFloat64(sum(revenue)) FROM sales GROUP BY touch
UNION ALL SELECT 'linear', toNullable(toString(source)), sum(credit), sum(worth) FROM spans GROUP BY source;

-- name: q5_country_first
SELECT count() FROM (
    SELECT person FROM events
    WHERE time > {end} - 2592000000 AND event IN ('product_view', 'purchase')
        AND person IN (SELECT person FROM persons WHERE country = 'DE')
    GROUP BY person
    HAVING countIf(event = 'product_view' AND time > {end} - 1209600000) >= 3 AND countIf(event = 'purchase') = 0);

-- name: q5_in_order
SELECT count() FROM (
    SELECT person FROM events
    WHERE time > {end} - 2592000000 AND event IN ('product_view', 'purchase')
        AND person IN (SELECT person FROM persons WHERE country = 'DE')
    GROUP BY person
    HAVING countIf(event = 'product_view' AND time > {end} - 1209600000) >= 3 AND countIf(event = 'purchase') = 0)
SETTINGS optimize_aggregation_in_order = 1;

-- name: q5_sets
SELECT count() FROM (
    SELECT person FROM events
    WHERE time > {end} - 1209600000 AND event = 'product_view'
        AND person IN (SELECT person FROM persons WHERE country = 'DE')
        AND person NOT IN (SELECT person FROM events WHERE time > {end} - 2592000000 AND event = 'purchase')
    GROUP BY person HAVING count() >= 3);

-- name: q6_arrays
WITH people AS (SELECT person, arrayMap(x -> x.2, arraySort(groupArray((pos, event)))) AS e
                FROM events GROUP BY person),
    cells AS (SELECT person, arrayJoin(arrayFilter(x -> e[x] = 'search', range(1, greatest(length(e) - 2, 1)))) AS i,
                     e[i + 1] AS a, e[i + 2] AS b, e[i + 3] AS c FROM people)
SELECT toString(a) AS x, toString(b) AS y, toString(c) AS z, uniqExact(person), count() AS n
FROM cells GROUP BY a, b, c ORDER BY n DESC, x, y, z LIMIT 20;

-- name: q6_zip
WITH people AS (SELECT person, arrayMap(x -> x.2, arraySort(groupArray((pos, event)))) AS e
                FROM events GROUP BY person HAVING length(e) > 3),
    cells AS (SELECT person, arrayJoin(arrayFilter(x -> x.1 = 'search',
                     arrayZip(arraySlice(e, 1, length(e) - 3), arraySlice(e, 2, length(e) - 3),
                              arraySlice(e, 3, length(e) - 3), arraySlice(e, 4)))) AS p FROM people)
SELECT toString(p.2) AS x, toString(p.3) AS y, toString(p.4) AS z, uniqExact(person), count() AS n
FROM cells GROUP BY p.2, p.3, p.4 ORDER BY n DESC, x, y, z LIMIT 20;

-- name: q6_windows
WITH next AS (SELECT person, event, leadInFrame(event, 1) OVER w AS a,
                     leadInFrame(event, 2) OVER w AS b,
                     leadInFrame(event, 3) OVER w AS c,
                     leadInFrame(person, 3, toUInt32(4294967295)) OVER w AS same
              FROM events WINDOW w AS (PARTITION BY person ORDER BY pos
                                       ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING))
SELECT toString(a) AS x, toString(b) AS y, toString(c) AS z,
       uniqExact(person), count() AS n
FROM next WHERE event = 'search' AND same = person GROUP BY a, b, c ORDER BY n DESC, x, y, z LIMIT 20;

-- name: q7_person
SELECT seq, time, event, source, campaign, device, country, product, revenue
FROM events WHERE person = {person} ORDER BY pos LIMIT 50;
