/* guides.mjs - walks the guides of docs/ step by step, and takes their pictures and the README's.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * `hands` are those of browse.mjs. Pictures are named as in docs/pictures.
 */
export default function modes({ options, open, go, settle, signIn }) {
  const shoot = (page, name) => page.screenshot({ path: `${options.pictures}/${name}.png` });
  const seat = async (view = {}) => {
    const page = await open({ width: 1200, ...view });
    await page.setViewportSize({ width: view.width ?? 1200, height: 760 });
    return page;
  };

  return {
    async guides() {
      await signIn();
      const page = await seat();
      const seen = {};

      /* docs/guide-connect.md */
      await go(page, "/app/data/connect");
      await page.getByRole("button", { name: "Make a key for pages" }).click();
      await page.getByLabel("Name", { exact: true }).fill("Pages of the shop");
      await page.getByRole("button", { name: "Make the key" }).click();
      await page.getByText("It is filled in below.").waitFor();
      await settle(page);
      await shoot(page, "connect-key");
      seen.code = await page.locator("pre").first().innerText();
      const key = /mw_[A-Za-z0-9_-]+/.exec(seen.code)?.[0];
      const sent = await fetch(`${options.url}/v1/page`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`${key}:`)}` },
        body: JSON.stringify({ anonymousId: "first-visitor", name: "Home", context: { page: { path: "/", title: "My shop" } } }),
      });
      seen.sent = sent.status;
      await page.getByText("It arrived", { exact: false }).first().waitFor();
      await page.getByText("It arrived", { exact: false }).first().scrollIntoViewIfNeeded();
      await shoot(page, "connect-arrived");

      /* docs/guide-funnel.md */
      await go(page, "/app/explore?k=funnel");
      await shoot(page, "funnel-first");
      await page.getByRole("button", { name: /^then/ }).click();
      await page.keyboard.type("Product Rev");
      await page.keyboard.press("Enter");
      await settle(page);
      seen.steps = await page.locator("main ol [role=combobox]").count();
      seen.funnel = page.url();
      await shoot(page, "funnel-step");
      const who = page.getByRole("link", { name: /^Who are the .* who came through/ });
      seen.through = Number((await who.innerText()).replace(/\D/g, ""));
      await who.click();
      await page.waitForURL("**/app/people*");
      await settle(page);
      seen.people = Number((await page.locator("#people-count").innerText()).replace(/\D/g, ""));
      await shoot(page, "funnel-people");

      /* README.md */
      const readme = [
        ["today", "/app/today", {}],
        ["explore-paths", "/app/explore?k=paths", {}],
        ["works", "/app/works", { theme: "dark" }],
        ["person", `/app/person/${options.person}`, {}],
        ["today-zh", "/app/today", { language: "zh" }],
        ["today-ar", "/app/today", { language: "ar", theme: "dark", width: 390 }],
      ];
      for (const [name, path, view] of readme) {
        const other = await seat(view);
        await go(other, path);
        await shoot(other, name);
        await other.context().close();
      }
      return seen;
    },
  };
}
