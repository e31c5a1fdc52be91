import type { JsonObject } from "./json.ts";

/** The text of a manifest: two spaces, keys in their own order (`$schema` first), a line break at the end. */
export function formatManifest(raw: JsonObject): string {
  const { $schema, ...rest } = raw;
  const ordered = $schema === undefined ? rest : { $schema, ...rest };
  return `${JSON.stringify(ordered, null, 2)}\n`;
}
