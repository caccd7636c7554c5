/* browse.mjs - people with a browser on a site that carries the script; prints what went wrong.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node browse.mjs MODULES CHROMIUM SITE MODE, where MODE is one of the functions below.
 */
import { createRequire } from "node:module";

const [modules, executablePath, site, mode] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const complaints = [];

const open = async (path, options) => {
  const context = await browser.newContext({ locale: "de-AT", ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(site + path, { waitUntil: "load", referer: options?.referer });
  return page;
};

const told = (page) => page.waitForResponse((answer) => answer.url().endsWith("/v1/m"));
const kept = (page) => page.evaluate(() => localStorage.getItem("myriad"));

const modes = {
  /* The visit that every dialect tells, by links, a click and a form. */
  async visit() {
    const page = await open("/?utm_source=letter&utm_medium=email&utm_campaign=spring",
      { referer: "https://mail.example/inbox" });
    await page.getByRole("link", { name: "Dune" }).click();
    await page.waitForURL("**/books/dune");
    await page.mouse.move(10, 10);
    await page.waitForTimeout(1200);
    await page.getByRole("button", { name: "Join" }).click();
    const answer = told(page);
    await page.evaluate(() => window.myriad("track", "Order Completed",
      { order_id: "o-1", revenue: 25.5, currency: "EUR" }));
    await answer;
    await page.goto("about:blank");
    await page.waitForTimeout(500);
    return {};
  },
  /* One page that changes its address by itself, and a tab that is closed at once. */
  async history() {
    const page = await open("/app");
    await page.evaluate(() => history.pushState(null, "", "/app/one"));
    await page.evaluate(() => history.replaceState(null, "", "/app/one#part"));
    await page.evaluate(() => history.pushState(null, "", "/app/two?x=1"));
    await page.goBack();
    await page.evaluate(() => window.myriad("track", "Last Words"));
    await page.close({ runBeforeUnload: true });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return {};
  },
  async identify() {
    const page = await open("/");
    await page.evaluate(() => window.myriad("identify", "mary", { plan: "gold" }));
    await page.reload();
    const answer = told(page);
    await page.evaluate(() => window.myriad("track", "Came Back"));
    await answer;
    const before = await kept(page);
    await page.evaluate(() => window.myriad("reset"));
    return { before: JSON.parse(before), after: await kept(page) };
  },
  async cookieless() {
    const page = await open("/none");
    await page.evaluate(() => window.myriad("track", "Looked"));
    await page.goto(`${site}/none?again`);
    await page.waitForTimeout(500);
    return { kept: await kept(page), cookies: (await page.context().cookies()).length };
  },
  async consent() {
    const page = await open("/ask");
    await page.waitForTimeout(300);
    const before = await kept(page);
    const answer = told(page);
    await page.evaluate(() => { window.myriad("consent", true); window.myriad("track", "Agreed"); });
    await answer;
    const given = JSON.parse(await kept(page));
    await page.evaluate(() => window.myriad("consent", false));
    return { before, given, after: await kept(page) };
  },
  /* The network is cut for a while, and comes back. */
  async offline() {
    const page = await open("/");
    await page.waitForTimeout(300);
    await page.context().setOffline(true);
    for (let n = 0; n < 5; n++) await page.evaluate((n) => window.myriad("track", "Offline", { n }), n);
    await page.waitForTimeout(300);
    const answer = told(page);
    await page.context().setOffline(false);
    await answer;
    await page.waitForTimeout(7000);
    complaints.length = 0; /* the browser says what it could not reach */
    return {};
  },
  /* What nobody should say, and long words of another script. */
  async wrong() {
    const page = await open("/");
    const names = await page.evaluate(() => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      const plain = Object.keys(frame.contentWindow);
      frame.remove();
      return Object.keys(window).filter((name) => !plain.includes(name));
    });
    const thrown = await page.evaluate(() => {
      const thrown = [];
      const round = {};
      round.round = round;
      for (const words of [["nothing"], ["track", "Round", round], ["track", "Big", { n: 1n }], ["track", "Fine"]])
        try { window.myriad(...words); } catch (error) { thrown.push(String(error)); }
      for (let n = 0; n < 6; n++) window.myriad("track", "Long", { n, text: "书".repeat(9000) });
      return thrown;
    });
    await page.waitForTimeout(2000);
    return { thrown, names };
  },
};

const result = await modes[mode]();
await browser.close();
console.log(JSON.stringify({ ...result, complaints }));
