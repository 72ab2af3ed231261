/** Writes src/openapi.ts, the types of all messages, from docs/openapi.json and docs/stream.json; --check says if it is stale. */

import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import { factory } from "typescript";

const here = (path: string) => new URL(path, import.meta.url);
const hex = factory.createTypeReferenceNode("Hex");

const read = (name: string): OpenAPI3 => JSON.parse(readFileSync(here(`../../../docs/${name}`), "utf8"));
const [api, stream] = [read("openapi.json").components?.schemas, read("stream.json").components?.schemas];
const nodes = await openapiTS(
  { ...read("openapi.json"), paths: {}, components: { schemas: { ...api, ...stream, ...api } } },
  {
    inject: 'import type { Hex } from "viem";\n',
    // 0x… is a type of its own in viem: addresses, hashes and bytes are no other strings.
    transform: (schema) => ("pattern" in schema && String(schema.pattern).startsWith("^0x") ? hex : undefined),
  },
);
const text = `// Generated from docs/openapi.json and docs/stream.json by \`npm run generate\`.\n${astToString(nodes)}`;
const file = here("../src/openapi.ts");

if (!process.argv.includes("--check")) {
  writeFileSync(file, text);
} else if (readFileSync(file, "utf8") !== text) {
  console.error("clients/ts/src/openapi.ts is not what docs/openapi.json and docs/stream.json say: run `make openapi`");
  process.exitCode = 1;
}
