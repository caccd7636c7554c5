/* look.mjs - a person with a browser at the plain page: connects, watches, asks; prints what it saw.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node look.mjs MODULES CHROMIUM URL WRITE_KEY API_KEY PICTURES
 */
import { createRequire } from "node:module";

const [modules, executablePath, url, writeKey, apiKey, pictures] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const seen = { requests: [], complaints: [], overflow: {} };

const open = async (options) => {
  const page = await (await browser.newContext(options)).newPage();
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") seen.complaints.push(message.text());
  });
  await page.goto(`${url}/plain`);
  return page;
};

const connect = async (page, key) => {
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Connect" }).click();
};

const ask = async (page, fields) => {
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`#ask-form [name=${name}]`);
    if ((await field.evaluate((it) => it.tagName)) === "SELECT") await field.selectOption(value);
    else await field.fill(value);
  }
  const answered = page.waitForResponse((response) => response.url().endsWith("/api/query"));
  await page.getByRole("button", { name: "Ask" }).click();
  await (await answered).finished();
  await page.waitForTimeout(100);
  return {
    rows: await page.locator("#answer tbody tr").evaluateAll((rows) =>
      rows.map((row) => [...row.cells].slice(0, 2).map((cell) => cell.textContent))),
    proof: await page.locator("#proof").textContent(),
    error: await page.locator("#ask-error").evaluate((it) => (it.hidden ? null : it.textContent)),
  };
};

const send = (event) =>
  fetch(`${url}/v1/track`, {
    method: "POST",
    headers: { Authorization: `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}` },
    body: JSON.stringify({ userId: "ada", event }),
  });

const page = await open({ viewport: { width: 1280, height: 900 } });
seen.title = await page.title();
seen.emptyExample = await page.locator("#example").textContent();
await connect(page, "nonsense");
await page.getByText("give an API key").waitFor();
seen.complaints = seen.complaints.filter((text) => !text.includes("401"));
await connect(page, apiKey);
await page.getByText("Connected", { exact: true }).waitFor();
const hostile = `<img src=x onerror="window.owned=1">`;
await send(hostile);
await page.locator("#live tbody tr", { hasText: hostile }).waitFor({ timeout: 15000 });
seen.owned = await page.evaluate(() => window.owned === 1);
seen.newest = await page.locator("#live tbody tr").count();
seen.byDay = await ask(page, { event: "Bought" });
seen.byPlan = await ask(page, { event: "Bought", by: "plan", interval: "all" });
seen.wrong = await ask(page, { event: "Bought", by: "x".repeat(2000) });
seen.again = await ask(page, { event: "Bought", by: "plan", measure: "people", interval: "all" });
await page.reload();
await page.getByText("Connected", { exact: true }).waitFor();

for (const [name, width, colorScheme] of [
  ["wide-light", 1280, "light"], ["wide-dark", 1280, "dark"],
  ["narrow-light", 360, "light"], ["narrow-dark", 360, "dark"]]) {
  const shown = await open({ viewport: { width, height: 800 }, colorScheme });
  await shown.screenshot({ path: `${pictures}/${name}-before.png`, fullPage: true });
  await connect(shown, apiKey);
  await shown.locator("#live tbody tr").first().waitFor();
  await ask(shown, { event: "Bought", by: "plan", interval: "all" });
  seen.overflow[name] = await shown.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await shown.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
}
await browser.close();
console.log(JSON.stringify(seen));
