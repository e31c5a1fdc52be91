import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually, puppet, test, type Workplace } from "../support/workplace.ts";

test.concurrent("a plan updates its manifest while a run works on it, and the next one knows what the run found out", async ({
  place,
}) => {
  await writeIssue(place, 1, "Write the first file", "Into 1.txt.");
  await writeIssue(place, 2, "Write the second file", "Into 2.txt.");
  await writeIssue(place, 3, "Write the third file", "Into 3.txt.");
  const where = ["--issues", "issues", "--repo-dir", place.lab.root, "--workdir", place.workdir];
  const agent = ["--agent", "command", "--max-parallel", "1", "--command", ...puppet(place)];
  await place.succeed(["plan", ...where, ...agent]);
  const run = place.start(["run", "--interval", "2"]);
  const one = await place.puppets.enter("t1");
  // What git shows of its work comes a beat later; then nothing is written any more for a while.
  await eventually("t1 is noted", async () => (await place.task("t1")).state?.touched);

  await place.succeed(["set", "t3.title", "My third file"]);
  await writeIssue(place, 1, "Write the first file", "Into another file.");
  await writeIssue(place, 2, "Write the second file", "Into 2.txt.", "state: closed");
  await writeIssue(place, 3, "Write the last file", "Into 3.txt, which closes the list.");
  await writeIssue(place, 4, "Write the fourth file", "Into 4.txt.", "blockedBy: 3");
  const before = await readFile(place.manifestPath, "utf8");
  const dry = await place.succeed(["plan", "--dry-run"]);
  expect(await readFile(place.manifestPath, "utf8")).toBe(before);
  const update = await place.succeed(["plan"]);
  expect(update.stdout).toBe(dry.stdout);
  expect(update.stdout.split("\n\n")[0]?.split("\n")).toEqual([
    "Changes",
    "  t2 leaves: its issue is closed",
    "  t4 joins Phase 3: Medium and low: Write the fourth file",
    "  t3 keeps your title; its issue says something else now",
    "  t3 changes: body",
    "  t4 waits for t3: “#4 is blocked by #3” (relation on the forge)",
  ]);
  expect(await place.task("t1")).toMatchObject({ status: "running", body: "Into 1.txt." });

  await one.commit("1.txt", "done\n", "Work on t1");
  await one.exit(0);
  for (const id of ["t3", "t4"]) {
    const next = await place.puppets.enter(id);
    await next.finish(id);
  }
  expect(await run.ended).toMatchObject({ code: 0 });
  const { phases } = await place.manifest();
  expect(
    phases.flatMap(({ tasks }) => tasks.map(({ id, title, status }) => [id, title, status])),
  ).toEqual([
    ["t1", "Write the first file", "pr_open"],
    ["t3", "My third file", "pr_open"],
    ["t4", "Write the fourth file", "pr_open"],
  ]);

  const review = await place.succeed(["plan", "--review", "--json"]);
  expect(JSON.parse(review.stdout).tasks).toMatchObject([
    { task: "t1", issue: 1, missed: ["1.txt"] },
    { task: "t3", issue: 3, missed: ["t3.txt"] },
    { task: "t4", issue: 4, missed: ["t4.txt"] },
  ]);
  const again = await place.succeed(["plan"]);
  expect(again.stdout).toMatch(/^nothing has changed\n/);
});

async function writeIssue(
  place: Workplace,
  number: number,
  title: string,
  body: string,
  more = "labels: [low]",
): Promise<void> {
  const folder = join(place.folder, "issues");
  await mkdir(folder, { recursive: true });
  const text = `---\ntitle: ${title}\n${more}\n---\n${body}\n`;
  await writeFile(join(folder, `${number}.md`), text);
}
