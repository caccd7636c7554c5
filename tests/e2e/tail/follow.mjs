// follow.mjs - a standard EventSource that follows a log and prints what it hears.
// SPDX-License-Identifier: Apache-2.0
// usage: node follow.mjs URL KEY; one line of JSON an event: its id, and the event's seq and name.
import { EventSource } from "eventsource";

const [url, key] = process.argv.slice(2);
const source = new EventSource(url, {
  fetch: (input, init) =>
    fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${key}` } }),
});

source.addEventListener("open", () => console.log(JSON.stringify({ open: true })));
source.addEventListener("message", (event) => {
  const message = JSON.parse(event.data);
  console.log(JSON.stringify({ id: event.lastEventId, seq: message.seq, n: message.properties?.n }));
});
process.stdin.on("end", () => process.exit(0)).resume();
