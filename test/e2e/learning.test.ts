import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { deeds, disturbances, door, runs, taskOf, worksOn } from "../support/agent-stage.ts";
import { testWithCodex as test } from "../support/codex-stage.ts";
import { eventually, test as placeTest, puppet } from "../support/workplace.ts";

test.concurrent("a needless wait ends early, and work that does not merge is told of before it is delivered", async ({
  place,
  model,
  env,
}) => {
  const predicted = [{ path: "guess.txt", confidence: 0.6, why: "a guess" }];
  const commands = { agent: "command", command: puppet(place), predicted };
  await place.plan({ agent: "codex" }, [
    { id: "t1", ...commands },
    taskOf(2, "Add a line"),
    { id: "t3", ...commands },
  ]);
  const rival = door();
  model.play({
    matches: worksOn(2),
    steps: [
      {
        ...runs(
          "codex",
          "echo two >> README.md && git commit --quiet --all --message 'Add a line'",
        ),
        after: rival.opened,
      },
      { kind: "say", text: "The line is there." },
      runs(
        "codex",
        "git checkout --quiet main -- README.md && echo two > two.txt && git add --all && git commit --quiet --message 'Use a file of its own'",
      ),
      { kind: "say", text: "It fits now." },
    ],
  });
  const run = place.start(["run", "--interval", "1"], env);

  const first = await place.puppets.enter("t1");
  await first.commit("README.md", "first\n", "Work on t1");
  // Only what t1 has committed lets t3 begin: t1 lives on.
  const third = await place.puppets.enter("t3");
  await first.exit(0);
  await eventually("the pull request of t1", async () => (await place.task("t1")).prNumber);
  rival.open();
  await eventually("the pull request of t2", async () => (await place.task("t2")).prNumber);
  await third.commit("README.md", "third\n", "Work on t3");
  await third.exit(0);
  expect(await run.ended).toMatchObject({ code: 0 });

  const words = model.exchanges.flatMap(({ request }) => request.userTexts);
  const told = words.filter((text) => text.includes("does not merge with work of another task"));
  expect(new Set(told).size).toBe(1);
  expect(told[0]).toMatch(/Task t1, .*\(pull request #1\)/);
  expect(told[0]).toContain('- "README.md" (there: line 2)');
  expect((await deeds(place, "t2")).filter((deed) => deed.startsWith("nudge"))).toEqual([
    "nudge: does not merge with t1 (#1) at README.md",
  ]);
  expect(await disturbances(place, model, 2)).toEqual([]);
  expect(await place.delivered("fix/issue-2")).toEqual(["Use a file of its own", "Add a line"]);
  const [, two, three] = await place.pullRequests();
  expect(two?.body).not.toContain("Does not merge");
  expect(three?.body).toContain("## Does not merge with\n- #1 (task t1) at `README.md`");
  const events = await place.events();
  expect(events.filter(({ kind }) => kind === "order-learned")).toMatchObject([
    { taskId: "t3", on: "t1", change: "released" },
  ]);
  expect(events.filter(({ kind }) => kind === "collision")).toMatchObject([
    { taskId: "t1", other: "t2", files: ["README.md"] },
    { taskId: "t1", other: "t3", files: ["README.md"] },
  ]);
});

placeTest.concurrent(
  "work that does not merge any more has its agent merge the base, and is delivered then",
  async ({ place }) => {
    await place.plan(
      { command: puppet(place), policy: { backoffSeconds: 0.1, collisions: "rebase" } },
      [{ id: "t1" }, { id: "t2", verify: "! grep -q '<<<' README.md" }],
    );
    const run = place.start(["run", "--interval", "1"]);
    const [first, second] = [await place.puppets.enter("t1"), await place.puppets.enter("t2")];
    await first.commit("README.md", "first\n", "Work on t1");
    await first.exit(0);
    await eventually("the pull request of t1", async () => (await place.task("t1")).prNumber);
    await second.commit("README.md", "second\n", "Work on t2");
    await second.exit(0);
    expect(await run.ended).toMatchObject({ code: 4 });
    expect((await place.task("t2")).error).toMatch(/does not merge with t1 \(#1\) at README\.md/);

    await place.lab.git(["push", "-q", "origin", "origin/fix/t1:main"]);
    const again = place.start(["run", "--interval", "1"]);
    const settler = await place.puppets.enter("t2");
    const { cwd, argv } = settler.hello;
    const prompt = await readFile(argv.at(-1) ?? "", "utf8");
    const tip = await place.lab.git(["rev-parse", "refs/heads/main"], place.lab.origin);
    expect(prompt).toContain(`Please run git merge ${tip} on your branch`);
    const author = ["-c", "user.name=An Agent", "-c", "user.email=agent@example.com"];
    await expect(place.lab.git([...author, "merge", tip], cwd)).rejects.toThrow();
    expect(await readFile(join(cwd, "README.md"), "utf8")).toContain("<<<<<<<");
    await writeFile(join(cwd, "README.md"), "one\nfirst\nsecond\n");
    await settler.commit("note.txt", "both\n", "Merge main");
    await settler.exit(0);
    expect(await again.ended).toMatchObject({ code: 0 });

    const [, two] = await place.pullRequests();
    expect(two).toMatchObject({ number: 2, head: "fix/t2", base: "main" });
    expect(two?.body).not.toContain("Does not merge");
    expect(two?.body).toMatch(/`README\.md` \(\+1 −0\)\n- `note\.txt` \(\+1 −0\)/);
    expect(await place.delivered("fix/t2")).toEqual(["Merge main", "Work on t2"]);
    expect(await place.task("t2")).toMatchObject({ attempts: 2, state: { merges: 1 } });
  },
);
