import { access, chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLocks } from "../../src/adapters/fs/locks.ts";
import { cloneRepository } from "../../src/adapters/git/clone.ts";
import { openRepository } from "../../src/adapters/git/repository.ts";
import type { GitFact } from "../../src/classify/evidence.ts";
import type { Repository } from "../../src/ports/repository.ts";
import { type GitLab, NASTY_FOLDER, openGitLab } from "../support/git-repository.ts";

let lab: GitLab;
let repository: Repository;
let worktree: string;
let forkPoint: string;

beforeEach(async () => {
  lab = await openGitLab(NASTY_FOLDER);
  repository = await lab.open();
  worktree = lab.spec("t1").path;
  const outcome = await repository.ensureWorktree(lab.spec("t1"));
  if (outcome.kind !== "ready") throw new Error(outcome.kind);
  forkPoint = outcome.forkPoint;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await lab.close();
});

const task = (taskId = "t1") => ({
  taskId,
  branch: `fix/${taskId}`,
  worktree: lab.spec(taskId).path,
});
const push = (sha: string, branch = "fix/t1") => repository.push({ branch, sha, base: "main" });
const onOrigin = (branch: string) =>
  lab.git(["for-each-ref", "--format=%(objectname)", `refs/heads/${branch}`], lab.origin);
const preserved = (name: string) => lab.git(["rev-parse", `refs/coppice/preserved/t1/${name}`]);
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function facts(ignore: readonly string[] = []): Promise<GitFact> {
  const probe = await repository.probe({ ...task(), ignore });
  if (probe.kind === "unknown" || probe.value === null) throw new Error(JSON.stringify(probe));
  return probe.value;
}

test("a probe tells commits, changed and untracked files, and nothing of what is ignored", async () => {
  expect(await facts()).toMatchObject({
    branch: "fix/t1",
    headSha: forkPoint,
    forkPoint,
    worktreeReady: true,
    commitsAhead: 0,
    dirtyFiles: [],
    remoteSha: null,
  });
  const head = await lab.commit({ "done.txt": "done" }, worktree);
  await writeFile(join(worktree, "new é\nfile"), "");
  await writeFile(join(worktree, ".env"), "");
  await writeFile(join(worktree, "log.txt"), "");
  await lab.git(["mv", "src/a.txt", "src/b b.txt"], worktree);
  const fact = await facts(["*.txt"]);
  expect(fact).toMatchObject({ headSha: head, commitsAhead: 1 });
  expect(new Set(fact.dirtyFiles)).toEqual(new Set(["new é\nfile", "src/b b.txt"]));
  expect(new Set(fact.touched)).toEqual(new Set(["done.txt", "new é\nfile", "src/b b.txt"]));
  expect(fact.lastCommitAtMs).toBe(
    Number(await lab.git(["log", "-1", "--format=%ct"], worktree)) * 1000,
  );
});

test("commits that came in from the base are not the task's own", async () => {
  await lab.commit({ "base.txt": "base" });
  await lab.git(["push", "-q", "origin", "main"]);
  await repository.fetch();
  await lab.git(["merge", "-q", "--ff-only", "origin/main"], worktree);
  expect(await facts()).toMatchObject({ commitsAhead: 0, forkPoint, touched: [] });
  await lab.commit({ "own.txt": "own" }, worktree);
  await lab.commit({ "base.txt": "base again" });
  await lab.git(["push", "-q", "origin", "main"]);
  await repository.fetch();
  const identity = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"];
  await lab.git([...identity, "merge", "-q", "--no-edit", "origin/main"], worktree);
  expect(await facts()).toMatchObject({ commitsAhead: 2, touched: ["own.txt"] });
});

test("a worktree that does not rest on its branch is astray, and says how", async () => {
  const identity = ["-c", "user.name=A", "-c", "user.email=a@invalid"];
  const inWorktree = (...args: string[]) => lab.git([...identity, ...args], worktree);
  const astray = async () => {
    const { worktreeReady, astray } = await facts();
    return worktreeReady ? astray : "not ready";
  };
  expect(await astray()).toBeNull();
  await inWorktree("switch", "-q", "-c", "other");
  expect(await astray()).toEqual({ kind: "elsewhere", branch: "other" });
  const theirs = await lab.commit({ "src/a.txt": "theirs" }, worktree);
  await inWorktree("switch", "-q", "--detach");
  expect(await astray()).toEqual({ kind: "elsewhere", branch: null });
  await inWorktree("switch", "-q", "fix/t1");
  await lab.commit({ "src/a.txt": "ours" }, worktree);
  const midst = {
    merge: ["merge", theirs],
    rebase: ["rebase", theirs],
    "cherry-pick": ["cherry-pick", theirs],
  };
  for (const [of, args] of Object.entries(midst)) {
    await expect(inWorktree(...args)).rejects.toThrow();
    expect(await astray()).toEqual({ kind: "midst", of });
    await inWorktree(of, "--abort");
  }
  expect(await astray()).toBeNull();
  // Settled as it was, a merge leaves nothing that git status tells.
  await expect(inWorktree("merge", theirs)).rejects.toThrow();
  await inWorktree("checkout", "--ours", "src/a.txt");
  await inWorktree("add", "src/a.txt");
  expect(await facts()).toMatchObject({ dirtyFiles: [], astray: { kind: "midst", of: "merge" } });
});

