import { existsSync, readdirSync } from "node:fs";
import { access, mkdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Repository, WorktreeOutcome } from "../../src/ports/repository.ts";
import { type GitLab, NASTY_FOLDER, openGitLab } from "../support/git-repository.ts";

let lab: GitLab;
let repository: Repository;

beforeEach(async () => {
  lab = await openGitLab(NASTY_FOLDER);
  repository = await lab.open();
});
afterEach(() => lab.close());

async function ready(outcome: Promise<WorktreeOutcome>) {
  const result = await outcome;
  if (result.kind !== "ready") throw new Error(JSON.stringify(result));
  return result;
}

const status = (path: string) => lab.git(["status", "--porcelain"], path);
const branches = () => lab.git(["branch", "--format=%(refname:short)"]);
const adminDir = (path: string) => lab.git(["rev-parse", "--absolute-git-dir"], path);
const preserved = () => lab.git(["for-each-ref", "--format=%(refname)", "refs/coppice/preserved"]);
const gone = (path: string) =>
  access(path).then(
    () => false,
    () => true,
  );

test("a worktree is checked out on its branch, locked in the task's name, and adopted the next time", async () => {
  const main = await lab.git(["rev-parse", "main"]);
  const spec = lab.spec("t1");
  expect(await repository.ensureWorktree(spec)).toEqual({
    kind: "ready",
    path: spec.path,
    forkPoint: main,
    from: "main",
    created: true,
  });
  expect(await readFile(join(spec.path, "src/a.txt"), "utf8")).toBe("a\n");
  expect(await status(spec.path)).toBe("");
  const list = await lab.git(["worktree", "list", "--porcelain"]);
  expect(list).toContain("branch refs/heads/fix/t1\nlocked coppice demo/t1");
  await writeFile(join(spec.path, "new.txt"), "work");
  expect(await ready(repository.ensureWorktree(spec))).toMatchObject({ created: false });
  expect(await readFile(join(spec.path, "new.txt"), "utf8")).toBe("work");
  expect(await lab.git(["config", "--local", "--list"])).not.toContain("branch.fix/t1");
});

test("origin's base counts, not a local one that lags or holds a person's own commits", async () => {
  await lab.git(["switch", "-q", "--detach"]);
  const pushed = await lab.commit({ "b.txt": "b" });
  await lab.git(["push", "-q", "origin", "HEAD:main"]);
  await lab.git(["switch", "-q", "main"]);
  await lab.commit({ "own.txt": "not for others" });
  expect(await ready(repository.ensureWorktree(lab.spec("t1")))).toMatchObject({
    forkPoint: pushed,
  });
});

test("a task that follows one parent starts from its newest commit", async () => {
  const parent = lab.spec("t1");
  await ready(repository.ensureWorktree(parent));
  const tip = await lab.commit({ "p.txt": "p" }, parent.path);
  const child = lab.spec("t2", { startFrom: ["fix/t1"] });
  expect(await ready(repository.ensureWorktree(child))).toMatchObject({ forkPoint: tip });
});

test("a branch that is there names the one that it began from, also where it would begin elsewhere by now", async () => {
  for (const id of ["t1", "t2"]) {
    await ready(repository.ensureWorktree(lab.spec(id)));
    await lab.commit({ [`${id}.txt`]: id }, lab.spec(id).path);
  }
  await ready(repository.ensureWorktree(lab.spec("t3", { startFrom: ["fix/t1"] })));
  const now = lab.spec("t3", { startFrom: ["main"], mayStandOn: ["fix/t2", "fix/t1", "gone"] });
  expect(await ready(repository.ensureWorktree(now))).toMatchObject({ from: "fix/t1" });
  const fresh = { ...now, taskId: "t4", branch: "fix/t4", path: `${now.path}-4` };
  expect(await ready(repository.ensureWorktree(fresh))).toMatchObject({ from: "main" });
});

