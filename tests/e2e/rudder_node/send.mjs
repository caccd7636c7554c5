/* send.mjs - RudderStack's own library tells the visit and makes every other call.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node send.mjs MODULES HOST WRITE_KEY AGENT VISIT tells the visit, without VISIT makes the other
 * calls; prints how many were delivered and the errors of the rest.
 */
import { createRequire } from "node:module";

const [modules, host, writeKey, agent, told] = process.argv.slice(2);
const RudderAnalytics = createRequire(`${modules}/`)("@rudderstack/rudder-sdk-node");
const analytics = new RudderAnalytics(writeKey, {
  dataPlaneUrl: host, flushAt: 3, flushInterval: 50, logLevel: "none", errorHandler() {},
});
const who = { anonymousId: "visitor-1" };
const calls = [];

function call(kind, message) {
  calls.push(new Promise((done) => analytics[kind]({ ...who, ...message }, (error) => done(error))));
}

function page({ url, title, referrer }, campaign) {
  const path = new URL(url).pathname;
  call("page", { context: { userAgent: agent, campaign, page: { url, path, title, referrer } } });
}

function tellVisit({ home, book, joined, order }) {
  const { event, ...own } = joined;
  const { order_id, revenue, currency, ...product } = order;

  page(home, { source: "letter", medium: "email", name: "spring" });
  page(book);
  call("track", { event, properties: own });
  call("track", { event: "Order Completed",
    properties: { order_id, revenue, currency, products: [product] } });
}

function callOthers() {
  call("identify", { userId: "mary", traits: { plan: "gold" } });
  call("group", { userId: "mary", groupId: "readers", traits: { size: 12 } });
  call("alias", { userId: "mary", previousId: "visitor-0" });
  call("screen", { anonymousId: "phone-1", userId: "mary", name: "Start" });
}

if (told) tellVisit(JSON.parse(told));
else callOthers();
const errors = (await Promise.all(calls)).filter(Boolean).map(String);
console.log(JSON.stringify({ delivered: calls.length - errors.length, errors }));
process.exit(0);
