/* look.mjs - what a browser shows on Today and What works; prints it as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node look.mjs MODULES CHROMIUM URL TOKEN
 */
import { createRequire } from "node:module";

const [modules, executablePath, url, token] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const complaints = [];
let state;

const open = async (locale = "en-US") => {
  const context = await browser.newContext({ locale, timezoneId: "UTC", reducedMotion: "reduce", storageState: state });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("401")) complaints.push(message.text());
  });
  return page;
};

const settle = async (page) => {
  for (let calm = 0; calm < 2; ) {
    await page.waitForFunction(() => !document.querySelector("[aria-busy=true]") && document.querySelector("h1"));
    await page.waitForTimeout(60);
    calm = (await page.locator("[aria-busy=true]").count()) ? 0 : calm + 1;
  }
};

const go = async (page, path) => {
  await page.goto(url + path);
  await settle(page);
};

const searchOf = (page) => Object.fromEntries(new URL(page.url()).searchParams);

const today = (page) => page.evaluate(() => ({
  sentence: document.querySelector("main p").innerText,
  figures: [...document.querySelectorAll(".row [aria-pressed]")].map((e) => [
    e.querySelector(".name").innerText.trim(), e.querySelector(".value").innerText.trim(), e.innerText]),
  needs: [...document.querySelectorAll("section[aria-labelledby=needs] a")].map((e) => [
    e.innerText.trim(), e.getAttribute("href")]),
  goals: [...document.querySelectorAll("main tbody tr")].map((tr) => [...tr.cells].map((e) => e.innerText.trim())),
  filters: new URLSearchParams(location.search).getAll("f"),
}));

const WEEK = "p=2026-11-01..2026-11-07";
const seen = {};
const page = await open();
await page.goto(`${url}/signin#${token}`);
await page.getByRole("button", { name: "Sign in" }).click();
await page.waitForSelector("nav");
state = await page.context().storageState();

await go(page, `/app/today?${WEEK}`);
seen.week = await today(page);
await page.getByRole("button", { name: /^Views/ }).click();
await settle(page);
seen.views = { title: await page.locator("figure h2").first().innerText(), search: searchOf(page) };
for (const source of ["Search", "Direct"]) {
  await go(page, `/app/today?${WEEK}`);
  await page.getByRole("button", { name: source, exact: true }).click();
  await settle(page);
  seen[source] = await today(page);
}
await go(page, "/app/today?p=2026-10-25..2026-10-31");
seen.alike = await today(page);
await go(page, "/app/today?p=2026-11-08..2026-11-14");
seen.nobody = await today(page);

await go(page, `/app/works?${WEEK}`);
const rowsOf = () => page.evaluate(() => [...document.querySelectorAll("main tbody tr")].map((tr) => ({
  name: tr.cells[0].innerText.trim(),
  cells: [...tr.cells].slice(1).map((e) => e.innerText.trim()),
  interval: tr.querySelector(".drawn .unseen").textContent,
  differs: tr.querySelector(".interval").classList.contains("differs"),
})));
seen.works = { sentence: await page.locator("main p").first().innerText(), rows: await rowsOf() };
await page.getByRole("button", { name: /^Rate/ }).click();
seen.works.sorted = (await rowsOf()).map(({ name }) => name);
seen.works.search = searchOf(page);

for (const [name, locale] of [["zh", "zh-CN"], ["ar", "ar"]]) {
  const other = await open(locale);
  await go(other, `/app/today?${WEEK}`);
  seen[name] = await today(other);
}
await browser.close();
console.log(JSON.stringify({ ...seen, complaints }));
