-- duckdb.sql - the questions of run_queries for DuckDB; of the forms of one question the fastest counts.
-- SPDX-License-Identifier: Apache-2.0
--
-- {...} are filled in. Names are q<number>_<form>; side_ gives part of an answer and does not
-- count. What the tables give for free: persons are resolved, rows lie in the order (person, time,
-- seq), `pos` is the place in that order, `k` orders a person's events and holds the time (4096
-- ties a millisecond), `day` counts from the first,
-- `backwards` holds the funnel's events from the end, for windows that need no sorting. Such
-- windows run on one thread; two halves of the persons run on two.

-- name: settings
SET threads = 2;
SET preserve_insertion_order = true;

-- name: load
CREATE TABLE persons (person UINTEGER, id VARCHAR, country VARCHAR);
COPY persons FROM '{persons}' (HEADER false);
CREATE TYPE event_name AS ENUM ('product_view', 'add_to_cart', 'checkout_start', 'purchase', 'search', 'page_view', 'category_view', 'remove_from_cart', 'wishlist_add', 'ad_click', 'email_click', 'sign_in');
CREATE TYPE source_name AS ENUM ('google', 'bing', 'newsletter', 'facebook', 'instagram', 'tiktok', 'youtube', 'affiliate', 'wechat', 'referral', 'pinterest', 'x', 'linkedin', 'reddit', 'criteo', 'taboola', 'outbrain', 'podcast', 'qr', 'direct');
CREATE TABLE raw (seq UINTEGER, person UINTEGER, time BIGINT, event event_name, source source_name, campaign VARCHAR, device VARCHAR, country VARCHAR, product VARCHAR, revenue DECIMAL(9, 2));
COPY raw FROM '{peers}' (HEADER false);