test("a worktree that is gone or foreign is not ready", async () => {
  await rm(join(worktree, ".git"));
  await lab.git(["init", "-q", "-b", "fix/t1"], worktree);
  expect(await facts()).toMatchObject({ worktreeReady: false, headSha: forkPoint });
  await rm(worktree, { recursive: true });
  expect(await facts()).toMatchObject({ worktreeReady: false, headSha: forkPoint });
});

test("a probe looks at the task's files, wherever an agent's settings would lead git", async () => {
  await writeFile(join(worktree, "new.txt"), "");
  await lab.git(["config", "extensions.worktreeConfig", "true"]);
  await lab.git(["config", "--worktree", "core.worktree", lab.folder], worktree);
  expect(await facts()).toMatchObject({ worktreeReady: true, dirtyFiles: ["new.txt"] });
});

test("no branch is known to be none; a repository that cannot be asked is unknown", async () => {
  expect(await repository.probe({ ...task("none"), ignore: [] })).toEqual({
    kind: "known",
    value: null,
  });
  await writeFile(join(lab.root, ".git/config"), "[broken");
  expect((await repository.probe({ ...task(), ignore: [] })).kind).toBe("unknown");
});

test("a push arrives once, is found there the second time, and the tracking branch is true", async () => {
  const sha = await lab.commit({ "done.txt": "done" }, worktree);
  expect(await push(sha)).toEqual({ kind: "pushed", sha });
  expect(await onOrigin("fix/t1")).toBe(sha);
  expect(await push(sha)).toEqual({ kind: "up-to-date", sha });
  expect(await facts()).toMatchObject({ remoteSha: sha });
  expect(await lab.git(["config", "--list", "--local"])).not.toContain("branch.fix/t1");
});

test("a commit that a reviewer has built upon is up to date; another history is rejected", async () => {
  const sha = await lab.commit({ "done.txt": "done" }, worktree);
  await push(sha);
  const reviewer = join(lab.folder, "reviewer");
  await lab.git(["clone", "-q", "-b", "fix/t1", lab.origin, reviewer], lab.folder);
  await lab.commit({ "review.txt": "better" }, reviewer);
  await lab.git(["push", "-q", "origin", "fix/t1"], reviewer);
  await repository.fetch();
  expect(await push(sha)).toEqual({ kind: "up-to-date", sha });
  const other = await lab.commit({ "other.txt": "other" }, worktree);
  expect(await push(other)).toMatchObject({
    kind: "rejected",
    reason: expect.stringMatching(/non-fast-forward|fetch first/),
  });
});

test("a push to a base, of a foreign commit, or without origin is rejected before it is tried", async () => {
  const sha = await lab.commit({ "done.txt": "done" }, worktree);
  expect(await repository.push({ branch: "main", sha, base: "release" })).toMatchObject({
    kind: "rejected",
    reason: expect.stringContaining("base branch"),
  });
  expect(await repository.push({ branch: "fix/t1", sha, base: "fix/t1" })).toMatchObject({
    kind: "rejected",
  });
  const foreign = await lab.commit({ "foreign.txt": "" });
  for (const wrong of [foreign, "HEAD", "0".repeat(40), "--force"]) {
    expect(await push(wrong)).toMatchObject({
      kind: "rejected",
      reason: expect.stringContaining("is no commit of the branch"),
    });
  }
  await lab.git(["remote", "remove", "origin"]);
  repository = await lab.open();
  expect(await push(sha)).toMatchObject({ kind: "rejected" });
  expect(await onOrigin("fix/t1")).toBe("");
});

