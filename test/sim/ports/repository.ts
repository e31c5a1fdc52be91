import { type GitFact, known, type Probe, unknown } from "../../../src/classify/evidence.ts";
import type {
  PushOutcome,
  Repository,
  WorkSummary,
  WorktreeOutcome,
  WorktreeSpec,
} from "../../../src/ports/repository.ts";
import { pathOf } from "../git-model.ts";
import { couldNot, type Door } from "./door.ts";

/** The simulated repository with its `origin`. */
export function simRepository(door: Door): Repository {
  const { git } = door.world;
  const ask = <T>(method: string, effect: () => T): Promise<T> =>
    door.pass({ method, taskId: null, effect, failed: couldNot });
  return {
    root: "/sim/repository",
    stateDir: "/sim/repository/.git/coppice",
    baseBranch: (asked) => ask("baseBranch", () => asked ?? git.base),
    remoteUrl: () => ask("remoteUrl", () => "/sim/origin.git"),
    commitIdentity: () =>
      ask("commitIdentity", () => ({ name: "Sim", email: "sim@example.invalid" })),
    listFiles: () => ask("listFiles", () => []),
    fetch: () =>
      door.pass<Awaited<ReturnType<Repository["fetch"]>>>({
        method: "fetch",
        taskId: null,
        effect: () => {
          git.fetch();
          return { kind: "fetched" };
        },
        failed: (reason) => ({ kind: "failed", reason }),
      }),
    ensureWorktree: (spec) =>
      door.pass({
        method: "ensureWorktree",
        taskId: spec.taskId,
        effect: () => ensureWorktree(door, spec),
        failed: couldNot,
      }),
    probe: (task) =>
      door.pass<Probe<GitFact | null>>({
        method: "probe",
        taskId: task.taskId,
        effect: () => known(gitFact(door, task)),
        failed: unknown,
      }),
    conflicts: (pairs) =>
      door.pass<Awaited<ReturnType<Repository["conflicts"]>>>({
        method: "conflicts",
        taskId: null,
        effect: () => known(pairs.map((pair) => known(git.conflicts(pair.left, pair.right)))),
        failed: unknown,
      }),
    mergesOnto: (commit, base) =>
      door.pass<Awaited<ReturnType<Repository["mergesOnto"]>>>({
        method: "mergesOnto",
        taskId: null,
        effect: () => {
          git.fetch();
          const tip = git.remote.get(base);
          return tip === undefined
            ? unknown("no such branch")
            : known({ tip, files: git.conflicts(commit, tip).map(({ path }) => path) });
        },
        failed: unknown,
      }),
    summary: (branch, forkPoint) => ask("summary", () => summary(door, branch, forkPoint)),
    push: (what) =>
      door.pass({
        method: "push",
        taskId: null,
        effect: () => push(door, what),
        failed: (reason) => ({ kind: "failed", reason }),
      }),
    preserve: (task) =>
      door.pass({
        method: "preserve",
        taskId: task.taskId,
        effect: () => preserve(door, task),
        failed: couldNot,
      }),
    removeWorktree: (task) =>
      door.pass<Awaited<ReturnType<Repository["removeWorktree"]>>>({
        method: "removeWorktree",
        taskId: task.taskId,
        effect: () => {
          const checkout = git.worktrees.get(task.worktree);
          if (checkout !== undefined && checkout.taskId !== task.taskId) {
            return { kind: "refused", reason: "the worktree belongs to another task" };
          }
          git.worktrees.delete(task.worktree);
          git.heads.delete(task.branch);
          git.refs.delete(forkRef(task.taskId));
          const { taskId, branch } = task;
          door.world.tell({ kind: "worktree-removed", pid: door.pid, taskId, branch });
          return { kind: "removed" };
        },
        failed: (reason) => ({ kind: "refused", reason }),
      }),
    isContained: (branch, base) =>
      door.pass<Probe<boolean>>({
        method: "isContained",
        taskId: null,
        effect: () => {
          const head = git.heads.get(branch) ?? git.tracking.get(branch);
          const onto = git.tracking.get(base) ?? git.heads.get(base);
          return head === undefined || onto === undefined
            ? unknown("no such branch")
            : known(git.isAncestor(head, onto));
        },
        failed: unknown,
      }),
  };
}

const forkRef = (taskId: string): string => `refs/coppice/fork/${taskId}`;

