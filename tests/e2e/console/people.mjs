/* people.mjs - somebody who looks for people, reads what one of them did, and watches what arrives.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * `hands` are those of browse.mjs. Options: people {email, user, tree, beyond, person}; live {write, agent}.
 */
export default function modes({ options, open, go, settle, signIn }) {
  const count = async (page) => Number((await page.locator("#people-count").innerText()).replace(/\D/g, ""));
  const shows = (page, text) => page.waitForFunction((t) => document.querySelector("#people-count")?.innerText === t, text);

  return {
    async people() {
      await signIn();
      const seen = {};
      const page = await open();
      const { email, user, tree, beyond, person } = options.people;

      await go(page, "/app/people");
      seen.all = await count(page);
      const rows = page.locator("tbody tr");
      const before = await rows.count();
      await page.getByRole("button", { name: /^Show \d+ more/ }).click();
      await page.waitForFunction((n) => document.querySelectorAll("tbody tr").length > n, before);
      seen.rows = [before, await rows.count(), await count(page)];

      const search = page.getByRole("searchbox", { name: "Find people" });
      await search.fill(`Somebody <${email.toUpperCase()}>`);
      await shows(page, "1 person");
      seen.byEmail = await rows.first().innerText();
      await search.fill(user);
      await search.press("Enter");
      await page.waitForURL(`**/app/person/${user}*`);
      await settle(page);
      seen.byId = await page.locator("h1").innerText();

      await go(page, `/app/people?s=${encodeURIComponent(JSON.stringify(tree))}`);
      seen.built = await count(page);
      await page.getByRole("spinbutton", { name: "Number of times" }).fill("3");
      await page.waitForURL((url) => url.searchParams.get("s").includes('"gte":3'));
      await settle(page);
      seen.changed = { tree: JSON.parse(new URL(page.url()).searchParams.get("s")), count: await count(page) };

      await go(page, `/app/people?s=${encodeURIComponent(JSON.stringify(beyond))}`);
      await page.getByText("As JSON").click();
      const written = await page.getByRole("region", { name: "As JSON" }).innerText();
      seen.beyond = { tree: JSON.parse(written), count: await count(page) };

      await go(page, `/app/person/${encodeURIComponent(person)}`);
      seen.sentence = await page.locator(".sentence").innerText();
      const mail = page.getByRole("button", { name: /^E-mail/ });
      seen.mails = Number((await mail.innerText()).replace(/\D/g, ""));
      await mail.click();
      await page.waitForURL("**ch=mail*");
      await page.getByRole("button", { name: "The whole message" }).first().click();
      seen.message = JSON.parse(await page.getByRole("region", { name: "The whole message" }).innerText());
      return seen;
    },

    /* What is sent while the page is open shows at once, and waits while the list is being read. */
    async live() {
      await signIn();
      const page = await open();
      await page.goto(`${options.url}/app/live`);
      await page.getByText("flowing", { exact: true }).waitFor();
      const send = (path) => fetch(`${options.url}/v1/page`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`${options.write}:`)}` },
        body: JSON.stringify({ userId: "live-1", context: { page: { path }, userAgent: options.agent } }),
      });
      await send("/seen-at-once");
      await page.getByText("/seen-at-once").first().waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByText("paused", { exact: true }).waitFor();
      await send("/waits");
      await page.getByRole("button", { name: /\d new$/ }).waitFor();
      const whilePaused = await page.getByText("/waits").count();
      await page.getByRole("button", { name: "Go on" }).click();
      await page.getByText("/waits").first().waitFor();
      const href = await page.locator("main ol a", { hasText: "/waits" }).first().getAttribute("href");
      return { whilePaused, href, rows: await page.locator("main ol > li").count() };
    },
  };
}
