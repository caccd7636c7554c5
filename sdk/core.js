/* core.js - the browser script: page views, own events, time in use, and who it is if that is allowed.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   <script defer src="https://HOST/m.js" data-key="WRITE KEY"></script>
 *
 * data-id="none": never an id (the server tells visitors of a day apart by a keyed hash);
 * data-consent="required": no id before myriad("consent", true). Global Privacy Control means both.
 * Before the script is there: window.myriad = function () { (myriad.q = myriad.q || []).push(arguments) }
 */
(function (w, d, n) {
  "use strict";
  const script = d.currentScript;
  const option = (name) => script.getAttribute("data-" + name);
  const url = new URL("v1/m", script.src).href;
  const key = option("key");
  const KEPT = "myriad";
  const IDLE_MS = 15000; /* no longer in use: nothing was touched for so long */
  const LEAST_MS = 100; /* of time in use: less is not told */
  const MOST_CHARACTERS = 10000; /* sent at once: 32 KB at the most in UTF-8, half of what a page may leave alive */
  const uuid = () => w.crypto.randomUUID ? w.crypto.randomUUID()
    : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
      (c ^ (w.crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));

  /* What is kept: i the anonymousId, u the userId, c what was said of consent. */
  let kept = {};
  try { kept = JSON.parse(w.localStorage.getItem(KEPT)) || {}; } catch { /* no storage, no memory */ }
  const keep = () => {
    try {
      if (Object.keys(kept).length) w.localStorage.setItem(KEPT, JSON.stringify(kept));
      else w.localStorage.removeItem(KEPT);
    } catch { /* as above */ }
  };
  const may = () => option("id") !== "none" && kept.c !== false &&
    (kept.c || (option("consent") !== "required" && !n.globalPrivacyControl));

  /* Messages as text, as they were when they were told; flying are those under way. */
  let waiting = [];
  let flying = [];
  let timer = 0;
  let pause = () => 5000; /* milliseconds, after what could not be sent and was answered so */
  let changed = () => {}; /* what waits is other than it was */
  const body = (batch) => `{"writeKey":${JSON.stringify(key)},"sentAt":${JSON.stringify(new Date())},"batch":[${batch}]}`;
  /* As many as may go at once, and no less than one. */
  let next = () => {
    let size = 0;
    return waiting.filter((text) => !flying.includes(text) && ((size += text.length) < MOST_CHARACTERS || size === text.length));
  };
  const deliver = (batch) => {
    const text = body(batch);
    flying.push(...batch);
    new Promise((resolve) => resolve(w.fetch(url, {
      method: "POST", body: text, keepalive: text.length < MOST_CHARACTERS * 1.05, credentials: "omit",
    }))).then((answer) => (answer.status === 429 || answer.status > 499) && answer, () => true)
      .then((again) => {
        flying = flying.filter((text) => !batch.includes(text));
        if (!again) waiting = waiting.filter((text) => !batch.includes(text));
        else if (!timer) timer = setTimeout(retry, pause(again));
        changed();
        send();
      });
  };
  const send = () => {
    const batch = next();
    if (!timer && !flying.length && batch.length) deliver(batch);
  };
  const retry = () => { timer = clearTimeout(timer); send(); };
  /* The page may be gone at once: what waits goes by beacon, and is known by its ids if it comes twice. */
  let leave = () => {
    flying = [];
    for (let batch; (batch = next()).length && n.sendBeacon(url, body(batch));)
      waiting = waiting.filter((text) => !batch.includes(text));
  };

  let page;
  let referrer = d.referrer;
  const describe = () => {
    const context = { page: { url: location.href, path: location.pathname, search: location.search, title: d.title, referrer } };
    const query = new URLSearchParams(location.search);
    for (const [name, as] of Object.entries({ source: 0, medium: 0, campaign: "name", term: 0, content: 0 }))
      if (query.get("utm_" + name)) (context.campaign = context.campaign || {})[as || name] = query.get("utm_" + name);
    context.locale = n.language;
    context.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    context.screen = { width: screen.width, height: screen.height };
    return context;
  };
  const tell = (message) => {
    if (may()) {
      if (!kept.i) { kept.i = uuid(); keep(); }
      message.anonymousId = kept.i;
    }
    if (kept.u) message.userId = kept.u;
    waiting.push(JSON.stringify(
      Object.assign({ messageId: uuid(), timestamp: new Date(), context: page || describe() }, message)));
    changed();
    send();
  };

  /* Time in use: the page is seen, and somebody did something not long ago. */
  let used = 0;
  let since = 0;
  let touched = Date.now();
  const count = () => {
    const now = Date.now();
    const end = Math.min(now, touched + IDLE_MS);
    if (since && end > since) used += end - since;
    since = d.visibilityState === "visible" ? now : 0;
  };
  const settle = () => {
    count();
    if (page && used >= LEAST_MS) tell({ type: "track", event: "Page Used", properties: { engaged_ms: used } });
    used = 0;
  };
  const touch = () => { count(); touched = Date.now(); };

  const calls = {
    page(name, properties) {
      settle();
      if (page) referrer = page.page.url;
      page = describe();
      tell({ type: "page", name, properties });
    },
    track(event, properties) { tell({ type: "track", event, properties }); },
    identify(user, traits) {
      kept.u = user;
      if (may()) keep();
      tell({ type: "identify", traits });
    },
    consent(yes) {
      if (!yes) waiting = [];
      kept = yes ? Object.assign(kept, { c: true }) : { c: false };
      keep();
    },
    reset() { kept = kept.c === undefined ? {} : { c: kept.c }; keep(); },
  };
  const parts = []; /* what starts with the page */
  /* JOIN: the module's files stand here where a script has them. */

  const before = (w.myriad && w.myriad.q) || [];
  w.myriad = (name, ...words) => {
    try { return calls[name](...words); } catch { /* a page never fails for what is told of it */ }
  };

  const start = () => {
    let place = location.pathname + location.search;
    const look = () => {
      const now = location.pathname + location.search;
      if (now !== place) { place = now; calls.page(); }
    };
    for (const part of parts) part();
    calls.page();
    for (const words of before) w.myriad(...words);
    for (const name of ["pushState", "replaceState"]) {
      const real = history[name];
      history[name] = function () { const value = real.apply(this, arguments); look(); return value; };
    }
    w.addEventListener("popstate", look);
    w.addEventListener("online", retry);
    w.addEventListener("pageshow", (event) => event.persisted && calls.page());
    for (const name of ["pointerdown", "pointermove", "keydown", "scroll"])
      w.addEventListener(name, touch, { passive: true, capture: true });
    d.addEventListener("visibilitychange", () => {
      if (d.visibilityState === "hidden") { settle(); leave(); } else touch();
    });
    w.addEventListener("pagehide", () => { settle(); leave(true); });
    d.addEventListener("click", (event) => {
      const part = event.target.closest && event.target.closest("[data-event]");
      if (part) calls.track(part.dataset.event, Object.assign({}, part.dataset, { event: undefined }));
    });
  };
  if (d.prerendering) d.addEventListener("prerenderingchange", start, { once: true });
  else start();
})(window, document, navigator);
