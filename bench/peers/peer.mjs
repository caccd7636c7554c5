/* peer.mjs - one other engine, asked line by line.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node peer.mjs MODULES duckdb|chdb PLACE reads {"sql":TEXT} a line and answers each with
 * {"ms":N,"rows":[[...]]}, timed around the call until the rows are here, or {"error":TEXT}.
 */
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [modules, engine, place] = process.argv.slice(2);
const require = createRequire(`${modules}/`);

async function openDuckdb() {
  const { DuckDBInstance } = require("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create(place)).connect();
  return async (sql) => (await connection.runAndReadAll(sql)).getRowsJson();
}

async function openChdb() {
  const session = new (require("chdb").Session)(place);
  return async (sql) => {
    const text = session.query(sql, "JSONCompactEachRow");
    return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  };
}

const ask = await (engine === "duckdb" ? openDuckdb() : openChdb());
for await (const line of createInterface({ input: process.stdin })) {
  const { sql } = JSON.parse(line);
  const start = performance.now();
  let answer;
  try {
    const rows = await ask(sql);
    answer = { ms: performance.now() - start, rows };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
