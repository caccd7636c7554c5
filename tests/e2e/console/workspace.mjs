/* workspace.mjs - an owner moves the workspace to another zone, and a reader elsewhere in the world sees its days.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * `hands` are those of browse.mjs.
 */
export default function modes({ open, go, signIn }) {
  /* The name in the rail, and the zone that a page says its days are of. */
  const shown = async (page) => ({
    rail: await page.getByRole("link", { name: /^Myriad/ }).innerText(),
    zone: await page.getByTitle("Time zone of the days").innerText(),
  });

  return {
    async workspace() {
      await signIn();
      const page = await open();
      const seen = {};
      await go(page, "/app/settings/workspace");
      await page.getByLabel("Name", { exact: true }).fill("Salt & Tide");
      const zone = page.getByRole("combobox", { name: "Time zone" });
      await zone.fill("kiritimati");
      await zone.press("Enter");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("The workspace is saved, for everybody.").waitFor();

      /* The browser that just opens this stands in Berlin, the next in Honolulu. */
      const berlin = await open();
      const honolulu = await open({ zone: "Pacific/Honolulu" });
      for (const [name, reader] of [["berlin", berlin], ["honolulu", honolulu]]) {
        await go(reader, "/app/today?p=today");
        seen[name] = await shown(reader);
        await reader.context().close();
      }

      await page.getByRole("button", { name: "Undo" }).click();
      await page.waitForFunction(() => document.querySelector("nav").innerText.includes("Lantern Books"));
      await go(page, "/app/today");
      seen.undone = await shown(page);
      return seen;
    },
  };
}
