import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const SRC = resolve(import.meta.dirname, "../../src");
const PURE = ["manifest", "graph", "agents", "planner", "classify", "decide"];
const MAY_IMPORT: Record<string, readonly string[]> = {
  manifest: [],
  graph: ["manifest"],
  agents: ["manifest"],
  planner: ["manifest", "graph"],
  classify: ["manifest", "agents"],
  decide: ["manifest", "graph", "agents", "classify"],
  ports: ["manifest", "agents", "classify", "decide", "planner"],
  executor: ["manifest", "graph", "agents", "classify", "decide", "ports"],
  adapters: ["manifest", "agents", "classify", "planner", "ports"],
  heartbeat: ["manifest", "graph", "agents", "classify", "decide", "ports", "executor"],
  app: [
    "manifest",
    "graph",
    "agents",
    "planner",
    "classify",
    "decide",
    "ports",
    "executor",
    "heartbeat",
  ],
};
const PURE_PACKAGES = ["zod", "graphlib", "jsonc-parser", "fastest-levenshtein"];
const NOT_PURE = /\bMath\.random\b|\bDate\.now\b|\bnew Date\(\)|\bprocess\.|\bperformance\./;

/** The room a file stands in: its first folder below src. */
const roomOf = (file: string): string => relative(SRC, file).split("/")[0] ?? "";

/** Says why `from` may not import `spec`, or nothing when it may. */
function objection(from: string, spec: string): string | undefined {
  const room = roomOf(from);
  if (!spec.startsWith(".")) {
    const allowed = !PURE.includes(room) || PURE_PACKAGES.includes(spec);
    return allowed ? undefined : `${room} is pure: it may use only ${PURE_PACKAGES.join(", ")}`;
  }
  const target = resolve(dirname(from), spec);
  const to = roomOf(target);
  if (room === "cli") {
    const builds = to === "adapters" && !/\/compose(-\w+)?\.ts$/.test(from);
    return builds ? "only cli/compose*.ts build adapters" : undefined;
  }
  if (room === "adapters" && to === "adapters") {
    const same =
      dirname(from) === dirname(target) || /\/adapters\/(exec|fault-point)\.ts$/.test(target);
    return same ? undefined : "an adapter does not know another adapter";
  }
  return to === room || MAY_IMPORT[room]?.includes(to) ? undefined : `${room} must not know ${to}`;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(SRC, name));

test("the scan saw every room (a gate that reads nothing passes everything)", () => {
  expect(new Set(files.map(roomOf))).toEqual(new Set([...Object.keys(MAY_IMPORT), "cli"]));
});

test.each(files.map((file) => [relative(SRC, file), file]))("%s keeps to its room", (_, file) => {
  const text = readFileSync(file, "utf8");
  const specs = [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map(
    (m) => m[1] ?? "",
  );
  expect(specs.flatMap((spec) => objection(file, spec) ?? [])).toEqual([]);
  if (PURE.includes(roomOf(file))) expect(text).not.toMatch(NOT_PURE);
});