test("a hook of origin that says no is quoted; an origin that is not there is asked again later", async () => {
  const sha = await lab.commit({ "done.txt": "done" }, worktree);
  const hook = join(lab.origin, "hooks/pre-receive");
  await mkdir(join(lab.origin, "hooks"), { recursive: true });
  await writeFile(hook, "#!/bin/sh\necho 'no secrets, please' >&2\nexit 1\n");
  await chmod(hook, 0o755);
  expect(await push(sha)).toMatchObject({
    kind: "rejected",
    reason: expect.stringMatching(/pre-receive hook declined.*no secrets, please/),
  });
  await rm(lab.origin, { recursive: true });
  expect(await push(sha)).toMatchObject({ kind: "failed" });
  expect(await repository.fetch()).toMatchObject({ kind: "failed" });
});

test("an agent that redirects pushes in the shared configuration redirects nothing", async () => {
  const trap = join(lab.folder, "trap.git");
  await lab.git(["init", "-q", "--bare", trap], lab.folder);
  await lab.git(["config", `url.${trap}.pushInsteadOf`, lab.origin], worktree);
  await lab.git(["config", "remote.origin.pushurl", trap], worktree);
  const sha = await lab.commit({ "done.txt": "done" }, worktree);
  expect(await push(sha)).toEqual({ kind: "pushed", sha });
  expect(await onOrigin("fix/t1")).toBe(sha);
  expect(await lab.git(["for-each-ref"], trap)).toBe("");
  expect(await exists(join(lab.root, ".git/coppice"))).toBe(true);
});

test("what a push that was killed left is taken away when it is old, and not before", async () => {
  const rooms = join(lab.root, ".git/coppice");
  const [old, fresh] = [join(rooms, "remote-old"), join(rooms, "remote-fresh")];
  for (const room of [old, fresh]) await mkdir(join(room, "refs"), { recursive: true });
  await utimes(old, 0, 0);
  const head = await lab.commit({ "done.txt": "done" }, worktree);
  expect(await push(head)).toMatchObject({ kind: "pushed" });
  expect((await readdir(rooms)).filter((name) => name.startsWith("remote-"))).toEqual([
    "remote-fresh",
  ]);
});

test("files in Git LFS are uploaded as its own hook would, and their lack is said", async () => {
  const log = join(lab.folder, "lfs.log");
  const bin = join(dirname(lab.folder), "bin");
  const sha = await lab.commit({ ".gitattributes": "*.bin filter=lfs\n" }, worktree);
  expect(await push(sha)).toMatchObject({
    kind: "failed",
    reason: expect.stringContaining("lfs"),
  });
  expect(await onOrigin("fix/t1")).toBe("");
  await mkdir(bin);
  const program = `#!/bin/sh\n{ printf '%s\\n' "$@"; cat; } > "$LFS_LOG"\n`;
  await writeFile(join(bin, "git-lfs"), program, { mode: 0o755 });
  const { PATH: path } = process.env;
  vi.stubEnv("PATH", `${bin}${delimiter}${path}`);
  vi.stubEnv("LFS_LOG", log);
  expect(await push(sha)).toEqual({ kind: "pushed", sha });
  const line = `${sha} ${sha} refs/heads/fix/t1 ${"0".repeat(40)}`;
  expect(await readFile(log, "utf8")).toBe(`pre-push\n${lab.origin}\n${lab.origin}\n${line}\n`);
});

test("variables that point git elsewhere are not the adapter's", async () => {
  vi.stubEnv("GIT_DIR", join(lab.folder, "nowhere"));
  vi.stubEnv("GIT_INDEX_FILE", join(lab.folder, "no-index"));
  vi.stubEnv("GIT_WORK_TREE", lab.folder);
  expect(await facts()).toMatchObject({ worktreeReady: true, dirtyFiles: [] });
  expect((await repository.summary(forkPoint, forkPoint)).commits).toEqual([]);
});

test("everything unpushed and uncommitted is preserved once, and the worktree stays as it is", async () => {
  const sha = await lab.commit({ "done.txt": "done" }, worktree);
  await writeFile(join(worktree, "src/a.txt"), "changed");
  await mkdir(join(worktree, "new"));
  await writeFile(join(worktree, "new/file"), "new");
  await rm(join(worktree, "README.md"));
  const before = await lab.git(["status", "--porcelain"], worktree);
  expect(await repository.preserve(task())).toEqual([
    "refs/coppice/preserved/t1/1",
    "refs/coppice/preserved/t1/2",
  ]);
  expect(await preserved("1")).toBe(sha);
  expect(await lab.git(["show", "refs/coppice/preserved/t1/2:new/file"])).toBe("new");
  expect(await lab.git(["show", "refs/coppice/preserved/t1/2:src/a.txt"])).toBe("changed");
  expect(await preserved("2^")).toBe(sha);
  expect(await lab.git(["status", "--porcelain"], worktree)).toBe(before);
  expect(await repository.preserve(task())).toEqual([]);
  await writeFile(join(worktree, "new/file"), "newer");
  expect(await repository.preserve(task())).toEqual(["refs/coppice/preserved/t1/3"]);
});

