import { expect, test } from "vitest";
import { cleanup } from "../../../src/app/cleanup.ts";
import type { Workspace } from "../../../src/app/world.ts";
import { type GitFact, known, type Probe, unknown } from "../../../src/classify/evidence.ts";
import { manifestOf, taskId } from "../../support/decision.ts";
import { gitFact, launchFact } from "../../support/facts.ts";
import { executorWorld } from "../../support/fakes/executor-world.ts";

/** What clean-up would do with t9, which ended and is not in the manifest. */
async function planFor(git: Probe<GitFact | null>, all: boolean): Promise<string> {
  const manifest = manifestOf({ t1: {} });
  const { context } = executorWorld(manifest, {
    folders: { launched: async () => [taskId("t9")], launch: async () => known(launchFact()) },
    repository: { probe: async () => git },
  });
  const snapshot = { path: "/m.json", text: "", manifest, warnings: [] };
  const store: Partial<Workspace["ports"]["store"]> = {
    read: async () => ({ kind: "read", snapshot }),
  };
  const workspace = { ports: { ...context.ports, store }, workdir: "/w" } as unknown as Workspace;
  const [item] = await cleanup(workspace, { all, dryRun: true });
  return item?.plan.kind === "keep" ? item.plan.why : `${item?.taskId} ${item?.plan.kind}`;
}

test.each([
  ["its work is in the base", known(gitFact({ commitsAhead: 0 })), "t9 remove"],
  ["it has commits", known(gitFact()), "not merged; --all removes it too"],
  [
    "it has files that are not committed",
    known(gitFact({ commitsAhead: 0, dirtyFiles: ["a"] })),
    "not merged; --all removes it too",
  ],
  ["git does not answer", unknown("index.lock"), "not merged; --all removes it too"],
])("a task that is not in the manifest, when %s", async (_, git, plan) => {
  expect(await planFor(git, false)).toBe(plan);
  expect(await planFor(git, true)).toBe("t9 remove");
});
