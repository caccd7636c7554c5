/* vitals.js - Web Vitals, as the field defines them, told once: when the page is first hidden.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * LCP, FCP and TTFB count from the navigation, or from a prerendered page's activation. CLS is the worst
 * window of shifts: less than a second between two, five at the most. INP is the slowest interaction,
 * of every fifty one left out. A page that comes back from the cache of back and forward begins anew.
 */
  const WINDOW_GAP_MS = 1000;
  const WINDOW_MS = 5000;
  const PER_OUTLIER = 50; /* interactions */
  const MOST_SLOW = 10;
  const SLOW_MS = 40; /* shorter events are not asked for */
  const round = (value, digits = 1) => value === undefined ? value : Math.round(value * digits) / digits;

  const watchVitals = () => {
    const clock = w.performance;
    const navigation = clock.getEntriesByType("navigation")[0] || {};
    const from = navigation.activationStart || 0;
    const hidden = clock.getEntriesByType("visibility-state")
      .find((entry) => entry.name === "hidden" && entry.startTime >= from);
    const hiddenAt = hidden ? hidden.startTime : d.visibilityState === "hidden" ? 0 : Infinity;
    const since = (entry) => entry.startTime < hiddenAt ? Math.max(entry.startTime - from, 0) : undefined;
    let kind = navigation.type;
    let vitals = { ttfb: navigation.responseStart && Math.max(navigation.responseStart - from, 0) };
    let slow = new Map(); /* the longest event of an interaction, by its id */
    let first, last, shifts; /* the window that is open */
    let least = Infinity, most = 0; /* ids, which go up by sevens where nobody counts */
    let counted = 0;
    let isTold = false;
    let where; /* the view that was loaded */

    const seen = {
      "largest-contentful-paint"(entry) { vitals.lcp = since(entry) ?? vitals.lcp; },
      paint(entry) { if (entry.name === "first-contentful-paint") vitals.fcp = since(entry); },
      "layout-shift"(entry) {
        if (entry.hadRecentInput) return;
        const at = entry.startTime;
        if (!(at - last < WINDOW_GAP_MS && at - first < WINDOW_MS)) { first = at; shifts = 0; }
        last = at;
        shifts += entry.value;
        vitals.cls = Math.max(vitals.cls, shifts);
      },
      event(entry) {
        const id = entry.interactionId;
        if (!id) return;
        least = Math.min(least, id);
        most = Math.max(most, id);
        slow.set(id, Math.max(slow.get(id) || 0, entry.duration));
        if (slow.size > MOST_SLOW) slow.delete([...slow].sort((a, b) => a[1] - b[1])[0][0]);
      },
    };
    seen["first-input"] = seen.event;
    const watching = [];
    for (const type of Object.keys(seen)) {
      const see = (entries) => { for (const entry of entries) seen[type](entry); };
      if (!w.PerformanceObserver || !w.PerformanceObserver.supportedEntryTypes.includes(type)) continue;
      if (type === "layout-shift") vitals.cls = 0;
      const observer = new w.PerformanceObserver((list) => see(list.getEntries()));
      observer.observe({ type, buffered: true, durationThreshold: SLOW_MS });
      watching.push(() => see(observer.takeRecords()));
    }

    const report = () => {
      if (isTold) return;
      isTold = true;
      for (const take of watching) take();
      const count = clock.interactionCount === undefined ? (most - least) / 7 + 1 : clock.interactionCount - counted;
      const longest = [...slow.values()].sort((a, b) => b - a);
      tell({
        type: "track", event: "Web Vitals", context: where || page || describe(),
        properties: {
          lcp_ms: round(vitals.lcp), fcp_ms: round(vitals.fcp), ttfb_ms: round(vitals.ttfb), cls: round(vitals.cls, 1e4),
          inp_ms: round(longest[Math.min(longest.length - 1, Math.floor(count / PER_OUTLIER))]), navigation: kind,
        },
      });
    };
    endings.push(() => { where = where || page; });
    listen(w, "pagehide", report);
    listen(d, "visibilitychange", () => d.visibilityState === "hidden" && report());
    listen(w, "pageshow", (event) => {
      if (!event.persisted) return;
      kind = "back_forward_cache";
      const anew = vitals = { ttfb: 0, cls: vitals.cls === undefined ? undefined : 0 };
      slow = new Map();
      first = last = undefined;
      least = Infinity;
      most = 0;
      counted = clock.interactionCount;
      where = undefined;
      isTold = false;
      w.requestAnimationFrame(() => w.requestAnimationFrame(() => {
        anew.lcp = anew.fcp = clock.now() - event.timeStamp;
      }));
    });
  };
  if (captures("vitals")) parts.push(watchVitals);
