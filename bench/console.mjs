/* console.mjs - times what a person with a browser waits for; prints milliseconds and bytes as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node console.mjs MODULES CHROMIUM OPTIONS. A step is timed in the page, from the event to the
 * frame in which the last answer stands (no aria-busy).
 */
import { createRequire } from "node:module";

const [modules, executablePath, given] = process.argv.slice(2);
const options = JSON.parse(given);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const ms = {};
const bytes = {};
const note = (name, value) => (ms[name] ??= []).push(value);

const busy = "[aria-busy=true]";
/* Does it and waits for the frame in which everything that it asked for stands. */
const timed = (page, act) => page.evaluate(async ([code, selector]) => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
  const from = performance.now();
  (0, eval)(`(${code})`)();
  await frame();
  while (document.querySelector(selector) || !document.querySelector("h1")) await frame();
  return performance.now() - from;
}, [act.toString(), busy]);

for (let i = 0; i < options.times; i++) {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1440, height: 900 }, bypassCSP: true });
  const page = await context.newPage();
  const scripts = [];
  page.on("response", (r) => /javascript/.test(r.headers()["content-type"] ?? "") && scripts.push(Number(r.headers()["content-length"])));
  await page.goto(`${options.url}/app`);
  await page.getByLabel("E-mail").fill(options.email);
  await page.getByLabel("Password").fill(options.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForSelector("nav");
  const state = await context.storageState();
  await context.close();

  const fresh = await browser.newContext({ locale: "en-GB", viewport: { width: 1440, height: 900 }, bypassCSP: true, storageState: state });
  const view = await fresh.newPage();
  scripts.length = 0;
  view.on("response", (r) => /javascript/.test(r.headers()["content-type"] ?? "") && scripts.push(Number(r.headers()["content-length"])));
  await view.goto(`${options.url}/app/today`);
  await view.waitForSelector("h1");
  note("first view, nothing cached: can be used", await view.evaluate(() => performance.now()));
  await view.waitForFunction((selector) => document.querySelector("canvas") && !document.querySelector(selector), busy);
  note("first view, nothing cached: every figure stands", await view.evaluate(() => performance.now()));
  bytes["JavaScript of the first view, packed"] = scripts.reduce((sum, size) => sum + size, 0);

  note("another period", await timed(view, () => history.pushState(null, "", "?p=90d") ?? dispatchEvent(new PopStateEvent("popstate"))));
  note("all traffic", await timed(view, () => document.querySelector("input[value=raw]").click()));
  note("another measure", await timed(view, () => document.querySelectorAll("main button[aria-pressed=false]")[1].click()));
  for (const [name, path] of [["Explore", "explore"], ["People", "people"], ["Data", "data"], ["Live", "live"]]) {
    await timed(view, () => {}); /* what came before has ended */
    const act = `() => document.querySelector('nav a[href="/app/${path}"]').click()`;
    note(`${name}, opened for the first time`, await timed(view, { toString: () => act }));
    await view.waitForTimeout(300);
    await view.evaluate(() => document.querySelector('nav a[href="/app/today"]').click());
    await view.waitForTimeout(500);
    note(`${name}, opened again`, await timed(view, { toString: () => act }));
    await view.evaluate(() => document.querySelector('nav a[href="/app/today"]').click());
    await view.waitForTimeout(500);
  }
  await view.evaluate(() => document.querySelector('nav a[href="/app/explore"]').click());
  await timed(view, () => {});
  note("Explore: from trend to funnel", await timed(view, () => document.querySelector("input[value=funnel]").click()));
  await fresh.close();
}
await browser.close();
console.log(JSON.stringify({ ms, bytes }));
