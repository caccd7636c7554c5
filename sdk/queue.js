/* queue.js - what could not be sent waits across page loads, where something may be kept at all.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each page writes under a key of its own: "UNTIL LOST", and a message a line. UNTIL is when others
 * may take it over, 0 once the page is left; LOST how many had no room. A message is in storage until
 * the server has answered: one whose answer was lost is sent again, and known there by its id.
 */
  const PLACE = `myriad.${key}.`;
  const MOST_KEPT = 200000; /* characters of messages */
  const LEASE_MS = 600000;
  const LONGEST_PAUSE_MS = 300000;
  const AGE_MS = 6048e5; /* the server knows ids for a week */
  const own = PLACE + uuid();
  let stored = []; /* of what waits */
  let isLeft = false;
  let lost = 0;
  let tries = 0;

  const places = () => Object.keys(w.localStorage).filter((place) => place.startsWith(PLACE));
  const trim = () => {
    let size = waiting.reduce((sum, text) => sum + text.length, 0);
    for (let oldest; size > MOST_KEPT && (oldest = waiting.find((text) => !flying.includes(text)));) {
      waiting = waiting.filter((text) => text !== oldest);
      size -= oldest.length;
      lost++;
    }
  };
  const store = (texts) => {
    try {
      w.localStorage.setItem(own, [`${isLeft ? 0 : Date.now() + LEASE_MS} ${lost}`, ...texts].join("\n"));
      return [...texts];
    } catch { /* no room: the newest are kept */
      return texts.length > 1 ? store(texts.slice(texts.length >> 1)) : [];
    }
  };
  /* What another took over, while this page slept, is no longer ours. */
  const yieldTaken = () => {
    try {
      if (!stored.length || w.localStorage.getItem(own) !== null) return;
      waiting = waiting.filter((text) => !stored.includes(text));
      stored = [];
    } catch { /* no storage, no memory */ }
  };
  const pick = next;
  next = () => {
    yieldTaken();
    return pick();
  };
  changed = () => {
    yieldTaken();
    trim();
    if (!timer && !flying.length) tries = 0;
    try {
      const isAtRisk = stored.length || isLeft || timer || !n.onLine || d.visibilityState === "hidden";
      if (may() && waiting.length && isAtRisk) stored = store(waiting);
      else if (stored.length || !may()) {
        for (const place of places()) if (!may() || place === own) w.localStorage.removeItem(place);
        stored = [];
      }
    } catch { /* no storage, no memory */ }
    if (lost && !timer && !flying.length && !waiting.length) {
      const count = lost;
      lost = 0;
      track("Events Dropped", { count });
    }
  };
  pause = (answer) => {
    const said = answer.headers && answer.headers.get("Retry-After");
    const asked_ms = said * 1000 || Date.parse(said) - Date.now() || 0;
    const backoff_ms = Math.min(5000 * 2 ** tries++, LONGEST_PAUSE_MS) * (0.75 + Math.random() / 2);
    return Math.max(Math.min(asked_ms, 36e5), backoff_ms);
  };

  const beacon = leave;
  leave = (isOver) => {
    isLeft = isLeft || isOver === true;
    changed();
    if (!stored.length) return beacon(); /* the last chance of what may not be kept */
    for (let batch; !timer && (batch = next()).length;)
      if ("keepalive" in w.Request.prototype || !isOver) deliver(batch);
      else {
        flying.push(...batch);
        n.sendBeacon(url, body(batch));
      }
  };

  const isYoung = (text) => {
    try { return Date.now() - Date.parse(JSON.parse(text).timestamp) < AGE_MS; } catch { return false; }
  };
  const claim = () => {
    const now = Date.now();
    for (const place of places()) {
      const [head, ...texts] = w.localStorage.getItem(place).split("\n");
      const [until, count] = head.split(" ").map(Number);
      if (place === own || (until >= now && until <= now + LEASE_MS)) continue;
      const young = texts.filter(isYoung);
      lost += (count || 0) + texts.length - young.length;
      waiting = young.filter((text) => !waiting.includes(text)).concat(waiting);
      stored = store(waiting);
      changed();
      w.localStorage.removeItem(place);
    }
    send();
  };
  /* Tabs take turns, and see after a moment what another took. */
  const take = () => {
    try {
      if (!may()) changed();
      else if (!n.locks) claim();
      else if (places().length)
        n.locks.request("myriad", () => {
          if (may()) claim();
          return new Promise((resolve) => setTimeout(resolve, 300));
        }).catch(() => {});
    } catch { /* no storage, no memory */ }
  };
  parts.push(() => {
    take();
    /* While a page was in the cache of back and forward, another may have taken what it left. */
    listen(w, "pageshow", (event) => {
      if (!event.persisted) return;
      flying = [];
      isLeft = false;
      changed();
      send();
      take();
    });
  });
