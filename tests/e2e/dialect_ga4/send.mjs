/* send.mjs - a library for the Measurement Protocol tells the visit.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node send.mjs MODULES HOST WRITE_KEY VISIT prints the statuses of the answers.
 */
import { createRequire } from "node:module";

const [modules, host, writeKey, told] = process.argv.slice(2);
const { home, book, joined, order } = JSON.parse(told);
const { default: Analytics4 } = createRequire(`${modules}/`)("electron-google-analytics4");
const analytics = new Analytics4("G-TEST00001", writeKey, "visitor-1", "1795000000");
const statuses = [];

analytics.baseURL = `${host}/mp`;

async function tell(name, params) {
  analytics.setParams({}).setParams({ engagement_time_msec: "1200", ...params });
  statuses.push((await analytics.event(name)).status);
}

const page = ({ url, title, referrer }) =>
  ({ page_location: url, page_title: title, page_referrer: referrer });
const { event, ...own } = joined;

await tell("page_view", page(home));
await tell("page_view", page(book));
analytics.setUserProperties({ plan: { value: "gold" } });
await tell(event, { ...page(book), ...own });
await tell("purchase", {
  transaction_id: order.order_id, value: order.revenue, currency: order.currency,
  items: [{ item_id: order.product_id, item_name: order.name, price: order.price,
    quantity: order.quantity }],
});
console.log(JSON.stringify(statuses));
