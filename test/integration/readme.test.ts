import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type ParseError, parse as parseJsonc, stripComments } from "jsonc-parser";
import { expect, test } from "vitest";
import { agentByName, agentNames } from "../../src/agents/catalog.ts";
import { readManifest } from "../../src/app/read-manifest.ts";
import { createProgram } from "../../src/cli/program.ts";
import { EXIT_CODES } from "../../src/manifest/errors.ts";
import { Manifest, Phase, PullRequestSettings } from "../../src/manifest/manifest.ts";
import { Policy } from "../../src/manifest/policy.ts";
import { TaskStatus } from "../../src/manifest/status.ts";
import { Task } from "../../src/manifest/task.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const README = read("README.md");
const ARCHITECTURE = read("ARCHITECTURE.md");
const PAGES = [
  "README.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs/adr")).map((name) => `docs/adr/${name}`),
];

/** What a heading of level 2 has below it, down to the next one. */
function section(page: string, heading: RegExp): string {
  const found = page.split(/^## /m).find((part) => heading.test(part.split("\n", 1)[0] ?? ""));
  if (found === undefined) throw new Error(`no section ${heading}`);
  return found;
}

/** The first group of every match; fails when there is none, for a check that reads nothing is none. */
function all(text: string, pattern: RegExp): string[] {
  const found = [...text.matchAll(pattern)].map((match) => match[1] ?? "");
  expect(found, String(pattern)).not.toEqual([]);
  return found;
}

const program = await createProgram(undefined);
const commands = program.commands.map((command) => command.name());

test("the README names every command, and none that is not there", () => {
  const named = all(README, /coppice ([a-z][a-z-]*)/g);
  const alsoNamed = all(section(README, /real three/), /`([a-z][a-z-]*) [A-Z]/g);
  expect(new Set([...named, ...alsoNamed])).toEqual(new Set(commands));
});

test("every option that the README names is one", () => {
  const known = program.commands.flatMap((command) => command.options.map((one) => one.long));
  const ours = README.split("\n").filter((line) => !/npm (?:ci|unlink)/.test(line));
  const named = all(ours.join("\n"), /(--[a-z][a-z-]*)/g);
  expect(named.filter((option) => !known.includes(option) && option !== "--help")).toEqual([]);
});

test("every npm script that the README names is one", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const named = [...all(README, /npm run ([\w:]+)/g), "test"];
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test("CI runs the README's two commands, word for word, and nothing else of the project", () => {
  const shown = all(section(README, /^Try it/), /^(npm .*)$/gm);
  expect(shown).toHaveLength(2);
  expect(all(read(".ci/run"), /^(npm .*)$/gm)).toEqual(shown);
});

test("the table of statuses has each of them", () => {
  const rows = all(section(README, /^How it works/), /^\| `(\w+)` \|/gm);
  expect(rows).toEqual(TaskStatus.options);
});

test("the exit codes are those of the code", () => {
  const [line = ""] = all(README, /^Exit codes: ((?:.+\n)+)/gm);
  const told = all(line, /(?:^|·\s)(\d+) /g).map(Number);
  expect(told).toEqual([0, ...Object.values(EXIT_CODES), 130]);
});

test("every error that the README explains exists", () => {
  const source = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => read(`src/${name}`))
    .join("\n");
  const codes = all(section(README, /goes wrong/), /^\| `([a-z-]+)` \|/gm);
  expect(codes.filter((code) => !source.includes(`"${code}"`))).toEqual([]);
});

test("the commented manifest is complete, valid, and the example's own text", () => {
  const [commented = ""] = all(section(README, /^The manifest/), /```jsonc\n((?:(?!```).*\n)+)/g);
  const errors: ParseError[] = [];
  const shown: unknown = parseJsonc(commented, errors);
  expect(errors).toEqual([]);
  const example = read("examples/manifest.json");
  expect(JSON.parse(example)).toEqual(shown);
  expect(readManifest(example, "examples/manifest.json")).toMatchObject({
    kind: "parsed",
    warnings: [],
  });

  const fields = [Manifest, Phase, Task, Policy, PullRequestSettings].flatMap((one) =>
    Object.keys(one.shape),
  );
  const plain = stripComments(commented);
  expect(fields.filter((field) => !plain.includes(`"${field}":`))).toEqual([]);
});

test("the policy in the README shows the defaults", () => {
  const { policy } = JSON.parse(read("examples/manifest.json")) as { policy: object };
  expect({ ...policy, answers: [] }).toEqual(Policy.parse({}));
});

test("every link inside the project leads somewhere, down to the heading", () => {
  for (const page of PAGES) {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
      (one) => one[1] ?? "",
    );
    for (const link of links) {
      const [path = "", heading] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      expect(existsSync(join(ROOT, target)), `${page}: ${link}`).toBe(true);
      if (heading !== undefined)
        expect(headingsOf(read(target)), `${page}: ${link}`).toContain(heading);
    }
  }
});

test("the map shows every room", () => {
  const rooms = all(section(ARCHITECTURE, /^Rooms/), /^\| \[src\/(\w+)\]/gm);
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true });
  expect(new Set(rooms)).toEqual(
    new Set(folders.filter((one) => one.isDirectory()).map((one) => one.name)),
  );
});

test("the oldest version of each agent stands among the prerequisites", () => {
  const prerequisites = section(README, /^Prerequisites/);
  const oldest = agentNames.flatMap((name) => {
    const versions = agentByName(name)?.versions;
    return versions ? [`\`${name}\` ${versions.oldest}`] : [];
  });
  expect(oldest.length).toBeGreaterThan(0);
  for (const words of oldest) expect(prerequisites).toContain(words);
});

test("each invariant names tests that exist, and the README names as many", () => {
  const invariants = section(ARCHITECTURE, /^Invariants/);
  const rows = all(invariants, /^\| (?!never|---)(.*) \|$/gm);
  for (const row of rows) {
    const files = all(row, /\]\((test\/[^)]+\.ts)\)/g)
      .map(read)
      .join("\n");
    for (const name of all(row, /"([^"]+)"/g)) expect(files, row).toContain(`"${name}"`);
  }
  expect(all(section(README, /never does/), /^(\d+)\. /gm)).toHaveLength(rows.length);
});

const headingsOf = (page: string): string[] =>
  all(page, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replace(/\s/g, "-"),
  );
