/* browse.mjs - people with a browser on a site that carries the full script; prints what went wrong.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node browse.mjs MODULES CHROMIUM SITE MODE, where MODE is one of the functions below.
 */
import { createRequire } from "node:module";

const [modules, executablePath, site, mode] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({
  executablePath, args: ["--no-sandbox"], ignoreDefaultArgs: ["--disable-back-forward-cache"],
});
const CANARY = "canary-7f3a";
const complaints = [];

const watch = (page) => {
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return page;
};
const visitor = () => browser.newContext({ locale: "de-AT" });
const open = async (path, context, prepare) => {
  const page = watch(await (context || await visitor()).newPage());
  if (prepare) await page.addInitScript(prepare);
  await page.goto(site + path, { waitUntil: "load" });
  await page.waitForTimeout(300);
  return page;
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (page, ...words) => page.evaluate((words) => window.myriad(...words), words);
const leave = async (page) => {
  await page.goto("about:blank");
  await page.waitForTimeout(700);
};
const close = async (page) => {
  await page.close({ runBeforeUnload: true });
  await wait(700);
};
const storage = (page) => page.evaluate(() => ({ ...localStorage }));
const queued = (kept) => Object.entries(kept).filter(([place]) => place.startsWith("myriad."))
  .flatMap(([, text]) => text.split("\n").slice(1));
const control = (verb) => fetch(`${site}/control/${verb}`);
/* Browsers say what they could not reach. */
const forgive = () => { complaints.length = 0; };
const until = async (holds) => {
  for (let n = 0; n < 300 && !await holds(); n++) await wait(100);
};

const modes = {
  async clicks() {
    const page = await open("/");
    for (const id of ["press", "mail", "out", "file", "private", "next"]) await page.click("#" + id);
    await page.waitForURL("**/next*");
    await page.waitForTimeout(500);
    await leave(page);
  },
  async few() {
    const page = await open("/few");
    for (const id of ["out", "file", "like"]) await page.click("#" + id);
    await leave(page);
  },
  async social() {
    const page = await open("/");
    for (const id of ["like", "liked", "share", "follow"]) await page.click("#" + id);
    await say(page, "like", "book:emma", { shelf: 3 });
    await say(page, "share", "book:emma", "mail", { n: 1 });
    await say(page, "comment", "book:emma");
    await leave(page);
  },
  async forms() {
    const page = await open("/");
    const order = page.locator("#order");
    for (const field of ["[name=mail]", "[name=password]", "#unnamed", "[name=words]"])
      await order.locator(field).pressSequentially(CANARY);
    await order.locator("[name=size]").selectOption(CANARY);
    await order.locator("[name=ok]").check();
    await page.locator("#written").pressSequentially(CANARY);
    await page.click("#written a");
    await page.click("#send");
    await page.fill("[name=only]", CANARY);
    await leave(page);
  },
  async scroll() {
    const page = await open("/long");
    const scroll = async (share) => {
      await page.evaluate((share) => window.scrollTo(0, document.scrollingElement.scrollHeight * share - window.innerHeight), share);
      await page.waitForTimeout(500);
    };
    for (const share of [0.55, 0.4, 1]) await scroll(share);
    await page.evaluate(() => { window.scrollTo(0, 0); history.pushState(null, "", "/long/two"); });
    await page.waitForTimeout(500);
    await scroll(0.6);
    await leave(page);
  },
  async errors() {
    const page = await open("/", null, () => {
      window.thrown = 0;
      for (const name of ["error", "unhandledrejection"]) addEventListener(name, () => { window.thrown++; });
    });
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.src = "/faulty.js?token=secret";
      document.body.append(script);
    });
    await page.waitForTimeout(300);
    const reject = async (reason) => {
      await page.evaluate((reason) => {
        void Promise.reject(reason === "a word" ? reason : new RangeError(reason));
      }, reason);
      await page.waitForTimeout(20);
    };
    for (const reason of ["a promise", "a word", "a promise"]) await reject(reason);
    await reject("@" + "x".repeat(1000000));
    for (let n = 0; n < 19; n++) await reject(`error ${n}`);
    const thrown = await page.evaluate(() => window.thrown);
    await leave(page);
    forgive();
    return { thrown };
  },
  async vitals() {
    const page = await open("/");
    await page.click("#slow");
    await page.click("#shift");
    await page.waitForTimeout(1300);
    await page.evaluate(() => history.pushState(null, "", "/later"));
    await leave(page);
  },
  /* What a browser might have observed. */
  async definitions() {
    const page = await open("/", null, () => {
      const shift = (startTime, value, hadRecentInput = false) => ({ startTime, value, hadRecentInput });
      const told = {
        "layout-shift": [0, 900, 1800].map((at) => shift(at, 0.1)).concat(shift(2000, 5, true),
          [0, 1, 2, 3, 4, 5, 6].map((n) => shift(5000 + 900 * n, 0.1))),
        "largest-contentful-paint": [100, 300, 500].map((startTime) => ({ startTime })),
        event: [...Array(120)].flatMap((_, n) => [40, Math.max(900 - 100 * n, 48)].map((duration) =>
          ({ interactionId: 7 + 7 * n, duration }))),
      };
      window.PerformanceObserver = class {
        static supportedEntryTypes = Object.keys(told);
        constructor(see) { this.see = see; }
        observe({ type }) { setTimeout(() => this.see({ getEntries: () => told[type] })); }
        takeRecords() { return []; }
      };
      Object.defineProperty(performance, "interactionCount", { value: 120 });
      const real = performance.getEntriesByType.bind(performance);
      performance.getEntriesByType = (type) => type !== "visibility-state" ? real(type)
        : [{ name: "visible", startTime: 0 }, { name: "hidden", startTime: 400 }];
    });
    await leave(page);
  },
  async back() {
    const page = await open("/", null, () => addEventListener("pageshow", (event) => { window.persisted = event.persisted; }));
    let isCut = true;
    await page.context().route("**/v1/m", (route) => isCut ? route.abort() : route.continue());
    await say(page, "track", "Left", { n: 1 });
    await page.waitForTimeout(300);
    await page.click("#next");
    isCut = false;
    await page.waitForURL("**/next*");
    await page.waitForTimeout(1000);
    const seen = [];
    page.context().on("request", (request) => {
      if (request.url().endsWith("/v1/m")) seen.push(request.postData());
    });
    await page.evaluate(() => history.back());
    await page.waitForTimeout(1000);
    const persisted = await page.evaluate(() => location.pathname === "/" && window.persisted);
    await say(page, "track", "Left", { n: 2 });
    await page.waitForTimeout(7000);
    await leave(page);
    forgive();
    return { persisted, again: seen.filter((body) => body.includes('"n":1')).length };
  },
  async consent() {
    const page = await open("/ask");
    const asked = await say(page, "consent") ?? null;
    const before = Object.keys(await storage(page));
    await page.evaluate(() => {
      window.said = [];
      document.addEventListener("myriad:consent", (event) => window.said.push(event.detail));
    });
    await say(page, "track", "Said", { n: 1 });
    await page.waitForTimeout(300);
    await page.click("#agree");
    const granted = await say(page, "consent");
    await say(page, "track", "Said", { n: 2 });
    await page.waitForTimeout(300);
    const kept = Object.keys(await storage(page));
    await page.context().setOffline(true);
    await say(page, "track", "Said", { n: 3 });
    await page.waitForTimeout(300);
    const waiting = queued(await storage(page)).length;
    await page.click("#refuse");
    const after = await storage(page);
    await page.context().setOffline(false);
    await say(page, "track", "Said", { n: 5 });
    await page.waitForTimeout(7000);
    const said = await page.evaluate(() => window.said);
    forgive();
    return { asked, before, said, granted, kept, queued: waiting, after };
  },
  async tabs_consent() {
    const context = await visitor();
    const [one, other] = [await open("/", context), await open("/", context)];
    await context.setOffline(true);
    for (const page of [one, other]) await say(page, "track", "Waits");
    await wait(500);
    await say(one, "consent", false);
    await wait(500);
    const after = await storage(other);
    await context.setOffline(false);
    await wait(7000);
    forgive();
    return { after };
  },
  async private() {
    const kept = {};
    const forbid = () => Object.defineProperty(navigator, "globalPrivacyControl", { value: true });
    for (const [path, prepare] of [["/none"], ["/ask"], ["/", forbid]]) {
      const page = await open(path, null, prepare);
      await page.context().setOffline(true);
      await say(page, "track", "Quiet");
      await page.waitForTimeout(300);
      Object.assign(kept, await storage(page));
    }
    forgive();
    return { kept };
  },
  async offline() {
    const context = await visitor();
    const page = await open("/", context);
    const plain = await open("/plain", context);
    const times = [];
    await context.setOffline(true);
    for (let n = 0; n < 6; n++) {
      times.push(new Date().toISOString());
      await say(page, "track", "Offline", { n });
      await page.waitForTimeout(200);
    }
    await close(page);
    const waiting = queued(await storage(plain)).length;
    await wait(1500);
    await context.setOffline(false);
    await open("/", context);
    await until(async () => !queued(await storage(plain)).length);
    forgive();
    return { times, waiting, after: Object.keys(await storage(plain)) };
  },
  async killed() {
    const context = await visitor();
    const page = await open("/", context);
    const plain = await open("/plain", context);
    for (let n = 0; n < 4; n++) await say(page, "track", "Killed", { n });
    await control("kill");
    for (let n = 4; n < 7; n++) await say(page, "track", "Killed", { n });
    await page.evaluate(() => addEventListener("beforeunload", () => window.myriad("track", "Killed", { n: 7 })));
    await close(page);
    await control("start");
    await open("/", context);
    await until(async () => !queued(await storage(plain)).length);
    forgive();
  },
  /* What the server stored, and could not say so. */
  async answers() {
    const context = await visitor();
    let asked = 0;
    let lost = 0;
    await context.route("**/v1/m", async (route) => {
      asked++;
      if (asked % 2 && asked < 6) {
        await route.fetch();
        lost++;
        await route.abort();
      } else await route.continue();
    });
    const plain = await open("/plain", context);
    const page = await open("/", context);
    for (let n = 0; n < 5; n++) await say(page, "track", "Answered", { n });
    await wait(300);
    await close(page);
    const next = await open("/", context);
    for (let n = 5; n < 10; n++) await say(next, "track", "Answered", { n });
    await wait(2000);
    await until(async () => !queued(await storage(plain)).length);
    forgive();
    return { lost };
  },
  async busy() {
    const page = await open("/");
    let during = 0;
    let isBusy = true;
    await page.route("**/v1/m", async (route) => {
      during++;
      if (!isBusy) return route.continue();
      return route.fulfill({
        status: 429, headers: {
          "Retry-After": "8", "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After",
        },
      });
    });
    await say(page, "track", "Busy", { n: 0 });
    await page.waitForTimeout(500);
    isBusy = false;
    for (let n = 1; n < 3; n++) await say(page, "track", "Busy", { n });
    await page.waitForTimeout(6500);
    const result = { during };
    await until(() => during > 1);
    await page.waitForTimeout(1000);
    forgive();
    return result;
  },
  async tabs() {
    const context = await visitor();
    const page = await open("/", context);
    const plain = await open("/plain", context);
    await context.setOffline(true);
    for (let n = 0; n < 4; n++) await say(page, "track", "Tab", { n });
    await close(page);
    const orphans = queued(await storage(plain)).length;
    await context.setOffline(false);
    const seen = {};
    context.on("request", (request) => {
      if (!request.url().endsWith("/v1/m")) return;
      for (const { messageId } of JSON.parse(request.postData()).batch) seen[messageId] = (seen[messageId] || 0) + 1;
    });
    await plain.evaluate(() => {
      void navigator.locks.request("myriad", () => new Promise((resolve) => { window.letGo = resolve; }));
    });
    const tabs = await Promise.all([0, 1, 2].map(() => context.newPage()));
    await Promise.all(tabs.map((tab) => tab.goto(site + "/")));
    await wait(1000);
    const patient = queued(await storage(plain)).length;
    await plain.evaluate(() => window.letGo());
    await until(async () => !queued(await storage(plain)).length);
    await wait(2000);
    forgive();
    return { orphans, patient, doubled: Object.entries(seen).filter(([, times]) => times > 1), told: Object.keys(seen).length };
  },
  /* A tab that slept so long that another took what it had. */
  async slept() {
    const context = await visitor();
    const sleeper = await open("/", context);
    await sleeper.route("**/v1/m", (route) => route.abort());
    for (let n = 0; n < 3; n++) await say(sleeper, "track", "Slept", { n });
    await wait(300);
    await open("/", context);
    const early = queued(await storage(sleeper)).length;
    await sleeper.evaluate(() => {
      for (const [place, text] of Object.entries({ ...localStorage }))
        if (place.startsWith("myriad.")) localStorage.setItem(place, text.replace(/^\d+/, "1"));
    });
    const seen = {};
    context.on("request", (request) => {
      if (!request.url().endsWith("/v1/m")) return;
      for (const { messageId } of JSON.parse(request.postData()).batch) seen[messageId] = (seen[messageId] || 0) + 1;
    });
    const other = await open("/", context);
    await wait(1000);
    await sleeper.unroute("**/v1/m");
    await say(sleeper, "track", "Slept", { n: 3 });
    await sleeper.evaluate(() => dispatchEvent(new Event("online")));
    await until(async () => !queued(await storage(other)).length);
    await wait(1000);
    forgive();
    return { early, doubled: Object.entries(seen).filter(([, times]) => times > 1), told: Object.keys(seen).length };
  },
  async overflow() {
    const context = await visitor();
    const page = await open("/", context);
    await context.setOffline(true);
    await page.evaluate(() => {
      for (let n = 0; n < 400; n++) window.myriad("track", "Many", { n, text: "x".repeat(1000) });
    });
    const kept = Object.values(await storage(page)).join("").length;
    await context.setOffline(false);
    await until(async () => !queued(await storage(page)).length);
    await wait(1000);
    forgive();
    return { kept };
  },
  async hostile() {
    const thrown = [];
    let names;
    const doings = [
      () => Object.defineProperty(window, "localStorage", { get() { throw new Error("denied"); } }),
      () => {
        Object.defineProperty(navigator, "locks", { value: undefined });
        delete window.PerformanceObserver;
        crypto.randomUUID = undefined;
      },
      () => { Storage.prototype.setItem = () => { throw new Error("full"); }; },
    ];
    for (const doing of doings) {
      const page = await open("/", null, doing);
      page.on("pageerror", (error) => thrown.push(String(error)));
      await say(page, "track", "Fine");
      await say(page, "like");
      await say(page, "nothing", 1);
      await page.evaluate(() => document.dispatchEvent(new MouseEvent("click")));
      await page.click("h1");
      await page.click("#press");
      await page.fill("[name=only]", CANARY);
      names = await page.evaluate(() => {
        const frame = document.body.appendChild(document.createElement("iframe"));
        const plain = Object.keys(frame.contentWindow);
        frame.remove();
        return Object.keys(window).filter((name) => !plain.includes(name));
      });
      await leave(page);
    }
    return { thrown, names };
  },
};

const result = await modes[mode]();
await browser.close();
console.log(JSON.stringify({ ...result, complaints }));
