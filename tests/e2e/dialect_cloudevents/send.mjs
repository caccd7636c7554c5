/* send.mjs - the library of the CloudEvents project tells the visit in every mode.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node send.mjs MODULES HOST WRITE_KEY EVENTS sends {"binary":[...],"structured":[...],
 * "batch":[...]}, each event twice, and prints the statuses of the answers.
 */
import { createRequire } from "node:module";

const [modules, host, writeKey, told] = process.argv.slice(2);
const { CloudEvent, HTTP, emitterFor } = createRequire(`${modules}/`)("cloudevents");
const authorization = `Basic ${btoa(`${writeKey}:`)}`;
const events = JSON.parse(told);
const statuses = [];

async function post({ headers, body }) {
  const answer = await fetch(`${host}/cloudevents`,
    { method: "POST", body, headers: { ...headers, authorization } });
  statuses.push(answer.status);
}

for (const mode of ["binary", "structured"]) {
  const emit = emitterFor(post, { binding: HTTP, mode });
  for (const event of events[mode].flatMap((told) => [told, told])) await emit(new CloudEvent(event));
}
/* The library writes no batches; a batch is an array of structured events. */
await post({
  headers: { "content-type": "application/cloudevents-batch+json; charset=utf-8" },
  body: JSON.stringify(events.batch.flatMap((told) => [new CloudEvent(told), new CloudEvent(told)])),
});
console.log(JSON.stringify(statuses));
