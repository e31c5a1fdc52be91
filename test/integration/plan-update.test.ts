import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPlanRecords } from "../../src/adapters/fs/plan-records.ts";
import { createGitHubForge } from "../../src/adapters/github/forge.ts";
import { createClock } from "../../src/adapters/system/clock.ts";
import { makePlan, type PlanRequest, updateManifest, writePlan } from "../../src/app/plan.ts";
import { openManifest } from "../../src/cli/compose-manifest.ts";
import type { PlanSource } from "../../src/planner/plan-record.ts";
import { type GitHubServer, startGitHubServer } from "../support/github-server.ts";

const NAME = "octo/sample";
const TEXT = "Totals of carts with two discounts lose a cent.";

let folder: string;
let github: GitHubServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cop-plan-"));
  process.env["XDG_STATE_HOME"] = join(folder, "state");
  github = await startGitHubServer({ repositories: [{ name: NAME }] });
});
afterEach(async () => {
  delete process.env["XDG_STATE_HOME"];
  await github.close();
  await rm(folder, { recursive: true });
});

const request: PlanRequest = {
  query: { labels: ["ready"], milestone: undefined, numbers: [], limit: undefined },
  header: { project: "sample", repo: NAME },
  breakCycles: false,
  predict: false,
};
const source: PlanSource = {
  issues: null,
  labels: ["ready"],
  milestone: null,
  limit: null,
  phaseBy: "priority",
  allowVague: false,
  split: false,
};
const target = () => ({
  store: openManifest(join(folder, "manifest.json")),
  records: createPlanRecords({ path: join(folder, "state/record.json") }),
});
const ports = () => ({
  forge: createGitHubForge({
    repo: NAME,
    apiUrl: github.url,
    token: github.token,
    clock: createClock(),
    note: () => undefined,
  }),
  repository: undefined,
  history: undefined,
});

test("a plan from GitHub leaves out what is no task, and its update follows what happened to the issues", async () => {
  const repository = github.repository(NAME);
  const add = (title: string, more: Partial<Parameters<typeof repository.addIssue>[0]> = {}) =>
    repository.addIssue({ title, body: TEXT, labels: ["ready"], ...more });
  const parent = add("Parent");
  const child = add("Child", { parent, fields: { Priority: "High", Estimate: "2h" } });
  const asked = add("Which rounding?", { type: "Question" });
  const inWork = add("Somebody works on it");
  await repository.addPull({ head: "mine", fork: "ann/sample", body: `Fixes #${inWork}` });
  const twin = add("Child again", { body: `Duplicate of #${child}` });
  const plan = await makePlan(ports(), request);
  expect(plan.skipped.map(({ issue }) => issue)).toEqual([asked, inWork, twin]);
  expect(plan.manifest["phases"]).toMatchObject([
    {
      name: "Phase 2: High",
      tasks: [{ id: `t${child}`, priority: "high", estimate: 0.5, dependsOn: [] }],
    },
    { name: "Phase 3: Medium and low", tasks: [{ id: `t${parent}`, dependsOn: [`t${child}`] }] },
  ]);
  await writePlan(target(), plan, source);
  const path = join(folder, "manifest.json");
  const own = { id: "own", issue: 99, title: "Of an issue that was moved away" };
  const document = JSON.parse(await readFile(path, "utf8"));
  document.phases[1].tasks.push(own);
  await writeFile(path, JSON.stringify(document));

  repository.close(child);
  repository.issue(parent).labels = [];
  repository.issue(parent).body = `${TEXT} Round once.`;
  const fresh = add("Fresh", { blockedBy: [parent] });
  const options = { source, dryRun: true };
  const before = await readFile(path, "utf8");
  const dry = await updateManifest(ports(), target(), request, options);
  expect(await readFile(path, "utf8")).toBe(before);
  const { changes, made } = await updateManifest(ports(), target(), request, {
    ...options,
    dryRun: false,
  });
  expect(changes).toEqual(dry.changes);
  expect(changes).toMatchObject([
    { kind: "leaves", task: `t${child}` },
    // Its original is closed now: whether that mends it a person decides.
    { kind: "joins", task: `t${twin}` },
    { kind: "joins", task: `t${fresh}` },
    { kind: "changes", task: `t${parent}`, fields: ["body", "labels"] },
    { kind: "waits", task: `t${fresh}`, dependsOn: `t${parent}` },
  ]);
  expect(made.notes).toEqual([expect.objectContaining({ issue: twin, kind: "draft" })]);
  const [, { tasks }] = JSON.parse(await readFile(path, "utf8")).phases;
  expect(tasks).toContainEqual(own);
});

test("a record of a plan that cannot be read is named with its remedy, and nothing is changed", async () => {
  github.repository(NAME).addIssue({ title: "First", body: TEXT, labels: ["ready"] });
  await writePlan(target(), await makePlan(ports(), request), source);
  await writeFile(join(folder, "state/record.json"), '{"version": 2}');
  const before = await readFile(join(folder, "manifest.json"), "utf8");
  const updated = updateManifest(ports(), target(), request, { source, dryRun: false });
  await expect(updated).rejects.toMatchObject({
    code: "plan-record-invalid",
    hint: expect.stringContaining("Remove the file"),
  });
  expect(await readFile(join(folder, "manifest.json"), "utf8")).toBe(before);
});
