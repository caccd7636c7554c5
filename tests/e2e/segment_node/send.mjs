/* send.mjs - Segment's own library at work: many calls of every kind, and what it says of each.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node send.mjs MODULES HOST WRITE_KEY COUNT prints {"delivered":[id...],"failed":[id...]}.
 */
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const [modules, host, writeKey, count] = process.argv.slice(2);
const { Analytics } = createRequire(`${modules}/`)("@segment/analytics-node");
const analytics = new Analytics({ writeKey, host, maxRetries: 1000, flushAt: 17, flushInterval: 50 });
const delivered = [];
const failed = [];

const note = (error, context) => (error ? failed : delivered).push(context?.event.messageId);
const people = 40;
const calls = [
  (userId, n) => analytics.track({ userId, event: "Order Completed", properties: { n, revenue: n / 4 } }, note),
  (userId, n) => analytics.page({ userId, name: "Home", properties: { n } }, note),
  (userId, n) => analytics.screen({ userId, name: "Start", properties: { n } }, note),
  (userId, n) => analytics.identify({ userId, traits: { plan: "gold", n } }, note),
  (userId, n) => analytics.group({ userId, groupId: `group-${n % 5}`, traits: { n } }, note),
  (userId, n) => analytics.alias({ userId, previousId: `before-${userId}` }, note),
  (userId, n) => analytics.track({ userId, anonymousId: `device-${userId}`, event: "Ünï \u{1f600}", properties: { n } }, note),
];

analytics.on("error", (error) => console.error(String(error.code), String(error.reason)));
for (let n = 0; n < Number(count); n++) {
  calls[n % calls.length](`user-${n % people}`, n);
  if (n % 50 === 49) await sleep(50);
}
await analytics.closeAndFlush({ timeout: 60000 });
console.log(JSON.stringify({ delivered, failed }));
