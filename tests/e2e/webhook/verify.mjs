// verify.mjs - checks received webhooks by the reference library of Standard Webhooks.
// SPDX-License-Identifier: Apache-2.0
// usage: node verify.mjs SECRET < LINES; a line of JSON each: {"headers","body"}; prints how many are
// genuine, and fails where a changed body is taken for one.
import { Webhook } from "standardwebhooks";
import { readFileSync } from "node:fs";

const webhook = new Webhook(process.argv[2]);
let genuine = 0;

for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { headers, body } = JSON.parse(line);
  webhook.verify(body, headers);
  genuine++;
  let taken = true;
  try {
    webhook.verify(body.replace("{", "{ "), headers);
  } catch {
    taken = false;
  }
  if (taken) throw new Error("a changed body was taken for genuine");
}
console.log(genuine);
