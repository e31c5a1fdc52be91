import { isJsonObject, type Json, type JsonObject, member } from "./json.ts";
import { MANIFEST_VERSION, Manifest } from "./manifest.ts";
import type { JsonPath, Place } from "./place.ts";
import type { Problem } from "./problem.ts";
import { shapeMistakes } from "./shape.ts";
import { type Mistake, readSource } from "./source.ts";
import { manifestMistakes } from "./validate.ts";

/** A manifest's text as read. `raw` is the JSON as the person wrote it, without defaults. */
export type ParseOutcome =
  | {
      readonly kind: "parsed";
      readonly raw: JsonObject;
      readonly manifest: Manifest;
      readonly warnings: readonly Problem[];
      /** The place of a value in the text, or of the nearest thing around it. */
      readonly locate: (path: JsonPath) => Place;
      /** Gives a mistake found later its place. */
      readonly place: (mistake: Mistake) => Problem;
    }
  /** Every mistake found, in the order of the text; at least one is an error. */
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

const TASKS_MAX = 10_000;

/** Reads a manifest without its graph: most callers want `readManifest` of the room above. `file` names it in problems. */
export function parseManifest(text: string, file: string): ParseOutcome {
  const outcome = readSource(text, file);
  if (outcome.kind === "broken") return { kind: "invalid", problems: outcome.problems };
  const { source } = outcome;
  const refused = refusal(source.value);
  if (refused !== undefined) return { kind: "invalid", problems: [source.place(refused)] };
  const shape = Manifest.safeParse(source.value);
  const mistakes = shape.success
    ? manifestMistakes(shape.data)
    : shapeMistakes(shape.error.issues, source.value);
  const problems = inTextOrder(mistakes.map(source.place));
  if (!shape.success || !isJsonObject(source.value) || problems.some(isError)) {
    return { kind: "invalid", problems };
  }
  return {
    kind: "parsed",
    raw: source.value,
    manifest: shape.data,
    warnings: problems,
    locate: source.locate,
    place: source.place,
  };
}

/** Problems as a reader of the file meets them. */
export function inTextOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

export const isError = (problem: Problem): boolean => problem.severity === "error";

/** What makes looking further pointless. */
function refusal(value: Json): Mistake | undefined {
  const refuse = (code: string, path: JsonPath, message: string, remedy: string): Mistake => ({
    severity: "error",
    code,
    path,
    message,
    remedy,
  });
  if (!isJsonObject(value)) {
    return refuse(
      "not-a-manifest",
      [],
      "a manifest is an object",
      'Write {"project": "name", "phases": []}, or make one with coppice plan.',
    );
  }
  const version = member(value, "version") ?? MANIFEST_VERSION;
  if (version !== MANIFEST_VERSION) {
    return refuse(
      "unknown-version",
      ["version"],
      `the file is of version ${JSON.stringify(version)}, and this program reads version ${MANIFEST_VERSION}`,
      `Install the coppice that wrote it, or set "version" to ${MANIFEST_VERSION} when that was a slip.`,
    );
  }
  const tasks = countTasks(value);
  if (tasks > TASKS_MAX) {
    return refuse(
      "too-many-tasks",
      ["phases"],
      `the manifest has ${tasks} tasks, more than ${TASKS_MAX}`,
      "Split it into several manifests.",
    );
  }
  return undefined;
}

function countTasks(value: JsonObject): number {
  const phases = member(value, "phases");
  let count = 0;
  for (const phase of Array.isArray(phases) ? phases : []) {
    const tasks = isJsonObject(phase) ? member(phase, "tasks") : undefined;
    if (Array.isArray(tasks)) count += tasks.length;
  }
  return count;
}
