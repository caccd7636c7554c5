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

  let waiting = [];
  let isSending = false;
  const body = (batch) => JSON.stringify({ writeKey: key, sentAt: new Date(), batch });
  const send = () => {
    const batch = waiting.slice(0, 50);
    if (isSending || !batch.length) return;
    isSending = true;
    w.fetch(url, { method: "POST", body: body(batch), keepalive: true, credentials: "omit" })
      .then((answer) => answer.status === 429 || answer.status > 499, () => true)
      .then((again) => {
        isSending = false;
        if (again) return setTimeout(send, 5000);
        waiting = waiting.filter((message) => !batch.includes(message));
        send();
      });
  };
  /* The page may be gone at once: what waits goes by beacon, and is known by its ids if it comes twice. */
  const leave = () => {
    while (waiting.length && n.sendBeacon(url, body(waiting.slice(0, 50)))) waiting.splice(0, 50);
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
    waiting.push(Object.assign({ messageId: uuid(), timestamp: new Date(), context: page || describe() }, message));
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
      kept = yes ? Object.assign(kept, { c: true }) : { c: false };
      keep();
    },
    reset() { kept = kept.c === undefined ? {} : { c: kept.c }; keep(); },
  };
  const before = (w.myriad && w.myriad.q) || [];
  w.myriad = (name, ...words) => calls[name](...words);

  const start = () => {
    let place = location.pathname + location.search;
    const look = () => {
      const now = location.pathname + location.search;
      if (now !== place) { place = now; calls.page(); }
    };
    calls.page();
    for (const words of before) w.myriad(...words);
    for (const name of ["pushState", "replaceState"]) {
      const real = history[name];
      history[name] = function () { const value = real.apply(this, arguments); look(); return value; };
    }
    w.addEventListener("popstate", look);
    w.addEventListener("online", send);
    w.addEventListener("pageshow", (event) => event.persisted && calls.page());
    for (const name of ["pointerdown", "pointermove", "keydown", "scroll"])
      w.addEventListener(name, touch, { passive: true, capture: true });
    d.addEventListener("visibilitychange", () => {
      if (d.visibilityState === "hidden") { settle(); leave(); } else touch();
    });
    w.addEventListener("pagehide", () => { settle(); leave(); });
    d.addEventListener("click", (event) => {
      const part = event.target.closest && event.target.closest("[data-event]");
      if (part) calls.track(part.dataset.event, Object.assign({}, part.dataset, { event: undefined }));
    });
  };
  if (d.prerendering) d.addEventListener("prerenderingchange", start, { once: true });
  else start();
})(window, document, navigator);