function ensureWorktree({ world }: Door, spec: WorktreeSpec): WorktreeOutcome {
  const { git, conflicts } = world;
  const { path, branch, taskId } = spec;
  const refused = (reason: string): WorktreeOutcome => ({
    kind: "refused",
    reason,
    hint: "Remove it.",
  });
  const tipOf = (name: string): string | undefined =>
    (name === git.base ? undefined : git.heads.get(name)) ?? git.tracking.get(name);
  const there = git.worktrees.get(path);
  if (there !== undefined && (there.branch !== branch || there.taskId !== taskId)) {
    return refused(`${path} is in use`);
  }
  for (const other of git.worktrees.values()) {
    if (other.branch === branch && other.path !== path) return refused(`${branch} is in use`);
  }
  if (!git.heads.has(branch)) {
    const pair = conflicts.find((one) => one.every((name) => spec.startFrom.includes(name)));
    if (pair !== undefined) return { kind: "conflict", files: ["shared"], branches: [...pair] };
    const tips: string[] = [];
    for (const name of spec.startFrom) {
      const tip = tipOf(name);
      if (tip === undefined) return refused(`there is no branch ${name}`);
      tips.push(tip);
    }
    const subject = `Start of ${taskId}`;
    const start = tips.reduce((onto, tip) => {
      if (git.isAncestor(tip, onto)) return onto;
      if (git.isAncestor(onto, tip)) return tip;
      return git.write({ parents: [onto, tip], subject, atMs: world.wall(), edits: [] });
    });
    git.heads.set(branch, start);
    git.refs.set(forkRef(taskId), start);
  }
  const forkPoint = git.refs.get(forkRef(taskId));
  if (forkPoint === undefined) return refused(`${branch} is not of this run`);
  if (there === undefined) git.worktrees.set(path, { path, branch, taskId, dirty: new Set() });
  const candidates = [...spec.mayStandOn, ...spec.startFrom];
  const from = candidates.findLast((name) => tipOf(name) === forkPoint) ?? null;
  return { kind: "ready", path, forkPoint, from, created: there === undefined };
}

type TaskPlace = Parameters<Repository["preserve"]>[0];

function gitFact({ world }: Door, { taskId, branch, worktree }: TaskPlace): GitFact | null {
  const { git } = world;
  const headSha = git.heads.get(branch);
  if (headSha === undefined) return null;
  const checkout = git.worktrees.get(worktree);
  const ours = checkout?.branch === branch ? checkout : undefined;
  const forkPoint = git.refs.get(forkRef(taskId)) ?? null;
  const ahead = forkPoint === null ? [] : git.between(forkPoint, headSha);
  return {
    branch,
    headSha,
    worktreeReady: ours !== undefined,
    astray: null,
    commitsAhead: ahead.length,
    dirtyFiles: [...(ours?.dirty ?? [])].slice(0, 50),
    touched: [
      ...new Set(
        [...ahead.flatMap((sha) => git.commit(sha).edits), ...(ours?.dirty ?? [])].map(pathOf),
      ),
    ],
    remoteSha: git.tracking.get(branch) ?? null,
    forkPoint,
    lastCommitAtMs: ahead.length > 0 ? git.commit(headSha).atMs : null,
  };
}

function summary({ world }: Door, name: string, forkPoint: string): WorkSummary {
  const { git } = world;
  const headSha = git.heads.get(name) ?? (git.has(name) ? name : undefined);
  if (headSha === undefined) return couldNot(`there is no branch or commit ${name}`);
  const commits = git.between(forkPoint, headSha).map((sha) => git.commit(sha));
  return {
    headSha,
    commits: commits.map(({ sha, subject }) => ({ sha, subject })),
    files: commits.flatMap(({ edits }) => edits.map((path) => ({ path, added: 1, removed: 0 }))),
  };
}

function push(door: Door, { branch, sha, base }: Parameters<Repository["push"]>[0]): PushOutcome {
  const { world, pid } = door;
  const { git } = world;
  world.tell({ kind: "push-asked", pid, branch, sha });
  if (branch === base || branch === git.base) {
    return { kind: "rejected", reason: "the base is protected" };
  }
  const there = git.remote.get(branch);
  if (there === sha) return { kind: "up-to-date", sha };
  if (there !== undefined && !git.isAncestor(there, sha)) {
    return { kind: "rejected", reason: "not a fast-forward" };
  }
  world.pushed(branch, sha);
  git.tracking.set(branch, sha);
  return { kind: "pushed", sha };
}

/** Saves what no branch of `origin` has; what is saved already is not saved twice. */
function preserve({ world }: Door, { taskId, branch, worktree }: TaskPlace): readonly string[] {
  const { git } = world;
  const head = git.heads.get(branch);
  if (head === undefined) return [];
  const prefix = `refs/coppice/preserved/${taskId}/`;
  const made: string[] = [];
  const save = (sha: string): void => {
    const ref = `${prefix}${[...git.refs.keys()].filter((one) => one.startsWith(prefix)).length + 1}`;
    git.refs.set(ref, sha);
    made.push(ref);
  };
  const saved = [...git.refs].flatMap(([ref, sha]) => (ref.startsWith(prefix) ? [sha] : []));
  const safe = [...git.remote.values(), ...saved].some((tip) => git.isAncestor(head, tip));
  if (!safe) save(head);
  const edits = [...(git.worktrees.get(worktree)?.dirty ?? [])];
  const held = new Set(saved.flatMap((sha) => git.commit(sha).edits));
  if (edits.some((edit) => !held.has(edit))) {
    save(git.write({ parents: [head], subject: "Uncommitted", atMs: world.wall(), edits }));
  }
  return made;
}
