/* browse.mjs - people who use the console in a browser; prints what they saw as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node browse.mjs MODULES CHROMIUM MODE OPTIONS, where MODE is one of the functions below and
 * OPTIONS is JSON: {url, email, password, link, person, pictures, ...}.
 */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import guides from "./guides.mjs";
import people from "./people.mjs";
import workspace from "./workspace.mjs";

const [modules, executablePath, mode, given] = process.argv.slice(2);
const options = JSON.parse(given);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

const tags = { en: "en-GB", zh: "zh-CN", ar: "ar", xx: "en-GB" };
const complaints = [];
const strangers = new Set();
let state; /* of the session, once somebody has signed in */

const open = async ({ language = "en", theme = "light", width = 1440, zone = "Europe/Berlin", fresh = false, bypassCSP = false } = {}) => {
  const context = await browser.newContext({
    locale: tags[language], colorScheme: theme, viewport: { width, height: 900 }, bypassCSP,
    timezoneId: zone, reducedMotion: "reduce", ...(fresh || !state ? {} : { storageState: state }),
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  if (language === "xx") await page.addInitScript(() => localStorage.setItem("language", "xx"));
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error}`));
  page.on("console", (message) => {
    /* Who is not signed in yet is told so; and so is who has a link that is over, or asks for
       a replay where none ever ran. */
    const isMeant = /status of (401|410)/.test(message.text()) || message.location().url.endsWith("/quarantine/replay");
    if (["error", "warning"].includes(message.type()) && !isMeant) complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${options.url}/`)) strangers.add(request.url());
  });
  return page;
};

/* Nothing loads any more: twice in a row, for one answer may be another question's beginning. */
const settle = async (page) => {
  for (let calm = 0; calm < 2; ) {
    await page.waitForFunction(() => !document.querySelector("[aria-busy=true]") && document.querySelector("h1"));
    await page.waitForTimeout(60);
    calm = (await page.locator("[aria-busy=true]").count()) ? 0 : calm + 1;
  }
};

const go = async (page, path) => {
  await page.goto(options.url + path);
  await settle(page);
};

/* The same from a page of the console, as its own links do. */
const step = async (page, path) => {
  if (!page.url().startsWith(`${options.url}/app`)) return go(page, path);
  await page.evaluate(async (to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
    for (let i = 0; i < 3; i++) await new Promise((done) => requestAnimationFrame(() => done()));
  }, path);
  return settle(page);
};

const signIn = async () => {
  const page = await open({ fresh: true });
  await page.goto(`${options.url}/app`);
  await page.getByLabel("E-mail").fill(options.email);
  await page.getByLabel("Password").fill(options.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForSelector("nav");
  state = await page.context().storageState();
  await page.context().close();
};

/* How far the page is wider than its window, and what of it is. */
const overflow = (page) => page.evaluate(() => {
  const root = document.documentElement;
  if (root.scrollWidth <= innerWidth + 1) return null;
  const wide = [...document.querySelectorAll("main *")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
  });
  return { by: root.scrollWidth - innerWidth, what: wide.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)) };
});

/* A missing message shows its key. */
const keysShown = (page, parts) => page.evaluate((names) => {
  const key = new RegExp(`\\b(${names.join("|")})\\.[a-z_]+[a-z_.]*\\b`);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) {
    const inData = walk.currentNode.parentElement.closest("[translate=no], .ltr, script, style, code, pre");
    if (!inData && key.test(walk.currentNode.data)) found.push(walk.currentNode.data.trim().slice(0, 80));
  }
  return found;
}, parts);

/* Text that no translator ever saw: Latin letters without the mark of the pseudo language. */
const unmarked = (page) => page.evaluate(() => {
  const found = new Set();
  const inData = (e) => e.closest("[translate=no], .ltr, script, style, noscript, code, pre, kbd, [hidden]");
  const look = (text, where) => {
    /* What is put into a message stands between isolates. */
    const own = text.replace(/\u2068[^\u2069]*\u2069/g, "").replace(/[A-Za-z]\u0301/g, "");
    if (/[A-Za-z]{2,}/.test(own)) found.add(`${where}: ${text.trim().slice(0, 80)}`);
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!inData(node.parentElement)) look(node.data, node.parentElement.tagName);
  }
  for (const e of document.querySelectorAll("[aria-label], [placeholder]")) {
    if (inData(e)) continue;
    for (const name of ["aria-label", "placeholder"]) if (e.hasAttribute(name)) look(e.getAttribute(name), name);
  }
  return [...found].slice(0, 8);
});

