import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { manifestSchema } from "../src/manifest/schema.ts";

/** Writes the committed JSON Schemas anew; a test fails when they are not what this writes. */
const file = resolve(import.meta.dirname, "../schemas/manifest.schema.json");
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(manifestSchema(), null, 2)}\n`);
