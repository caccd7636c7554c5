// send.cjs - Matomo's own tracker for Node tells the visit.
// SPDX-License-Identifier: Apache-2.0
//
// node send.cjs MODULES SERVER single|bulk VISIT prints {"errors":[...],"answers":[...]}: what the
// library hands out, and of single calls, of which it hands out nothing, their status.
"use strict";
const { subscribe } = require("node:diagnostics_channel");
const { createRequire } = require("node:module");

const [modules, server, way, text] = process.argv.slice(2);
const MatomoTracker = createRequire(`${modules}/`)("matomo-tracker");
const visit = JSON.parse(text);
const said = { errors: [], answers: [] };
const tracker = new MatomoTracker(1, `${server}/${way === "single" ? "matomo" : "piwik"}.php`);

tracker.on("error", (error) => said.errors.push(error));

const who = { _id: "0123456789abcdef", ua: visit.agent, apiv: 1 };
const view = (page) => ({ ...who, url: page.url, action_name: page.title, urlref: page.referrer });
const { order } = visit;
const calls = [
  view(visit.home),
  view(visit.book),
  { ...who, url: visit.book.url, e_c: "Newsletter", e_a: visit.joined.event, ca: 1,
    cvar: JSON.stringify({ 1: ["plan", visit.joined.plan] }) },
  { ...who, url: visit.book.url, idgoal: 0, ec_id: order.order_id, revenue: order.revenue, ca: 1,
    ec_items: JSON.stringify([[order.product_id, order.name, ["Books", "Novels"], order.price, order.quantity]]) },
];

// It leaves the images unread, so their connections would stay open.
subscribe("http.client.response.finish", ({ response }) => {
  if (way === "bulk") return;
  said.answers.push(response.statusCode);
  if (said.answers.length === calls.length) setImmediate(() => process.exit());
});
if (way === "single")
  calls.forEach((call) => tracker.track(call));
else
  tracker.trackBulk(calls, (answer) => said.answers.push(JSON.parse(answer)));
process.on("exit", () => console.log(JSON.stringify(said)));