test("what is pushed, in the base or only deleted needs no saving", async () => {
  await rm(join(worktree, "README.md"));
  expect(await repository.preserve(task())).toEqual([]);
  await lab.git(["restore", "."], worktree);
  await push(await lab.commit({ "done.txt": "done" }, worktree));
  expect(await repository.preserve(task())).toEqual([]);
});

test("removal saves first, then takes worktree, branch and fork point, and nothing else", async () => {
  await lab.git(["worktree", "add", "-q", join(lab.folder, "own"), "-b", "own"]);
  await repository.ensureWorktree(lab.spec("t2"));
  const sha = await lab.commit({ "done.txt": "done" }, worktree);
  await writeFile(join(worktree, "left.txt"), "left");
  expect(await repository.removeWorktree(task())).toEqual({ kind: "removed" });
  expect(await exists(worktree)).toBe(false);
  expect(await preserved("1")).toBe(sha);
  expect(await lab.git(["show", "refs/coppice/preserved/t1/2:left.txt"])).toBe("left");
  expect((await lab.git(["branch", "--format=%(refname:short)"])).split("\n")).toEqual([
    "fix/t2",
    "main",
    "own",
  ]);
  expect(await lab.git(["for-each-ref", "refs/coppice/fork", "--format=%(refname)"])).toBe(
    "refs/coppice/fork/fix/t2",
  );
  expect((await lab.git(["worktree", "list"])).split("\n")).toHaveLength(3);
  expect(await repository.removeWorktree(task())).toEqual({ kind: "removed" });
  const again = await repository.ensureWorktree(lab.spec("t1"));
  expect(again).toMatchObject({ kind: "ready", created: true });
});

test("removal of a worktree whose folder is gone, or that a killed removal left, comes to an end", async () => {
  await rm(worktree, { recursive: true });
  await mkdir(`${worktree}.removed-x/deep`, { recursive: true });
  expect(await repository.removeWorktree(task())).toEqual({ kind: "removed" });
  expect(await exists(`${worktree}.removed-x`)).toBe(false);
  expect((await lab.git(["worktree", "list"])).split("\n")).toHaveLength(1);
});

test("what is not ours, or holds another repository, is never removed", async () => {
  const own = join(lab.folder, "own");
  await lab.git(["worktree", "add", "-q", own, "-b", "own"]);
  for (const [foreign, reason] of [
    [{ ...task(), worktree: own }, "belongs to someone else"],
    [{ taskId: "t9", branch: "own", worktree: join(lab.folder, "none") }, "not made by Coppice"],
    [{ taskId: "t9", branch: "main", worktree: join(lab.folder, "none") }, "not made by Coppice"],
  ] as const) {
    const outcome = await repository.removeWorktree(foreign);
    expect(outcome).toMatchObject({ kind: "refused", reason: expect.stringContaining(reason) });
  }
  await lab.git(["init", "-q", join(worktree, "nested")], worktree);
  await lab.commit({ a: "a" }, join(worktree, "nested"));
  expect(await repository.removeWorktree(task())).toMatchObject({
    kind: "refused",
    reason: expect.stringContaining("nested"),
  });
  await rm(join(worktree, "nested"), { recursive: true });
  await rm(join(worktree, ".git"));
  await lab.git(["init", "-q"], worktree);
  expect(await repository.removeWorktree(task())).toMatchObject({ kind: "refused" });
  expect(await exists(own)).toBe(true);
  expect(await exists(worktree)).toBe(true);
});

test("a branch that a person has checked out is not deleted", async () => {
  await lab.git(["switch", "-q", "--detach"], worktree);
  await lab.git(["switch", "-q", "fix/t1"]);
  const outcome = await repository.removeWorktree(task());
  expect(outcome).toMatchObject({ kind: "refused" });
  expect(await lab.git(["branch", "--show-current"])).toBe("fix/t1");
});

test("a summary names commits from the oldest on, and files with their exact line counts", async () => {
  await lab.commit({ "src/a.txt": "a\nb\n" }, worktree);
  const head = await lab.commit({ "new 'é' file": "x\n".repeat(300) }, worktree);
  const summary = await repository.summary(head, forkPoint);
  expect(summary.headSha).toBe(head);
  expect(summary.commits.map(({ subject }) => subject)).toEqual(["src/a.txt", "new 'é' file"]);
  expect(summary.files).toEqual([
    { path: "new 'é' file", added: 300, removed: 0 },
    { path: "src/a.txt", added: 1, removed: 0 },
  ]);
});

