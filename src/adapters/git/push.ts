import { randomUUID } from "node:crypto";
import { access, mkdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { known, type Probe, unknown } from "../../classify/evidence.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { whyUnknown } from "../../manifest/machine-trouble.ts";
import type { PushOutcome, Repository } from "../../ports/repository.ts";
import type { ExecResult } from "../exec.ts";
import { effect } from "../fault-point.ts";
import type { Checkout } from "./checkout.ts";
import { type GitOptions, git, gitTest, gitText, reasonOf } from "./command.ts";
import { namesIn } from "./worktree-entry.ts";

type PushRequest = Parameters<Repository["push"]>[0];

const PUSH_TIMEOUT_MS = 120_000;
const LARGE_FILES_TIMEOUT_MS = 600_000;
const ASK_TIMEOUT_MS = 30_000;
/** Longer than any command that may be at work in a room. */
const ROOM_AGE_MAX_MS = 3_600_000;

/** Pushes one commit to one branch of `origin`, never forced; what `origin` has afterwards decides, not what git said. */
export async function pushCommit(checkout: Checkout, push: PushRequest): Promise<PushOutcome> {
  const objection = await objectionTo(checkout, push);
  if (objection !== null) return { kind: "rejected", reason: objection };
  const url = checkout.pushUrl ?? "";
  const refspec = `${push.sha}:refs/heads/${push.branch}`;
  const said = await inCleanRoom(checkout, async (room) => {
    const large = await pushLargeFiles(checkout, push, url, room);
    if (large.kind === "unknown" || large.value.code !== 0) return large;
    const args = ["push", "--porcelain", "--no-verify", "--no-follow-tags"];
    const words = [...args, "--recurse-submodules=no", "--", url, refspec];
    return effect("push", () => asked(checkout, words, { ...room, timeoutMs: PUSH_TIMEOUT_MS }));
  });
  const flag = said.kind === "known" ? /^([ *=!])\t/m.exec(said.value.stdout)?.[1] : undefined;
  if (said.kind === "known" && said.value.code === 0 && flag !== undefined && flag !== "!") {
    await recordTip(checkout, push.branch, push.sha);
    return { kind: flag === "=" ? "up-to-date" : "pushed", sha: push.sha };
  }
  const tip = await remoteTip(checkout, push.branch);
  if (
    tip.kind === "known" &&
    tip.value !== null &&
    (await contains(checkout, tip.value, push.sha))
  ) {
    await recordTip(checkout, push.branch, tip.value);
    return { kind: "up-to-date", sha: push.sha };
  }
  const reason = said.kind === "known" ? refusalOf(said.value) : said.reason;
  return { kind: flag === "!" ? "rejected" : "failed", reason };
}

/** The tip of a branch on `origin`, asked of `origin` itself; `known(null)`: no such branch there. */
export async function remoteTip(checkout: Checkout, branch: string): Promise<Probe<string | null>> {
  const url = checkout.pushUrl;
  if (url === null) return known(null);
  const ref = `refs/heads/${branch}`;
  const said = await inCleanRoom(checkout, (room) =>
    asked(checkout, ["ls-remote", "--", url, ref], { ...room, timeoutMs: ASK_TIMEOUT_MS }),
  );
  if (said.kind === "unknown") return said;
  if (said.value.code !== 0) return unknown(reasonOf(said.value));
  const lines = said.value.stdout.split("\n").map((line) => line.split("\t"));
  return known(lines.find(([, name]) => name === ref)?.[0] ?? null);
}

async function objectionTo(checkout: Checkout, push: PushRequest): Promise<string | null> {
  const { branch, sha, base } = push;
  const bases = [base, checkout.base, checkout.defaultBranch];
  if (bases.includes(branch)) return `${branch} is a base branch: Coppice never pushes to it`;
  if (checkout.pushUrl === null) {
    return "the repository has no remote named origin; add one with git remote add origin URL";
  }
  const tip = `refs/heads/${branch}`;
  if (!/^[0-9a-f]{40,64}$/.test(sha) || !(await contains(checkout, tip, sha))) {
    return `${sha} is no commit of the branch ${branch}`;
  }
  return null;
}

/**
 * A git folder that lives for one command: the objects of the repository with the settings that were read when it was
 * opened. So an agent that redirects pushes in the shared configuration redirects nothing. It stands below the real one,
 * where the person's `includeIf "gitdir:…"` still applies.
 */
async function inCleanRoom<T>(
  checkout: Checkout,
  work: (options: GitOptions) => Promise<T>,
): Promise<T> {
  const rooms = join(checkout.commonDir, "coppice");
  const room = join(rooms, `remote-${randomUUID()}`);
  const shared = (name: string) => join(checkout.commonDir, name);
  await sweep(rooms);
  try {
    await mkdir(join(room, "refs"), { recursive: true, mode: 0o700 });
    await writeFile(join(room, "HEAD"), "ref: refs/heads/none\n");
    await writeFile(join(room, "config"), checkout.config, { mode: 0o600 });
    if (await exists(shared("lfs"))) await symlink(shared("lfs"), join(room, "lfs"));
    const shallow = (await exists(shared("shallow")))
      ? { GIT_SHALLOW_FILE: shared("shallow") }
      : {};
    const env = { GIT_DIR: room, GIT_OBJECT_DIRECTORY: shared("objects"), ...shallow };
    return await work({ env, remote: true });
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}

/** Takes away the rooms of processes that were killed in them. */
async function sweep(rooms: string): Promise<void> {
  for (const name of await namesIn(rooms)) {
    if (!name.startsWith("remote-")) continue;
    const room = join(rooms, name);
    const found = await stat(room).catch(() => null);
    if (found === null || Date.now() - found.mtimeMs < ROOM_AGE_MAX_MS) continue;
    await rm(room, { recursive: true, force: true });
  }
}

/** Git LFS uploads in a pre-push hook, and hooks are off: so it is called as the hook would be. */
async function pushLargeFiles(
  checkout: Checkout,
  { branch, sha }: PushRequest,
  url: string,
  room: GitOptions,
): Promise<Probe<ExecResult>> {
  const uses = ["grep", "--quiet", "-F", "-e", "filter=lfs", sha, "--", ":(glob)**/.gitattributes"];
  if (!(await gitTest(checkout.root, uses))) return known({ code: 0, stdout: "", stderr: "" });
  const line = `${sha} ${sha} refs/heads/${branch} ${"0".repeat(sha.length)}\n`;
  const timeoutMs = LARGE_FILES_TIMEOUT_MS;
  return asked(checkout, ["lfs", "pre-push", url, url], { ...room, input: line, timeoutMs });
}

/** A time-out is an unknown answer, not a failure of ours. */
async function asked(
  checkout: Checkout,
  args: readonly string[],
  options: GitOptions,
): Promise<Probe<ExecResult>> {
  try {
    return known(await git(checkout.root, args, options));
  } catch (cause) {
    if (cause instanceof CoppiceError && cause.kind === "machine")
      return unknown(whyUnknown(cause));
    throw cause;
  }
}

/** Ancestry, for a reviewer may have added commits; of a commit that is not here nothing is known. */
async function contains(checkout: Checkout, tip: string, sha: string): Promise<boolean> {
  const answer = await git(checkout.root, ["merge-base", "--is-ancestor", sha, tip]);
  return answer.code === 0;
}

/** Keeps the tracking branch true: a push by URL does not move it. */
async function recordTip(checkout: Checkout, branch: string, sha: string): Promise<void> {
  const args = ["update-ref", `refs/remotes/origin/${branch}`, sha];
  await effect("push-record", () => gitText(checkout.root, args));
}

/** The remote's own words, e.g. `[rejected] (non-fast-forward)`; a hook's message is added. */
function refusalOf(result: ExecResult): string {
  const summary = /^!\t[^\t]*\t(.*)$/m.exec(result.stdout)?.[1];
  const remote = [...result.stderr.matchAll(/^remote: (.*\S)\s*$/gm)].map((found) => found[1]);
  const words = summary === undefined ? [reasonOf(result)] : [summary, ...remote.slice(0, 3)];
  return words.join("; ");
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
