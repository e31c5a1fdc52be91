import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { processesBelow } from "../../test/support/processes-below.ts";
import type { Cast } from "./cast.ts";
import { type Ground, REPOSITORY } from "./ground.ts";
import type { Orchestrator } from "./orchestrator.ts";
import type { Edits } from "./troubles.ts";

interface Aftermath {
  readonly ground: Ground;
  readonly cast: Cast;
  readonly orchestrator: Orchestrator;
  readonly edits: Edits;
  readonly taskIds: readonly string[];
}

/** An orchestrator that looks after a handful of sessions has no use for more. */
const FILES_MAX = 150;

/** Everything that is wrong when all is merged: what was lost, doubled or left behind. */
export async function findings(after: Aftermath): Promise<readonly string[]> {
  const { cast, orchestrator } = after;
  return [
    ...orchestrator.mistakes,
    ...cast.doubled,
    ...after.ground.github.takeProblems(),
    ...(cast.committed.size > 0 ? [] : ["no agent did anything"]),
    ...(orchestrator.filesMax <= FILES_MAX ? [] : [`${orchestrator.filesMax} files open at once`]),
    ...(await unended(after)),
    ...(await wrongCommits(after)),
    ...wrongPullRequests(after),
    ...(await leftBehind(after)),
    ...(await brokenJournal(after)),
  ];
}

/** Tasks that are neither merged nor failed with a reason, and edits of a person that are gone. */
async function unended({ ground, edits }: Aftermath): Promise<readonly string[]> {
  const { phases } = await ground.manifest();
  return phases
    .flatMap(({ tasks }) => tasks)
    .flatMap(({ id, status, error, priority }) => [
      ...(status === "merged" || (status === "error" && error) ? [] : [`${id} is ${status}`]),
      ...([undefined, priority].includes(edits.get(id)) ? [] : [`the edit of ${id} is gone`]),
    ]);
}

/** Commits of agents that are in no branch and not saved, or in `main` more than once. */
async function wrongCommits({ ground, cast }: Aftermath): Promise<readonly string[]> {
  const merged = new Map<string, number>();
  const log = await ground.lab.git(["log", "--format=%s", "main"], ground.lab.origin);
  for (const subject of log.split("\n")) merged.set(subject, (merged.get(subject) ?? 0) + 1);
  const kept = (await ground.lab.git(["log", "--format=%s", "--all"])).split("\n");
  return [
    ...[...cast.committed]
      .filter((subject) => !merged.has(subject) && !kept.includes(subject))
      .map((subject) => `lost: ${subject}`),
    ...[...cast.committed, ...cast.doubtful]
      .filter((subject) => (merged.get(subject) ?? 0) > 1)
      .map((subject) => `${merged.get(subject)} times in main: ${subject}`),
  ];
}

/** Each merged task has one pull request, in whatever state; no other has any. */
function wrongPullRequests({ ground, taskIds }: Aftermath): readonly string[] {
  const heads = ground.github.repository(REPOSITORY).pulls.map(({ pull }) => pull.head);
  const wanted = taskIds.map((id) => `fix/${id}`);
  return [
    ...heads.filter((head) => !wanted.includes(head)).map((head) => `a pull request of ${head}`),
    ...[...new Set(heads)].flatMap((head) => {
      const times = heads.filter((one) => one === head).length;
      return times === 1 ? [] : [`${times} pull requests of ${head}`];
    }),
  ];
}

/** Processes, sessions, worktrees, branches and locks that outlive the night. */
async function leftBehind({ ground }: Aftermath): Promise<readonly string[]> {
  const { lab } = ground;
  const branches = await lab.git(["for-each-ref", "--format=%(refname)", "refs/heads"]);
  const forks = await lab.git(["for-each-ref", "--format=%(refname)", "refs/coppice/fork"]);
  const worktrees = (await lab.git(["worktree", "list", "--porcelain"])).match(/^worktree .*$/gm);
  const folders = await readdir(join(ground.workdir, "worktrees")).catch(() => []);
  // A keyboard's lock that its holder left by dying may not be needed again.
  const locks = (await readdir(lab.folder, { recursive: true })).filter(
    (path) => /\.lock(\.takeover)?$/.test(path) && !path.startsWith("work/locks/"),
  );
  return [
    ...(await processesBelow(lab.folder)).map((line) => `process ${line}`),
    ...branches.split("\n").filter((ref) => ref !== "refs/heads/main"),
    ...forks.split("\n").filter((ref) => ref !== ""),
    ...(worktrees ?? []).slice(1),
    ...folders.map((name) => `folder worktrees/${name}`),
    ...locks.map((path) => `lock ${path}`),
  ];
}

async function brokenJournal({ ground }: Aftermath): Promise<readonly string[]> {
  const lines = (await readFile(join(ground.workdir, "events.jsonl"), "utf8")).split("\n");
  const isEvent = (line: string): boolean => {
    try {
      return typeof (JSON.parse(line) as { event?: unknown }).event === "object";
    } catch {
      return false;
    }
  };
  return lines
    .slice(0, -1)
    .filter((line) => !isEvent(line))
    .map((line) => `the journal holds ${JSON.stringify(line)}`);
}