const faults = async (page) => {
  await page.evaluate(axe);
  const run = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return run.violations.filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140)).join(" | ")}`);
};

const modes = {
  /* Each view in each language, theme and width that is asked for. */
  async views() {
    await signIn();
    const seen = [];
    for (const { language, theme, width, views, isAudited } of options.rounds) {
      const page = await open({ language, theme, width, bypassCSP: isAudited });
      for (const [name, path] of views) {
        const view = { name: `${name} ${language} ${theme} ${width}` };
        try {
          await step(page, path);
          view.heading = await page.locator("h1").first().innerText();
          view.language = await page.evaluate(() => `${document.documentElement.lang} ${document.documentElement.dir}`);
          view.overflow = await overflow(page);
          view.keys = await keysShown(page, options.parts);
          view.troubles = await page.locator("[role=alert]").allInnerTexts();
          view.owned = await page.evaluate(() => globalThis.owned ?? false);
          if (language === "xx") view.unmarked = await unmarked(page);
          if (isAudited) view.faults = await faults(page);
          if (!isAudited && language !== "xx")
            await page.screenshot({ path: `${options.pictures}/${name}-${language}-${theme}-${width}.png` });
        } catch (error) {
          view.failed = String(error).slice(0, 300);
        }
        seen.push(view);
      }
      await page.context().close();
    }
    return { seen };
  },

  /* The link of the demo lets in once, and leaves no token behind. */
  async link() {
    const page = await open({ fresh: true });
    await page.goto(options.link);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForSelector("nav");
    await settle(page);
    const again = await open({ fresh: true });
    await again.goto(options.link);
    const refusal = await again.getByRole("alert").innerText();
    return { path: new URL(page.url()).pathname, hash: new URL(page.url()).hash, refusal };
  },

  /* Without a mouse: in, over to Explore, another event, saved, found again by the palette. */
  async keyboard() {
    const page = await open({ fresh: true });
    const keys = page.keyboard;
    await page.goto(`${options.url}/app/today`);
    await page.getByLabel("E-mail").focus();
    await keys.type(options.email);
    await keys.press("Tab");
    await keys.type(options.password);
    await keys.press("Enter");
    await page.waitForSelector("nav");
    await settle(page);
    await keys.press("g");
    await keys.press("e");
    await page.waitForURL("**/app/explore*");
    await settle(page);
    const before = page.url();
    const combo = page.locator("main [role=combobox]").first();
    for (let i = 0; i < 60 && !(await combo.evaluate((e) => e === document.activeElement)); i++) await keys.press("Tab");
    await keys.type("Checkout Sta");
    await keys.press("Enter");
    await settle(page);
    const after = page.url();
    const opener = page.getByRole("button", { name: /^Saved views/ });
    for (let i = 0; i < 60 && !(await opener.evaluate((e) => e === document.activeElement)); i++) await keys.press("Shift+Tab");
    await keys.press("Enter");
    await keys.type("Checkouts by keyboard");
    await keys.press("Enter");
    await page.getByText("“Checkouts by keyboard” is saved.").waitFor();
    await keys.press("Escape");
    await keys.press("Control+k");
    await keys.type("Checkouts by key");
    await page.getByRole("option", { name: /Checkouts by keyboard/ }).waitFor();
    await keys.press("Enter");
    await page.waitForFunction((href) => location.href === href, after);
    return { before, after };
  },

  /* What the tables show, with the question that each says it shows. */
  async numbers() {
    await signIn();
    const page = await open();
    const figures = [];
    for (const path of options.paths) {
      await go(page, path);
      const all = page.locator("figure");
      for (let i = 0; i < (await all.count()); i++) {
        const figure = all.nth(i);
        const title = await figure.locator("h2").innerText();
        const table = figure.getByRole("button", { name: "As a table" });
        const copy = figure.getByRole("button", { name: "Copy the question" });
        if (!(await table.count()) || !(await copy.count())) continue;
        await copy.click();
        const question = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
        await table.click();
        const rows = await figure.locator("tbody tr").evaluateAll((trs) =>
          trs.map((tr) => [...tr.cells].map((td) => td.innerText.trim())));
        const head = await figure.locator("thead th").allInnerTexts();
        figures.push({ path, title, question, head, rows });
      }
    }
    return { figures };
  },

  ...workspace({ open, go, signIn }),
  ...people({ options, open, go, settle, signIn }),
  ...guides({ options, open, go, settle, signIn }),

  /* How much JavaScript comes before the first view can be used. */
  async weight() {
    await signIn();
    const page = await open();
    let bytes = 0;
    const names = [];
    page.on("response", async (response) => {
      const headers = response.headers();
      if (!/javascript/.test(headers["content-type"] ?? "")) return;
      bytes += Number(headers["content-length"]);
      names.push(`${new URL(response.url()).pathname} ${headers["content-encoding"] ?? "plain"} ${headers["content-length"]}`);
    });
    await go(page, "/app/today");
    return { bytes, names };
  },
};

const result = await modes[mode]();
await browser.close();
console.log(JSON.stringify({ ...result, complaints, strangers: [...strangers] }));
