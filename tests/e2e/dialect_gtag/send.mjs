/* send.mjs - a small stand-in for gtag.js tells the visit, in a page of a few lines.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node send.mjs MODULES HOST AGENT VISIT prints the statuses of the answers.
 */
import { createRequire } from "node:module";

const [modules, host, agent, told] = process.argv.slice(2);
const { home, book, joined, order } = JSON.parse(told);
const statuses = [];
const waiting = [];

function storage() {
  const held = new Map();
  return { getItem: (key) => held.get(key) ?? null, setItem: (key, value) => held.set(key, value) };
}

function sendBeacon(url, body) {
  waiting.push(fetch(url, { method: "POST", body, headers: { "User-Agent": agent } })
    .then((answer) => statuses.push(answer.status)));
  return true;
}

function show({ url, title, referrer }) {
  const { origin, hostname, pathname, search, host: place } = new URL(url);
  Object.assign(document, { title, referrer });
  document.location = { origin, hostname, pathname, search, host: place };
}

function define(name, value) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

define("document", { addEventListener() {}, removeEventListener() {}, visibilityState: "visible" });
define("navigator", { language: "en-GB", sendBeacon });
define("localStorage", storage());
define("sessionStorage", storage());
define("screen", { width: 1920, height: 1080 });
define("self", globalThis);
define("window", globalThis);
globalThis.addEventListener = () => {};
globalThis.minimalAnalytics = { analyticsEndpoint: `${host}/g/collect` };

const { track } = createRequire(`${modules}/`)("@minimal-analytics/ga4");
const { event, ...own } = joined;

show(home);
track("G-TEST00001");
await Promise.all(waiting);
show(book);
track("G-TEST00001");
track("G-TEST00001", { type: event, event: { "ep.plan": own.plan, _et: 1200 } });
track("G-TEST00001", { type: "purchase", event: {
  "ep.transaction_id": order.order_id, "epn.value": order.revenue, cu: order.currency,
  pr1: `id${order.product_id}~nm${order.name}~pr${order.price}~qt${order.quantity}` } });
await Promise.all(waiting);
console.log(JSON.stringify(statuses));