test("several parents are merged, and a parent contained in another adds no merge", async () => {
  for (const id of ["t1", "t2"]) {
    await ready(repository.ensureWorktree(lab.spec(id)));
    await lab.commit({ [`${id}.txt`]: id }, lab.spec(id).path);
  }
  const both = lab.spec("t3", { startFrom: ["fix/t1", "fix/t2", "main"] });
  const { forkPoint } = await ready(repository.ensureWorktree(both));
  expect(await lab.git(["log", "-1", "--format=%P %an %s", forkPoint])).toBe(
    `${await lab.git(["rev-parse", "fix/t1", "fix/t2"])} Coppice Merge branch 'fix/t2'`.replace(
      "\n",
      " ",
    ),
  );
  expect(await readFile(join(both.path, "t1.txt"), "utf8")).toBe("t1");
  expect(await readFile(join(both.path, "t2.txt"), "utf8")).toBe("t2");
  const again = lab.spec("t4", { startFrom: ["fix/t3", "fix/t1"] });
  expect(await ready(repository.ensureWorktree(again))).toMatchObject({ forkPoint });
});

test("parents that do not merge are a conflict that names the files and leaves nothing", async () => {
  for (const id of ["t1", "t2"]) {
    await ready(repository.ensureWorktree(lab.spec(id)));
    await lab.commit({ "é b.txt": id, "src/a.txt": id }, lab.spec(id).path);
  }
  const both = lab.spec("t3", { startFrom: ["fix/t1", "fix/t2"] });
  expect(await repository.ensureWorktree(both)).toEqual({
    kind: "conflict",
    files: ["src/a.txt", "é b.txt"],
    branches: ["fix/t1", "fix/t2"],
  });
  expect(await branches()).not.toContain("fix/t3");
  expect(await gone(both.path)).toBe(true);
});

test("a branch, folder, worktree or start that is not ours is refused and stays as it is", async () => {
  await lab.git(["branch", "fix/mine"]);
  await lab.git(["worktree", "add", "-q", join(lab.folder, "work", "own"), "-b", "own"]);
  await mkdir(join(lab.folder, "work", "taken"), { recursive: true });
  await writeFile(join(lab.folder, "work", "taken", "file"), "precious");
  const other = await lab.open({ project: "other" });
  await ready(other.ensureWorktree(lab.spec("theirs")));
  for (const [spec, reason] of [
    [lab.spec("mine"), "was not made by Coppice"],
    [lab.spec("own"), "belongs to someone else"],
    [lab.spec("taken"), "exists and is no worktree"],
    [lab.spec("theirs"), 'belongs to "coppice other/theirs"'],
    [lab.spec("t1", { startFrom: ["nowhere"] }), "nowhere that t1 starts from does not exist"],
    [lab.spec("t1", { branch: "own" }), "the branch own exists"],
    [lab.spec("t1", { branch: "main/x" }), "cannot lock ref"],
    [lab.spec("t1", { path: join(lab.root, "inside") }), "inside the repository"],
  ] as const) {
    const outcome = await repository.ensureWorktree(spec);
    expect(outcome).toMatchObject({ kind: "refused", hint: expect.stringMatching(/\S/) });
    expect(outcome.kind === "refused" && outcome.reason).toContain(reason);
  }
  expect(await readFile(join(lab.folder, "work", "taken", "file"), "utf8")).toBe("precious");
  expect((await branches()).split("\n").sort()).toEqual(["fix/mine", "fix/theirs", "main", "own"]);
});

test("a branch that only origin has is refused, until origin has it no more", async () => {
  await lab.git(["push", "-q", "origin", "main:fix/t1"]);
  await lab.git(["fetch", "-q"]);
  expect(await repository.ensureWorktree(lab.spec("t1"))).toMatchObject({
    kind: "refused",
    reason: "the branch fix/t1 exists on origin and not here",
  });
  await lab.git(["branch", "-D", "fix/t1"], lab.origin);
  await ready(repository.ensureWorktree(lab.spec("t1")));
});

test("the same task in another folder is refused as long as the first folder is there", async () => {
  await ready(repository.ensureWorktree(lab.spec("t1")));
  const moved = lab.spec("t1", { path: join(lab.folder, "elsewhere", "t1") });
  expect(await repository.ensureWorktree(moved)).toMatchObject({ kind: "refused" });
  await rm(lab.spec("t1").path, { recursive: true });
  await ready(repository.ensureWorktree(moved));
});

test("an agent that left its branch, or is in the midst of a rebase, may go on where it is", async () => {
  const spec = lab.spec("t1");
  const { forkPoint } = await ready(repository.ensureWorktree(spec));
  await lab.git(["switch", "-q", "-c", "elsewhere"], spec.path);
  expect(await ready(repository.ensureWorktree(spec))).toMatchObject({ created: false, forkPoint });
  await lab.git(["switch", "-q", "--detach"], spec.path);
  expect(await ready(repository.ensureWorktree(spec))).toMatchObject({ created: false, forkPoint });
});

