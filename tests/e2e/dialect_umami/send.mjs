/* send.mjs - Umami's own library for servers tells a visit.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node send.mjs MODULES HOST AGENT < VISIT prints the answers, [[status,body]...]; VISIT is the
 * values of visit.py.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, hostUrl, userAgent] = process.argv.slice(2);
const { Umami } = createRequire(`${modules}/`)("@umami/node");
const { home, book, joined, order } = JSON.parse(readFileSync(0));
const umami = new Umami({ websiteId: "50429a93-8479-4073-be80-d5d29c09c2ec", hostUrl, userAgent });
const answers = [];

const note = async (answer) => answers.push([(await answer).status, await (await answer).json()]);
const path = (url) => url.replace("https://shop.example", "");
const place = { hostname: "shop.example", language: "de-DE", screen: "1920x1080" };
const see = ({ url, title, referrer }) =>
  note(umami.track({ ...place, url: path(url), title, referrer: path(referrer) }));

await see(home);
await see(book);
await note(umami.track(joined.event, { plan: joined.plan }));
const { order_id, revenue, currency, ...product } = order;
await note(
  umami.track({
    ...place,
    url: path(book.url),
    name: "Order Completed",
    data: { order_id, revenue, currency, products: [product] },
  }),
);
await note(umami.identify({ plan: "gold" }));
console.log(JSON.stringify(answers));