-- name: cluster
CREATE TABLE events AS
    SELECT *, time * 4096 + row_number() OVER (PARTITION BY person, time ORDER BY pos) - 1 AS k
    FROM (SELECT *, (row_number() OVER () - 1)::UINTEGER AS pos,
                 ((time - 1767571200000) // 86400000)::UTINYINT AS day
          FROM (SELECT * FROM raw ORDER BY person, time, seq))
    ORDER BY pos;
DROP TABLE raw;
CREATE TABLE backwards AS SELECT person, pos, event, person::BIGINT * 8589934592 + time - 1767571200000 AS moment
    FROM events WHERE event IN ('product_view', 'add_to_cart', 'checkout_start', 'purchase') ORDER BY pos DESC;
CREATE MACRO chains(low, high) AS TABLE
WITH checkouts AS (
        SELECT person, pos, event, moment, min(moment) FILTER (event = 'purchase') OVER later AS purchase
        FROM backwards WHERE person >= low AND person < high
        WINDOW later AS (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    carts AS (
        SELECT person, pos, event, moment,
               min(moment) FILTER (event = 'checkout_start') OVER later AS checkout,
               min(purchase) FILTER (event = 'checkout_start') OVER later AS purchase
        FROM checkouts WHERE event <> 'purchase'
        WINDOW later AS (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
    views AS (
        SELECT person, pos, event,
               min(moment) FILTER (event = 'add_to_cart') OVER later - moment AS d2,
               min(checkout) FILTER (event = 'add_to_cart') OVER later - moment AS d3,
               min(purchase) FILTER (event = 'add_to_cart') OVER later - moment AS d4
        FROM carts WHERE event <> 'checkout_start'
        WINDOW later AS (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
SELECT person, pos, d2, d3, d4 FROM views WHERE event = 'product_view';
CREATE MACRO following(low, high) AS TABLE
SELECT person, event, lead(event, 1) OVER () AS a, lead(event, 2) OVER () AS b, lead(event, 3) OVER () AS c,
       lead(person, 3) OVER () AS same FROM events WHERE person >= low AND person < high;
CREATE MACRO returns(low, high) AS TABLE
SELECT person, day::INTEGER // 7 AS week, lag(person) OVER () = person AS again
FROM events WHERE person >= low AND person < high AND day < 84;
CHECKPOINT;

-- name: q1_distinct
SELECT source::VARCHAR, coalesce(day, -1), count(*), count(DISTINCT person)
FROM events WHERE event = 'product_view'
GROUP BY GROUPING SETS ((source, day), (source));

-- name: q1_twice
WITH cells AS (SELECT source, day, person, count(*) AS n FROM events
               WHERE event = 'product_view' GROUP BY ALL),
    totals AS (SELECT source, person, sum(n) AS n FROM cells GROUP BY ALL)
SELECT source::VARCHAR, day, sum(n)::BIGINT, count(*) FROM cells GROUP BY source, day
UNION ALL SELECT source::VARCHAR, -1, sum(n)::BIGINT, count(*) FROM totals GROUP BY source;

-- name: q1_bits
SELECT source::VARCHAR, coalesce(day, -1), count(*), bit_count(bitstring_agg(person, 0, {last_person}))
FROM events WHERE event = 'product_view'
GROUP BY GROUPING SETS ((source, day), (source));

-- name: q2_windows
WITH steps AS (SELECT person, pos, time, event FROM events
               WHERE event IN ('product_view', 'add_to_cart', 'checkout_start', 'purchase')),
    checkouts AS (
        SELECT *, min(time) FILTER (event = 'purchase') OVER later AS purchase FROM steps
        WINDOW later AS (PARTITION BY person ORDER BY pos DESC ROWS UNBOUNDED PRECEDING)),
    carts AS (
        SELECT person, pos, time, event,
               min(time) FILTER (event = 'checkout_start') OVER later AS checkout,
               min(purchase) FILTER (event = 'checkout_start') OVER later AS purchase
        FROM checkouts WHERE event <> 'purchase'
        WINDOW later AS (PARTITION BY person ORDER BY pos DESC ROWS UNBOUNDED PRECEDING)),
    views AS (
        SELECT person, pos, time, event,
               min(time) FILTER (event = 'add_to_cart') OVER later - time AS d2,
               min(checkout) FILTER (event = 'add_to_cart') OVER later - time AS d3,
               min(purchase) FILTER (event = 'add_to_cart') OVER later - time AS d4
        FROM carts WHERE event IN ('product_view', 'add_to_cart')
        WINDOW later AS (PARTITION BY person ORDER BY pos DESC ROWS UNBOUNDED PRECEDING)),
    best AS (
        SELECT arg_min((d2, d3, d4), CASE WHEN d4 <= 604800000 THEN 1 WHEN d3 <= 604800000 THEN 2
                                   WHEN d2 <= 604800000 THEN 3 ELSE 4 END * 4294967296 + pos) AS d
        FROM views WHERE event = 'product_view' GROUP BY person)
SELECT count(*), count(*) FILTER (d[1] <= 604800000), median(d[1]) FILTER (d[1] <= 604800000),
       count(*) FILTER (d[2] <= 604800000), median(d[2]) FILTER (d[2] <= 604800000),
       count(*) FILTER (d[3] <= 604800000), median(d[3]) FILTER (d[3] <= 604800000) FROM best;

-- name: q2_asof
WITH checkouts AS (
        SELECT c.person, c.pos, c.time, p.time AS purchase
        FROM (SELECT person, pos, time FROM events WHERE event = 'checkout_start') c
        ASOF LEFT JOIN (SELECT person, pos, time FROM events WHERE event = 'purchase') p
        ON c.person = p.person AND c.pos < p.pos),
    carts AS (
        SELECT a.person, a.pos, a.time, c.time AS checkout, c.purchase
        FROM (SELECT person, pos, time FROM events WHERE event = 'add_to_cart') a
        ASOF LEFT JOIN checkouts c ON a.person = c.person AND a.pos < c.pos),
    views AS (
        SELECT v.person, v.pos, a.time - v.time AS d2, a.checkout - v.time AS d3, a.purchase - v.time AS d4
        FROM (SELECT person, pos, time FROM events WHERE event = 'product_view') v
        ASOF LEFT JOIN carts a ON v.person = a.person AND v.pos < a.pos),
    best AS (
        SELECT arg_min((d2, d3, d4), CASE WHEN d4 <= 604800000 THEN 1 WHEN d3 <= 604800000 THEN 2
                                   WHEN d2 <= 604800000 THEN 3 ELSE 4 END * 4294967296 + pos) AS d
        FROM views GROUP BY person)
SELECT count(*), count(*) FILTER (d[1] <= 604800000), median(d[1]) FILTER (d[1] <= 604800000),
       count(*) FILTER (d[2] <= 604800000), median(d[2]) FILTER (d[2] <= 604800000),
       count(*) FILTER (d[3] <= 604800000), median(d[3]) FILTER (d[3] <= 604800000) FROM best;

-- name: q2_backwards
WITH near AS (
    SELECT arg_min((d2, d3, d4), CASE WHEN d4 <= 604800000 THEN 1 WHEN d3 <= 604800000 THEN 2 ELSE 3 END
                                 * 4294967296 + pos) AS d
    FROM (FROM chains(0, 4294967295))
    WHERE d2 <= 604800000 GROUP BY person)
SELECT (SELECT count(DISTINCT person) FROM backwards WHERE event = 'product_view'),
       count(*), median(d[1]), count(*) FILTER (d[2] <= 604800000), median(d[2]) FILTER (d[2] <= 604800000),
       count(*) FILTER (d[3] <= 604800000), median(d[3]) FILTER (d[3] <= 604800000) FROM near;

-- name: q2_halves
WITH near AS (
    SELECT arg_min((d2, d3, d4), CASE WHEN d4 <= 604800000 THEN 1 WHEN d3 <= 604800000 THEN 2 ELSE 3 END
                                 * 4294967296 + pos) AS d
    FROM (FROM chains(0, {half}) UNION ALL FROM chains({half}, 4294967295))
    WHERE d2 <= 604800000 GROUP BY person)
SELECT (SELECT count(DISTINCT person) FROM backwards WHERE event = 'product_view'),
       count(*), median(d[1]), count(*) FILTER (d[2] <= 604800000), median(d[2]) FILTER (d[2] <= 604800000),
       count(*) FILTER (d[3] <= 604800000), median(d[3]) FILTER (d[3] <= 604800000) FROM near;

-- name: q3_twice
WITH weeks AS (SELECT person, day::INTEGER // 7 AS week, count(*) AS n FROM events WHERE day < 84 GROUP BY ALL),
    people AS (SELECT min(week) AS cohort, bit_or(1 << week) AS mask, arg_min(n, week) AS n
               FROM weeks GROUP BY person)
SELECT cohort, (mask >> cohort) - (n < 2)::INTEGER AS returned, count(*) FROM people GROUP BY ALL;

-- name: q3_two_least
WITH people AS (SELECT min(day::INTEGER // 7) AS cohort, bit_or(1 << (day::INTEGER // 7)) AS mask, min(day::INTEGER // 7, 2) AS first
                FROM events WHERE day < 84 GROUP BY person)
SELECT cohort, (mask >> cohort) - (coalesce(first[2], 99) <> cohort)::INTEGER AS returned, count(*)
FROM people GROUP BY ALL;

-- name: q3_stream
WITH people AS (SELECT min(week) AS cohort, coalesce(bit_or(1 << week) FILTER (again), 0) AS mask
                FROM returns(0, 4294967295) GROUP BY person)
SELECT cohort, mask >> cohort AS returned, count(*) FROM people GROUP BY ALL;

-- name: q3_halves
WITH people AS (SELECT min(week) AS cohort, coalesce(bit_or(1 << week) FILTER (again), 0) AS mask
                FROM (FROM returns(0, {half}) UNION ALL FROM returns({half}, 4294967295)) GROUP BY person)
SELECT cohort, mask >> cohort AS returned, count(*) FROM people GROUP BY ALL;

-- name: q4_windows
WITH chosen AS (SELECT person, k, event = 'purchase' AS is_sale, source, revenue FROM events
                WHERE event IN ('purchase', 'ad_click', 'email_click')),
    sales AS (
        SELECT *, count(*) FILTER (NOT is_sale) OVER before AS n,
               last_value(CASE WHEN NOT is_sale THEN source END IGNORE NULLS) OVER before AS touch
        FROM chosen WINDOW before AS (PARTITION BY person ORDER BY k
            RANGE BETWEEN (10616832000000 + k % 4096) PRECEDING AND 1 PRECEDING)),
    touches AS (
        SELECT source, is_sale, sum(1.0::DOUBLE / n) FILTER (is_sale AND n > 0) OVER after AS credit,
               sum(revenue::DOUBLE / n) FILTER (is_sale AND n > 0) OVER after AS worth
        FROM sales WINDOW after AS (PARTITION BY person ORDER BY k
            RANGE BETWEEN 1 FOLLOWING AND (10616832004095 - k % 4096) FOLLOWING))
SELECT 'last', touch::VARCHAR, count(*)::DOUBLE, sum(revenue)::DOUBLE FROM sales WHERE is_sale GROUP BY touch
UNION ALL SELECT 'linear', source::VARCHAR, sum(credit), sum(worth) FROM touches
WHERE NOT is_sale GROUP BY source;

-- name: q4_asof
WITH touches AS (SELECT person, k, source, row_number() OVER (PARTITION BY person ORDER BY k) AS i
                 FROM events WHERE event IN ('ad_click', 'email_click')),
    latest AS (SELECT s.person, s.k, s.time, s.revenue, t.source, t.i, t.k AS touch_k
               FROM (SELECT person, k, time, revenue FROM events WHERE event = 'purchase') s
               ASOF LEFT JOIN touches t ON s.person = t.person AND s.k > t.k),
    sales AS (SELECT l.person, l.k, l.revenue,
                     CASE WHEN l.touch_k >= (l.time - 2592000000) * 4096 THEN l.source END AS touch,
                     l.i - coalesce(old.i, 0) AS n
              FROM latest l ASOF LEFT JOIN touches old
              ON l.person = old.person AND (l.time - 2592000000) * 4096 > old.k),
    sums AS (SELECT person, k, sum(1.0::DOUBLE / n) OVER w AS credit, sum(revenue::DOUBLE / n) OVER w AS worth
             FROM sales WHERE n > 0 WINDOW w AS (PARTITION BY person ORDER BY k ROWS UNBOUNDED PRECEDING)),
    ends AS (SELECT t.person, t.k, t.source, coalesce(b.credit, 0) AS credit, coalesce(b.worth, 0) AS worth
             FROM touches t ASOF LEFT JOIN sums b
             ON t.person = b.person AND ((t.k >> 12) + 2592000000) * 4096 + 4095 >= b.k),
    spans AS (SELECT e.source, e.credit - coalesce(a.credit, 0) AS credit, e.worth - coalesce(a.worth, 0) AS worth
              FROM ends e ASOF LEFT JOIN sums a ON e.person = a.person AND e.k > a.k)
SELECT 'last', touch::VARCHAR, count(*)::DOUBLE, sum(revenue)::DOUBLE FROM sales GROUP BY touch
UNION ALL SELECT 'linear', source::VARCHAR, sum(credit), sum(worth) FROM spans GROUP BY source;

-- name: q4_join
WITH sales AS (SELECT person, pos, time, revenue FROM events WHERE event = 'purchase'),
    touches AS (SELECT person, pos, time, source FROM events WHERE event IN ('ad_click', 'email_click')),
    pairs AS (SELECT s.pos, any_value(s.revenue) AS revenue, count(*) AS n, list(t.source) AS sources,
                     arg_max(t.source, t.pos) AS touch
              FROM sales s JOIN touches t ON s.person = t.person AND t.pos < s.pos
                   AND t.time >= s.time - 2592000000
              GROUP BY s.pos),
    shares AS (SELECT unnest(sources) AS source, 1.0::DOUBLE / n AS credit, revenue::DOUBLE / n AS worth FROM pairs)
SELECT 'last', touch::VARCHAR, count(*)::DOUBLE, sum(revenue)::DOUBLE FROM pairs GROUP BY touch
UNION ALL SELECT 'last', NULL, count(*)::DOUBLE, sum(revenue)::DOUBLE FROM sales ANTI JOIN pairs USING (pos)
UNION ALL SELECT 'linear', source::VARCHAR, sum(credit), sum(worth) FROM shares GROUP BY source;

-- name: q5_group_first
SELECT count(*) FROM persons SEMI JOIN (
    SELECT person FROM events
    WHERE time > {end} - 2592000000 AND event IN ('product_view', 'purchase')
    GROUP BY person
    HAVING count(*) FILTER (event = 'product_view' AND time > {end} - 1209600000) >= 3
        AND count(*) FILTER (event = 'purchase') = 0) USING (person)
WHERE country = 'DE';

-- name: q5_country_first
SELECT count(*) FROM (
    SELECT person FROM events SEMI JOIN (SELECT person FROM persons WHERE country = 'DE') USING (person)
    WHERE time > {end} - 2592000000 AND event IN ('product_view', 'purchase')
    GROUP BY person
    HAVING count(*) FILTER (event = 'product_view' AND time > {end} - 1209600000) >= 3
        AND count(*) FILTER (event = 'purchase') = 0);

-- name: q5_two_sets
SELECT count(*) FROM (
    SELECT person FROM events SEMI JOIN (SELECT person FROM persons WHERE country = 'DE') USING (person)
    WHERE time > {end} - 1209600000 AND event = 'product_view'
    GROUP BY person HAVING count(*) >= 3)
ANTI JOIN (SELECT person FROM events WHERE time > {end} - 2592000000 AND event = 'purchase') USING (person);

-- name: q6_partitions
WITH next AS (SELECT person, event, lead(event, 1) OVER w AS a, lead(event, 2) OVER w AS b, lead(event, 3) OVER w AS c
              FROM events WINDOW w AS (PARTITION BY person ORDER BY pos)),
    cells AS (SELECT a, b, c, person, count(*) AS n FROM next WHERE event = 'search' AND c IS NOT NULL GROUP BY ALL)
SELECT a::VARCHAR AS a, b::VARCHAR AS b, c::VARCHAR AS c, count(*), sum(n)::BIGINT AS n FROM cells GROUP BY ALL
ORDER BY n DESC, a, b, c LIMIT 20;

-- name: q6_stream
WITH cells AS (SELECT a, b, c, person, count(*) AS n FROM (FROM following(0, 4294967295))
               WHERE event = 'search' AND same = person GROUP BY ALL)
SELECT a::VARCHAR AS a, b::VARCHAR AS b, c::VARCHAR AS c, count(*), sum(n)::BIGINT AS n FROM cells GROUP BY ALL
ORDER BY n DESC, a, b, c LIMIT 20;

-- name: q6_stream_distinct
SELECT a::VARCHAR AS a, b::VARCHAR AS b, c::VARCHAR AS c, count(DISTINCT person), count(*) AS n
FROM (FROM following(0, 4294967295)) WHERE event = 'search' AND same = person GROUP BY a, b, c
ORDER BY n DESC, a, b, c LIMIT 20;

-- name: q6_halves
WITH cells AS (SELECT a, b, c, person, count(*) AS n FROM (FROM following(0, {half}) UNION ALL FROM following({half}, 4294967295))
               WHERE event = 'search' AND same = person GROUP BY ALL)
SELECT a::VARCHAR AS a, b::VARCHAR AS b, c::VARCHAR AS c, count(*), sum(n)::BIGINT AS n FROM cells GROUP BY ALL
ORDER BY n DESC, a, b, c LIMIT 20;

-- name: q6_halves_distinct
SELECT a::VARCHAR AS a, b::VARCHAR AS b, c::VARCHAR AS c, count(DISTINCT person), count(*) AS n
FROM (FROM following(0, {half}) UNION ALL FROM following({half}, 4294967295)) WHERE event = 'search' AND same = person GROUP BY a, b, c
ORDER BY n DESC, a, b, c LIMIT 20;

-- name: q7_person
SELECT seq, time, event::VARCHAR, source::VARCHAR, campaign, device, country, product, revenue
FROM events WHERE person = {person} ORDER BY pos LIMIT 50;
