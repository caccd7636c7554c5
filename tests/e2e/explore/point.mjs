/* point.mjs - somebody who asks on Explore by pointing and by keys; prints what it saw as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node point.mjs MODULES CHROMIUM OPTIONS, where OPTIONS is JSON: {url, email, password, period}.
 */
import { createRequire } from "node:module";

const [modules, executablePath, given] = process.argv.slice(2);
const options = JSON.parse(given);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin" });
const page = await context.newPage();
page.setDefaultTimeout(20000);

const settle = async () => {
  for (let calm = 0; calm < 2; ) {
    await page.waitForFunction(() => !document.querySelector("[aria-busy=true]") && document.querySelector("h1"));
    await page.waitForTimeout(60);
    calm = (await page.locator("[aria-busy=true]").count()) ? 0 : calm + 1;
  }
};

const go = async (search) => {
  await page.goto(`${options.url}/app/explore?${search}`);
  await settle();
};

const at = (name) => new URL(page.url()).searchParams.getAll(name);

/* How many the page People counts, after what leads there. */
const counted = async (lead) => {
  await lead();
  await page.waitForURL("**/app/people?*");
  await settle();
  const n = Number((await page.locator("#people-count").innerText()).replace(/[^0-9]/g, ""));
  await page.goBack();
  await settle();
  return n;
};

await page.goto(`${options.url}/app`);
await page.getByLabel("E-mail").fill(options.email);
await page.getByLabel("Password").fill(options.password);
await page.getByRole("button", { name: "Sign in" }).click();
await page.waitForSelector("nav");

const seen = { reached: [], lost: [] };

await go(`k=funnel&p=${options.period}`);
for (let step = 0; step < 4; step++) {
  const figures = page.locator("figure ol > li").nth(step).locator(".figures button");
  seen.reached.push(await counted(() => figures.first().click()));
  if (step > 0) seen.lost.push(await counted(() => figures.nth(1).click()));
}

await go(`m=people&e=Product+Viewed&p=${options.period}`);
seen.everybody = await counted(() => page.getByRole("link", { name: "Who are these?" }).click());

/* The first and the last week are cut by the period. */
await go(`m=people&i=week&e=Product+Viewed&p=${options.period}`);
seen.ends = [];
for (const end of ["Home", "End"]) {
  seen.ends.push(await counted(async () => {
    await page.locator("figure [tabindex='0']").first().focus();
    await page.keyboard.press(end);
    await page.keyboard.press("Enter");
  }));
}

await go("k=funnel");
await page.getByRole("combobox", { name: "Step 2" }).focus();
await page.keyboard.press("Alt+ArrowUp");
await settle();
seen.moved = {
  steps: at("e"),
  focus: await page.evaluate(() => document.activeElement.getAttribute("aria-label")),
};
await page.getByRole("combobox", { name: "Within" }).focus();
await page.keyboard.type("36 hours");
await page.keyboard.press("Enter");
await settle();
[seen.typed] = at("w");
await page.getByLabel("Trend", { exact: true }).check({ force: true });
await settle();
await page.getByLabel("Funnel", { exact: true }).check({ force: true });
await settle();
[seen.kept] = at("w");

await go("m=sum:revenue&i=all&p=7d");
const said = await page.getByRole("alert").innerText();
await page.getByRole("button", { name: "Show each currency by itself" }).click();
await settle();
seen.mixed = { said, mended: await page.locator("figure li bdi").allInnerTexts() };

await go("i=minute&p=2000-01-01..2020-01-01");
seen.refused = {
  said: await page.getByRole("alert").innerText(),
  isThere: await page.getByRole("combobox", { name: "Event" }).isVisible(),
};

await browser.close();
console.log(JSON.stringify(seen));