test("a task that was given another branch by hand does not begin on the old one", async () => {
  await ready(repository.ensureWorktree(lab.spec("t1")));
  expect(await repository.ensureWorktree(lab.spec("t1", { branch: "fix/new" }))).toMatchObject({
    kind: "refused",
    reason: expect.stringContaining("does not stand on fix/new"),
  });
});

test("a folder that became a repository of its own is refused, a lost .git link is mended", async () => {
  const spec = lab.spec("t1");
  await ready(repository.ensureWorktree(spec));
  await writeFile(join(spec.path, "work.txt"), "work");
  await rm(join(spec.path, ".git"));
  expect(await ready(repository.ensureWorktree(spec))).toMatchObject({ created: false });
  expect(await status(spec.path)).toBe("?? work.txt");
  await rm(join(spec.path, ".git"));
  await lab.git(["init", "-q"], spec.path);
  expect(await repository.ensureWorktree(spec)).toMatchObject({ kind: "refused" });
});

test("a half-made worktree is made whole, whatever the killed call had done", async () => {
  const spec = lab.spec("t1");
  await ready(repository.ensureWorktree(spec));
  const admin = await adminDir(spec.path);
  const damages: readonly (() => Promise<unknown>)[] = [
    () => Promise.all(["index", "coppice-ready"].map((name) => rm(join(admin, name)))),
    async () => {
      await rm(join(admin, "coppice-ready"));
      await rm(join(spec.path, "src"), { recursive: true });
      await writeFile(join(admin, "index.lock"), "");
    },
    async () => {
      await rm(spec.path, { recursive: true });
      await rm(join(admin, "HEAD"));
    },
    async () => {
      await rm(spec.path, { recursive: true });
      await Promise.all(["gitdir", "commondir"].map((name) => rm(join(admin, name))));
    },
    () => rm(spec.path, { recursive: true }),
    async () => {
      await rm(spec.path, { recursive: true });
      await rm(admin, { recursive: true });
    },
  ];
  for (const damage of damages) {
    await damage();
    expect(await ready(repository.ensureWorktree(spec))).toMatchObject({ created: true });
    expect(await status(spec.path)).toBe("");
    expect(await adminDir(spec.path)).toBe(admin);
  }
  expect(await preserved()).toBe("");
});

test("a lock of the index is taken away once it is old and nobody is there", async () => {
  const spec = lab.spec("t1");
  await ready(repository.ensureWorktree(spec));
  const lock = join(await adminDir(spec.path), "index.lock");
  await writeFile(lock, "");
  await ready(repository.ensureWorktree(spec));
  expect(await gone(lock)).toBe(false);
  await utimes(lock, 0, 0);
  await ready(repository.ensureWorktree(spec));
  expect(await gone(lock)).toBe(true);
});

test("work found in a half-made worktree is preserved before it is made whole", async () => {
  const spec = lab.spec("t1");
  await ready(repository.ensureWorktree(spec));
  await rm(join(await adminDir(spec.path), "coppice-ready"));
  await writeFile(join(spec.path, "src/a.txt"), "changed");
  await ready(repository.ensureWorktree(spec));
  expect(await readFile(join(spec.path, "src/a.txt"), "utf8")).toBe("a\n");
  expect(await lab.git(["show", "refs/coppice/preserved/t1/1:src/a.txt"])).toBe("changed");
});

test("a detached commit survives the loss of its folder", async () => {
  const spec = lab.spec("t1");
  await ready(repository.ensureWorktree(spec));
  await lab.git(["switch", "-q", "--detach"], spec.path);
  const lone = await lab.commit({ "lone.txt": "lone" }, spec.path);
  await rm(spec.path, { recursive: true });
  await ready(repository.ensureWorktree(spec));
  expect(await lab.git(["rev-parse", "refs/coppice/preserved/t1/1"])).toBe(lone);
});

