// send.cjs - Snowplow's own tracker for Node tells the visit.
// SPDX-License-Identifier: Apache-2.0
//
// node send.cjs MODULES SERVER post|get VISIT prints {"statuses":[...],"failed":[...]}.
"use strict";
const { createRequire } = require("node:module");

const [modules, server, method, text] = process.argv.slice(2);
const snowplow = createRequire(`${modules}/`)("@snowplow/node-tracker");
const visit = JSON.parse(text);
const said = { statuses: [], failed: [] };
const tracker = snowplow.newTracker(
  { namespace: "shop", appId: "shop.example", encodeBase64: method === "post" },
  {
    endpoint: server,
    eventMethod: method,
    bufferSize: 100,
    onRequestSuccess: (_, response) => said.statuses.push(response.status),
    onRequestFailure: (failure) => said.failed.push(failure.status ?? failure.message),
  },
);
const page = (told) => ({ pageUrl: told.url, pageTitle: told.title, referrer: told.referrer });
const { order } = visit;

tracker.setDomainUserId("0b7c0a3e-8d1c-4d38-9c5a-6f1f0d6b2c11");
tracker.setUseragent(visit.agent);
tracker.setLang("de-DE");
tracker.setTimezone("Europe/Berlin");
tracker.setScreenResolution(1920, 1080);
tracker.track(snowplow.buildPageView(page(visit.home)));
tracker.track(snowplow.buildPageView(page(visit.book)));
tracker.track(snowplow.buildPagePing({ ...page(visit.book), maxYOffset: 700 }));
tracker.track(
  snowplow.buildSelfDescribingEvent({
    event: { schema: "iglu:example.shop/newsletter_joined/jsonschema/1-0-0", data: { plan: visit.joined.plan } },
  }),
  [{ schema: "iglu:example.shop/reader/jsonschema/1-0-0", data: { type: "tester" } }],
);
tracker.track(snowplow.buildEcommerceTransaction({ orderId: order.order_id, total: order.revenue, currency: order.currency }));
tracker.track(
  snowplow.buildEcommerceTransactionItem({
    orderId: order.order_id, sku: order.product_id, name: order.name, price: order.price, quantity: order.quantity,
  }),
);
tracker.flush();
process.on("exit", () => console.log(JSON.stringify(said)));
