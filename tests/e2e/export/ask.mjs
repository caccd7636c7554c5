// ask.mjs - answers SQL by DuckDB: each argument's rows as one line of JSON.
// SPDX-License-Identifier: Apache-2.0
import { DuckDBInstance } from '@duckdb/node-api';

const database = await DuckDBInstance.create(':memory:');
const connection = await database.connect();
for (const query of process.argv.slice(2)) {
  const answer = await connection.runAndReadAll(query);
  console.log(JSON.stringify(answer.getRowObjectsJson()));
}
