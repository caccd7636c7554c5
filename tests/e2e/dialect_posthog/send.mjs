/* send.mjs - PostHog's own library for servers tells a visit, or everything else that it can.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node send.mjs MODULES HOST KEY WHAT < VISIT prints {"errors":[text...],...}; WHAT is "visit" or
 * "calls", VISIT the values of visit.py.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, host, key, what] = process.argv.slice(2);
const { PostHog } = createRequire(`${modules}/`)("posthog-node");
const { home, book, joined, order } = JSON.parse(readFileSync(0));
const posthog = new PostHog(key, { host, flushAt: 20, flushInterval: 100, fetchRetryCount: 0 });
const errors = [];
const said = { errors };
const distinctId = "visitor-1";

posthog.on("error", (error) => errors.push(String(error)));

const see = ({ url, title, referrer }) =>
  posthog.capture({
    distinctId,
    event: "$pageview",
    properties: { $current_url: url, $title: title, $referrer: referrer },
  });

const visit = () => {
  see(home);
  see(book);
  posthog.capture({ distinctId, event: joined.event, properties: { plan: joined.plan } });
  const { order_id, revenue, currency, ...product } = order;
  posthog.capture({
    distinctId,
    event: "Order Completed",
    properties: { order_id, revenue, currency, products: [product] },
  });
};

const calls = async () => {
  posthog.capture({
    distinctId: "device-1",
    event: "Seen",
    properties: { $process_person_profile: false },
    timestamp: new Date("2026-01-02T03:04:05Z"),
    uuid: "01890a5d-ac96-774b-bcce-b302099a8057",
  });
  posthog.identify({ distinctId: "anna", properties: { $set: { plan: "gold" }, $set_once: { first: 1 }, $anon_distinct_id: "device-1" } });
  posthog.capture({ distinctId: "anna", event: "Bought", properties: { n: 1, $set: { plan: "silver" } } });
  posthog.alias({ distinctId: "anna", alias: "anna@shop" });
  posthog.capture({ distinctId: "anna@shop", event: "Bought", properties: { n: 2 } });
  posthog.groupIdentify({ groupType: "company", groupKey: "acme", properties: { size: 3 } });
  posthog.capture({ distinctId: "undefined", event: "Faulty" });
  said.flag = (await posthog.isFeatureEnabled("new-shop", "anna")) ?? null;
  said.flags = await posthog.getAllFlags("anna");
};

await { visit, calls }[what]();
await posthog.shutdown();
console.log(JSON.stringify(said));
