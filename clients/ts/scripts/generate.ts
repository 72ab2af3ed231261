/** Writes src/openapi.ts, the types of the API's messages, from docs/openapi.json; with --check only says if it is stale. */

import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import { factory } from "typescript";

const here = (path: string) => new URL(path, import.meta.url);
const hex = factory.createTypeReferenceNode("Hex");

const document: OpenAPI3 = JSON.parse(readFileSync(here("../../../docs/openapi.json"), "utf8"));
const nodes = await openapiTS(
  { ...document, paths: {} },
  {
    inject: 'import type { Hex } from "viem";\n',
    // 0x… is a type of its own in viem: addresses, hashes and bytes are no other strings.
    transform: (schema) => ("pattern" in schema && String(schema.pattern).startsWith("^0x") ? hex : undefined),
  },
);
const text = `// Generated from docs/openapi.json by \`npm run generate\`.\n${astToString(nodes)}`;
const file = here("../src/openapi.ts");

if (!process.argv.includes("--check")) {
  writeFileSync(file, text);
} else if (readFileSync(file, "utf8") !== text) {
  console.error("clients/ts/src/openapi.ts is not what docs/openapi.json says: run `make openapi`");
  process.exitCode = 1;
}
