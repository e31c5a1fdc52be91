import { readManifest } from "../../src/graph/read-manifest.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";

type Parsed = ReturnType<typeof readManifest>;

const KEPT_MAX = 500;
const kept = new Map<string, Parsed>();

/** Coppice's own reading of a manifest's text, remembered, since most texts of a run are read many times. */
export function parsed(text: string, path: string): Parsed {
  const found = kept.get(text);
  if (found !== undefined) return found;
  const made = readManifest(text, path);
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(text, made);
  return made;
}

/** The tasks of a manifest that is known to be valid, by id. */
export function tasksIn(text: string): Map<string, Manifest["phases"][number]["tasks"][number]> {
  const read = parsed(text, "manifest.json");
  if (read.kind === "invalid") throw new Error(`not a manifest: ${JSON.stringify(read.problems)}`);
  return new Map(
    read.manifest.phases.flatMap((phase) => phase.tasks).map((task) => [task.id, task]),
  );
}
