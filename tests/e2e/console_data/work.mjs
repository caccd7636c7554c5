/* work.mjs - people who plan, mend, connect, invite and revoke in a browser; prints what they saw as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node work.mjs MODULES CHROMIUM MODE OPTIONS, where MODE is one of the functions below and OPTIONS is
 * JSON: {url, email, password, ...}.
 */
import { createRequire } from "node:module";

const [modules, executablePath, mode, given] = process.argv.slice(2);
const options = JSON.parse(given);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const complaints = [];

const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce" });
await context.grantPermissions(["clipboard-read", "clipboard-write"]);
const page = await context.newPage();
page.setDefaultTimeout(20000);
page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error}`));
page.on("dialog", (dialog) => {
  complaints.push(`somebody's script ran: ${dialog.message()}`);
  void dialog.dismiss();
});

const button = (name, exact = true) => page.getByRole("button", { name, exact });
const main = page.locator("main");
const toast = (text) => page.locator(".toast", { hasText: text });

async function go(path) {
  await page.goto(options.url + path);
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]") && document.querySelector("h1"));
}

async function signIn() {
  await page.goto(`${options.url}/app/settings`);
  await page.getByLabel("E-mail").fill(options.email);
  await page.getByLabel("Password").fill(options.password);
  await button("Sign in").click();
  await page.waitForSelector("main nav");
}

const clipboard = () => page.evaluate(() => navigator.clipboard.readText());

/* Types something else first: the button must not give way to that. */
async function confirm(typed, action) {
  const dialog = page.getByRole("dialog").filter({ hasText: "to go on" });
  const said = await dialog.locator("p").first().innerText();
  const field = dialog.getByRole("textbox");
  await field.fill("something else");
  const isHeld = await dialog.getByRole("button", { name: action }).isDisabled();
  await field.fill(typed);
  await dialog.getByRole("button", { name: action }).click();
  await dialog.waitFor({ state: "hidden" });
  return { said, isHeld };
}

