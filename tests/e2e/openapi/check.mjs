// check.mjs - is the document OpenAPI, and do bodies look as it says?
// SPDX-License-Identifier: Apache-2.0
//
// node check.mjs MODULES < {"document", "bodies": [{"schema", "value"}]}
// prints {"version", "valid", "errors", "verdicts": [null or what is wrong]}
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.argv[2]}/`));
const { Validator } = await import(
  pathToFileURL(require.resolve("@seriousme/openapi-schema-validator")));
const Ajv = require("ajv/dist/2020.js");
const given = JSON.parse(readFileSync(0, "utf8"));

const validator = new Validator();
const judged = await validator.validate(structuredClone(given.document));

const ajv = new Ajv({ strict: false, allErrors: false, validateFormats: false });
ajv.addSchema({ ...given.document, $id: "api:document", $schema: undefined }, "api:document");
const compiled = new Map();
const verdicts = given.bodies.map(({ schema, value }) => {
  if (!compiled.has(schema))
    compiled.set(schema, ajv.compile({ $ref: `api:document#/components/schemas/${schema}` }));
  const validate = compiled.get(schema);
  return validate(value) ? null : ajv.errorsText(validate.errors);
});
console.log(JSON.stringify({ version: validator.version, valid: judged.valid,
  errors: judged.errors ?? null, verdicts }));
