import { join } from "node:path";
import { expect } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { deeds, disturbances, runs, taskOf, worksOn } from "../support/agent-stage.ts";
import { testWithCodex as test } from "../support/codex-stage.ts";
import { eventually, puppet } from "../support/workplace.ts";

test.for([
  ["in its session", false],
  ["in its conversation, as its session is gone", true],
] as const)("Codex is asked to merge the base %s", async ([, isGone], { place, model, env }) => {
  const { lab } = place;
  await place.plan({ agent: "codex", policy: { backoffSeconds: 0.1, collisions: "rebase" } }, [
    { id: "t1", agent: "command", command: puppet(place) },
    taskOf(2, "Add a line"),
  ]);
  const commit = "git commit --quiet --all --message";
  const settle = "printf 'one\\nfirst\\ntwo\\n' > README.md";
  model.play({
    matches: worksOn(2),
    steps: [
      runs("codex", `echo two >> README.md && ${commit} 'Add a line'`),
      { kind: "say", text: "The line is there." },
      runs("codex", `git merge refs/remotes/origin/main; ${settle} && ${commit} 'Merge main'`),
      { kind: "say", text: "Both lines are there." },
    ],
  });
  const run = place.start(["run", "--interval", "1"], env);
  const first = await place.puppets.enter("t1");
  await first.commit("README.md", "first\n", "Work on t1");
  await first.exit(0);
  await eventually("the pull request of t1", async () => (await place.task("t1")).prNumber);
  expect(await run.ended).toMatchObject({ code: 4 });
  expect(await place.task("t2")).toMatchObject({ status: "complete", prNumber: null });

  await lab.git(["push", "-q", "origin", "origin/fix/t1:main"]);
  if (isGone) {
    const socket = join(place.workdir, "tmux.sock");
    await exec("tmux", ["-S", socket, "kill-session", "-t", "=task-t2"]);
  }
  expect(await place.start(["run", "--interval", "1"], env).ended).toMatchObject({ code: 0 });

  expect(await place.delivered("fix/issue-2")).toEqual(["Merge main", "Add a line"]);
  expect(await lab.git(["show", "fix/issue-2:README.md"], lab.origin)).toBe("one\nfirst\ntwo");
  const asked = (await deeds(place, "t2")).filter((deed) => /does not merge/.test(deed));
  expect(asked).toEqual([expect.stringMatching(/^(?:nudge|resume).*: does not merge with main/)]);
  expect(await place.task("t2")).toMatchObject({ state: { merges: 1 } });
  const ofTask = model.exchanges.filter(({ request }) => worksOn(2)(request));
  expect(new Set(ofTask.map(({ request }) => request.threadId)).size).toBe(1);
  expect(await disturbances(place, model, 2)).toEqual([]);
});
