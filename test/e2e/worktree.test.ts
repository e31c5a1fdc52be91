import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { puppet, test, WORKER } from "../support/workplace.ts";

test.concurrent("setup runs once in the fresh worktree, with the ignored files that are copied there", async ({
  place,
}) => {
  await writeFile(join(place.lab.root, ".env"), "PORT=4000\n");
  const setup = 'cp .env .env.seen && echo once >>"$COPPICE_TASK_DIR/setups"';
  const policy = { backoffSeconds: 0.1 };
  await place.plan({ command: puppet(place), setup, copyFiles: [".env"], policy }, [{ id: "t1" }]);
  const run = place.start(["run"]);
  const first = await place.puppets.enter("t1");
  expect(await readFile(join(first.hello.cwd, ".env.seen"), "utf8")).toBe("PORT=4000\n");
  await first.exit(1);
  const second = await place.puppets.enter("t1");
  await second.finish("t1");
  expect(await run.ended).toMatchObject({ code: 0 });
  const setups = join(place.workdir, "tasks/t1/setups");
  expect(await readFile(setups, "utf8")).toBe("once\n");
  const pushed = await place.lab.git(["ls-tree", "--name-only", "fix/t1"], place.lab.origin);
  expect(pushed).not.toContain(".env");
});

test.concurrent("a file to copy that git does not ignore is refused before anything starts, with the remedy", async ({
  place,
}) => {
  await writeFile(join(place.lab.root, "secret.txt"), "s3cret\n");
  await place.plan({ copyFiles: ["secret.txt"] }, [{ id: "t1" }]);
  const run = await place.coppice(["run"]);
  expect(run.code).toBe(4);
  const { status, error, attempts } = await place.task("t1");
  expect({ status, attempts }).toEqual({ status: "error", attempts: undefined });
  expect(error).toMatch(/git does not ignore secret\.txt.*Add it to .*\.gitignore/);
  expect(await place.sessions()).toEqual([]);
});

test.concurrent("a setup that fails is told with its exit code, and no agent starts in its place", async ({
  place,
}) => {
  const policy = { backoffSeconds: 0.1, attemptsMax: 1 };
  await place.plan({ command: puppet(place), setup: "echo no network; exit 7", policy }, [
    { id: "t1" },
  ]);
  expect(await place.coppice(["run"])).toMatchObject({ code: 4 });
  expect(await place.task("t1")).toMatchObject({
    status: "error",
    error: expect.stringMatching(/setup command failed \(exit code 7\)/),
  });
  expect((await place.succeed(["logs", "t1"])).stdout).toContain("no network");
});

test.concurrent("work that fails its verify command is not delivered; the next attempt is told why and mends it", async ({
  place,
}) => {
  const policy = { backoffSeconds: 0.1 };
  const verify = "echo checking; grep -q right t1.txt";
  await place.plan({ command: puppet(place), verify, policy }, [{ id: "t1" }]);
  const run = place.start(["run"]);
  const first = await place.puppets.enter("t1");
  await first.commit("t1.txt", "wrong\n", "Try");
  await first.exit(0);
  const second = await place.puppets.enter("t1");
  expect(await place.pullRequests()).toEqual([]);
  const prompt = await readFile(second.hello.argv[0] ?? "", "utf8");
  expect(prompt).toMatch(/verify command failed with exit code 1/);
  expect(prompt).toContain("checking");
  await second.commit("t1.txt", "right\n", "Mend");
  await second.exit(0);
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(await place.delivered("fix/t1")).toEqual(["Mend", "Try"]);
  const [record] = await place.pullRequests();
  expect(record?.body).toMatch(/\[x\].*grep -q right t1\.txt/);
});

test.concurrent("files that an agent leaves uncommitted are no finished work", async ({
  place,
}) => {
  const untidy = [...WORKER.slice(0, 2), `${WORKER[2]} && touch "left-$COPPICE_ATTEMPT.txt"`];
  const policy = { backoffSeconds: 0.1, attemptsMax: 1 };
  await place.plan({ command: untidy, policy }, [{ id: "t1" }]);
  expect(await place.coppice(["run"])).toMatchObject({ code: 4 });
  expect(await place.task("t1")).toMatchObject({
    status: "error",
    error: expect.stringMatching(/uncommitted files \(left-1\.txt\)/),
  });
  expect(await place.pullRequests()).toEqual([]);
});