const modes = {
  /* Which parts are offered, and what a part says that is not. */
  async role() {
    await signIn();
    const tabs = async () => main.getByRole("navigation").first().getByRole("link").allInnerTexts();
    const settings = await tabs();
    await go("/app/settings/team");
    const team = await main.innerText();
    await go("/app/data/quarantine");
    const data = (await tabs()).map((name) => name.split("\n")[0].trim());
    const canMend = await page.getByRole("button", { name: /^Dismiss/ }).count();
    return { settings, data, canMend, seesTeam: team.includes("Invite somebody") };
  },

  async plan() {
    await signIn();
    await go("/app/data/plan?event=Order%20Completed");
    const row = page.locator(".row").filter({ has: page.locator("input") });
    const names = await row.evaluateAll((all) => all.map((one) => one.querySelector("input").value));
    const currency = row.nth(names.indexOf("currency"));
    await currency.getByLabel("Allowed values").fill("USD, EUR");
    const effect = main.getByText("has a value that is not allowed");
    await effect.waitFor();
    const told = await effect.innerText();
    await currency.getByLabel("Allowed values").fill("EUR\tGBP");
    await main.getByText("would have kept the plan").waitFor();
    await page.getByRole("radio", { name: "Is stored and counted" }).check({ force: true });
    await button("Save the plan").click();
    await toast("is saved").waitFor();
    const saved = await page.evaluate(async () => (await fetch("/api/plan/events/Order%20Completed")).json());
    await toast("is saved").getByRole("button", { name: "Undo" }).click();
    await main.getByText("No event is planned yet.").waitFor();
    return { names, told, saved };
  },

  async quarantine() {
    await signIn();
    await go("/app/data/quarantine");
    await button(`#${options.seq}`).click();
    const body = await main.locator("pre").innerText();
    await button("Mend and replay").click();
    const text = page.getByLabel("The event as it should have come");
    await text.fill("{");
    const refusesHalf = await button("Replay it").isDisabled();
    await text.fill(JSON.stringify(options.mended));
    await button("Replay it").click();
    await toast("is stored now").waitFor();

    await button(`Replay ${options.many}`).click();
    await button("Add a change").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Change", { exact: true }).selectOption("set");
    await dialog.getByLabel("Which member").fill("timestamp");
    await dialog.getByLabel("Value").fill("2026-10-01T00:00:00Z");
    await button("Try it, changing nothing").click();
    const tried = dialog.locator(".tried p").first();
    await tried.waitFor();
    const said = await tried.innerText();
    const waiting = await page.evaluate(async () => (await (await fetch("/api/quarantine/summary")).json()).count);
    await dialog.getByRole("button", { name: /^Replay \d/ }).click();
    await main.getByText("The replay is done").or(toast("are stored now")).first().waitFor();

    const last = page.getByRole("button", { name: /^Dismiss \d/ });
    await last.waitFor();
    const left = (await last.innerText()).replace(/\D/g, "");
    await last.click();
    const dismissed = await confirm(left, "Dismiss");
    await main.getByText("Nothing waits").waitFor();
    return { body, refusesHalf, said, waiting, left, dismissed };
  },

  async connect() {
    await signIn();
    await go("/app/data/connect");
    await button("Make a key for pages").click();
    await page.getByLabel("Name", { exact: true }).fill("shop pages");
    await page.getByLabel("Sites that may use it").fill("shop.example/en, https://*.shop.example");
    await button("Make the key").click();
    const secret = await main.locator("code", { hasText: /^mw_/ }).innerText();
    const code = await main.locator("pre").innerText();
    await main.getByRole("button", { name: /Copy.*Web page/ }).click();
    const copied = await clipboard();
    const before = await main.locator(".first").innerText();
    await page.evaluate(async (key) => {
      const body = JSON.stringify({ anonymousId: "me", event: "Hello", messageId: "hello-1" });
      const headers = { "Content-Type": "application/json", Authorization: `Basic ${btoa(`${key}:`)}` };
      await fetch("/v1/track", { method: "POST", headers, body, credentials: "omit" });
    }, options.key);
    await main.getByText("It arrived").waitFor();
    return { secret, code, copied, before, after: await main.locator(".first").innerText() };
  },

  async team() {
    await signIn();
    await go("/app/settings/team");
    await button("Invite somebody").click();
    await page.getByLabel("E-mail").fill('"Ann Lee" <ann@shop.example>');
    await page.getByRole("radio", { name: /Analyst/ }).check();
    await button("Make the invitation").click();
    await main.getByRole("button", { name: /Copy.*Link/ }).click();
    const link = await clipboard();
    await button("Close").click();
    await button("Ann Lee").click();
    await page.getByLabel("Role").selectOption("developer");
    await toast(/now has the role .*Developer/).waitFor();
    await toast(/now has the role .*Developer/).getByRole("button", { name: "Undo" }).click();
    await toast(/now has the role .*Analyst/).waitFor();
    const users = () => page.evaluate(async () => (await (await fetch("/api/users")).json()).users);
    const ann = (await users()).find((user) => user.email === "ann@shop.example");
    await button("Remove").click();
    const removed = await confirm("ann@shop.example", "Remove");
    await toast("is removed").waitFor();
    return { link, ann, removed, emails: (await users()).map((user) => user.email) };
  },

  async keys() {
    await signIn();
    await go("/app/settings/keys");
    await button("Make a key").click();
    await page.getByRole("radio", { name: /Read and more/ }).check();
    await page.getByRole("checkbox", { name: /export/ }).check();
    await page.getByLabel("Name", { exact: true }).fill(options.name);
    await page.getByLabel("Good to the end of").fill("2036-06-30");
    await button("Make the key").click();
    const secret = await main.locator("code", { hasText: /^ma_/ }).innerText();
    await button("I have it").click();
    const isGone = (await page.content()).includes(secret) === false;
    const keys = () => page.evaluate(async () => (await (await fetch("/api/keys")).json()).keys);
    const made = (await keys()).find((key) => secret.endsWith(key.ends_with));
    await button(options.name).click();
    await button("Revoke").click();
    const revoked = await confirm(options.name, "Revoke");
    await toast("is revoked").waitFor();
    const now = (await keys()).find((key) => key.id === made.id);
    await go("/app/settings/audit");
    const audit = await main.locator("tbody tr").evaluateAll((rows) => rows.slice(0, 2).map((tr) => tr.cells[1].innerText));
    return { secret, isGone, made, revoked, now, audit };
  },
};

const result = await modes[mode]();
await browser.close();
console.log(JSON.stringify({ ...result, complaints }));