test("a summary leaves out what came in from the base by a merge", async () => {
  await lab.commit({ "mine.txt": "a\n" }, worktree);
  await lab.commit({ "theirs.txt": "b\n" });
  await lab.git(["push", "-q", "origin", "main"]);
  const author = ["-c", "user.name=A Person", "-c", "user.email=person@example.com"];
  await lab.git([...author, "merge", "-q", "-m", "Merge main", "main"], worktree);
  const head = await lab.git(["rev-parse", "HEAD"], worktree);
  const summary = await repository.summary(head, forkPoint);
  expect(summary.commits.map(({ subject }) => subject)).toEqual(["mine.txt", "Merge main"]);
  expect(summary.files).toEqual([{ path: "mine.txt", added: 1, removed: 0 }]);
});

test("a branch is contained once its commits are in the base of origin", async () => {
  const sha = await lab.commit({ "done.txt": "done" }, worktree);
  expect(await repository.isContained("fix/t1", "main")).toEqual({ kind: "known", value: false });
  await lab.git(["push", "-q", "origin", `${sha}:main`]);
  await repository.fetch();
  expect(await repository.isContained("fix/t1", "main")).toEqual({ kind: "known", value: true });
  expect((await repository.isContained("none", "main")).kind).toBe("unknown");
});

test("the base is the one asked for, else origin's default, else the current branch", async () => {
  expect(await repository.baseBranch(undefined)).toBe("main");
  await lab.git(["branch", "release"]);
  expect(await repository.baseBranch("release")).toBe("release");
  await lab.git(["push", "-q", "origin", "release:trunk"]);
  await lab.git(["fetch", "-q"]);
  await lab.git(["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
  expect(await (await lab.open()).baseBranch(undefined)).toBe("trunk");
  await expect(repository.baseBranch("none")).rejects.toMatchObject({
    code: "no-base-branch",
    kind: "input",
  });
});

test("files are listed as the base has them", async () => {
  await lab.commit({ "local.txt": "" });
  expect(await repository.listFiles("main")).toEqual([".gitignore", "README.md", "src/a.txt"]);
  await expect(repository.listFiles("--all")).rejects.toMatchObject({ code: "no-such-commit" });
});

test("the identity is the person's, or none, and no agent's: it is read before any starts", async () => {
  expect(await repository.commitIdentity()).toBeNull();
  await lab.git(["config", "user.name", "A Person"]);
  await lab.git(["config", "user.email", "person@example.com"]);
  expect(await repository.commitIdentity()).toBeNull();
  expect(await (await lab.open()).commitIdentity()).toEqual({
    name: "A Person",
    email: "person@example.com",
  });
});

test("the URL of origin is told without credentials", async () => {
  await lab.git(["remote", "set-url", "origin", "https://me:secret@example.com/o/r.git"]);
  expect(await (await lab.open()).remoteUrl()).toBe("https://example.com/o/r.git");
});

test("a folder that is no checkout is an error of the person's, with a remedy", async () => {
  const open = (root: string) => openRepository({ root, project: "demo", locks: createLocks() });
  for (const root of [lab.folder, lab.origin]) {
    await expect(open(root)).rejects.toMatchObject({ code: "not-a-repository", kind: "input" });
  }
});

test("a clone appears whole, is kept the second time, and never carries a password", async () => {
  const dir = join(lab.folder, "clones", "one");
  await cloneRepository(lab.origin, dir);
  await writeFile(join(dir, "mine.txt"), "mine");
  await cloneRepository(lab.origin, dir);
  expect(await readFile(join(dir, "mine.txt"), "utf8")).toBe("mine");
  await expect(cloneRepository("https://me:pw@example.com/r", `${dir}2`)).rejects.toMatchObject({
    code: "url-refused",
    message: expect.not.stringContaining("pw"),
  });
  await expect(cloneRepository("--upload-pack=x", `${dir}2`)).rejects.toMatchObject({
    code: "url-refused",
  });
  await expect(cloneRepository(join(lab.folder, "none"), `${dir}2`)).rejects.toMatchObject({
    code: "clone-failed",
    kind: "machine",
  });
  await expect(cloneRepository(lab.origin, lab.root)).resolves.toBeUndefined();
  await expect(cloneRepository(lab.origin, lab.folder)).rejects.toMatchObject({
    code: "folder-taken",
  });
});