test("ignored files are copied once, with folders that a glob names", async () => {
  await mkdir(join(lab.root, "secrets/deep"), { recursive: true });
  await mkdir(join(lab.root, "sub"));
  const files = [".env", ".env.local", "sub/.env", "secrets/deep/key", "secrets/other"];
  for (const file of files) await writeFile(join(lab.root, file), file, { mode: 0o600 });
  const spec = lab.spec("t1", { copyFiles: ["**/.env", "secrets/deep", "none.txt", "README.md"] });
  await ready(repository.ensureWorktree(spec));
  expect(await readFile(join(spec.path, ".env"), "utf8")).toBe(".env");
  expect(await readFile(join(spec.path, "sub/.env"), "utf8")).toBe("sub/.env");
  expect(await readFile(join(spec.path, "secrets/deep/key"), "utf8")).toBe("secrets/deep/key");
  expect(await gone(join(spec.path, ".env.local"))).toBe(true);
  expect(await gone(join(spec.path, "secrets/other"))).toBe(true);
  expect(await status(spec.path)).toBe("");
  await writeFile(join(spec.path, ".env"), "the agent's");
  await ready(repository.ensureWorktree(spec));
  expect(await readFile(join(spec.path, ".env"), "utf8")).toBe("the agent's");
});

test("a file that an agent could commit is not copied", async () => {
  await writeFile(join(lab.root, "token.txt"), "secret");
  const spec = lab.spec("t1", { copyFiles: ["token.txt"] });
  const outcome = await repository.ensureWorktree(spec);
  expect(outcome).toMatchObject({ kind: "refused", hint: expect.stringContaining("info/exclude") });
  expect(await gone(join(spec.path, "token.txt"))).toBe(true);
  await writeFile(join(lab.root, ".git/info/exclude"), "token.txt\n");
  await ready(repository.ensureWorktree(spec));
  expect(await readFile(join(spec.path, "token.txt"), "utf8")).toBe("secret");
});

test("a copy never leaves checkout or worktree through a symbolic link", async () => {
  await writeFile(join(lab.folder, "outside"), "outside");
  await symlink(join(lab.folder, "outside"), join(lab.root, ".env"));
  expect(await repository.ensureWorktree(lab.spec("t1", { copyFiles: [".env"] }))).toMatchObject({
    kind: "refused",
    reason: expect.stringContaining("leaves the repository"),
  });
  await rm(join(lab.root, ".env"));
  await symlink("..", join(lab.root, "way"));
  await lab.commit({ "x.txt": "x" });
  await lab.git(["push", "-q", "origin", "main"]);
  await rm(join(lab.root, "way"));
  await mkdir(join(lab.root, "way"));
  await writeFile(join(lab.root, "way/.env"), "secret");
  expect(
    await repository.ensureWorktree(lab.spec("t2", { copyFiles: ["way/.env"] })),
  ).toMatchObject({ kind: "refused" });
  expect(await gone(join(lab.folder, "work", ".env"))).toBe(true);
});

test("hooks and monitors that the repository's configuration names do not run", async () => {
  const sprung = join(dirname(lab.folder), "sprung");
  const hooks = join(dirname(lab.folder), "hooks");
  await mkdir(hooks);
  const hook = `#!/bin/sh\ntouch ${sprung}\n`;
  await writeFile(join(hooks, "post-checkout"), hook, { mode: 0o755 });
  await lab.git(["config", "core.hooksPath", hooks]);
  await lab.git(["config", "core.fsmonitor", `touch ${sprung}; false`]);
  await lab.git(["status"]);
  expect(await gone(sprung)).toBe(false);
  await rm(sprung);
  const spec = lab.spec("t1");
  await ready(repository.ensureWorktree(spec));
  await repository.probe({ taskId: "t1", branch: "fix/t1", worktree: spec.path, ignore: [] });
  await repository.removeWorktree({ taskId: "t1", branch: "fix/t1", worktree: spec.path });
  expect(await gone(sprung)).toBe(true);
});

test.skipIf(!existsSync("/proc/self/fd"))(
  "hundreds of worktrees are looked at with few files open",
  async () => {
    const entries = join(lab.root, ".git/worktrees");
    for (let index = 0; index < 200; index += 1) {
      const folder = join(entries, `other${index}`);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "gitdir"), `/nowhere/other${index}/.git\n`);
      await writeFile(join(folder, "HEAD"), "ref: refs/heads/main\n");
      await writeFile(join(folder, "commondir"), "../..\n");
      await writeFile(join(folder, "locked"), "");
    }
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    let most = before;
    const sampling = setInterval(() => (most = Math.max(most, open())), 1);
    const made = Promise.all(
      ["t1", "t2", "t3", "t4"].map((id) => repository.ensureWorktree(lab.spec(id))),
    );
    await made.finally(() => clearInterval(sampling));
    expect(most).toBeGreaterThan(before);
    expect(most - before).toBeLessThan(150);
  },
);
