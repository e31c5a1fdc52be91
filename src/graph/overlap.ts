import { unreachable } from "../manifest/errors.ts";
import { filePath, isUpkeep } from "../manifest/files.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { settingsOf } from "../manifest/settings.ts";
import type { TaskStatus } from "../manifest/status.ts";
import type { Task } from "../manifest/task.ts";
import { isStillExpected, meets, type WorkShown } from "./learned.ts";
import type { TaskEdge } from "./task-edge.ts";

const NOT_TAKING_PART = 4;

/**
 * How far a task's work stands: 0 in the base, 1 on its branch, 2 being done, 3 to be done, 4 not taking part.
 * Of two overlapping tasks the one with the smaller number goes first.
 */
export function standing(status: TaskStatus): number {
  switch (status) {
    case "merged":
      return 0;
    case "complete":
    case "pr_open":
      return 1;
    case "running":
    case "stuck":
      return 2;
    case "pending":
    case "blocked":
    case "error":
      return 3;
    case "draft":
    case "planned":
    case "cancelled":
    case "archived":
      return NOT_TAKING_PART;
    default:
      return unreachable(status);
  }
}

/**
 * Edges between tasks that name the same file, or a folder and something below it, along `order`. Predicted files count
 * like named ones until the work shows otherwise, and so does what a task has touched; upkeep files order nothing. Of the earlier users
 * of a path a task is linked to the last ones only: whatever stands before those, they wait for themselves. A task is
 * never linked to one whose work stands less far (that edge would hold nothing back), so every user of a path is
 * linked about once and the whole costs little more than reading all paths.
 */
export function overlapEdges(manifest: Manifest, order: readonly Task[]): TaskEdge[] {
  const top = emptyPlace();
  const edges: TaskEdge[] = [];
  order.forEach((task, position) => {
    const user: User = { task, position, standing: standing(task.status) };
    if (user.standing === NOT_TAKING_PART) return;
    if (settingsOf(manifest, task).overlap === "parallel") return;
    const shared = new Map<User, string[]>();
    for (const path of pathsOf(task, manifest.policy.releaseBelow)) {
      for (const meeting of enter(top, path, user)) {
        shared.set(meeting.user, [...(shared.get(meeting.user) ?? []), meeting.path]);
      }
    }
    for (const [earlier, paths] of shared) {
      edges.push({
        from: earlier.task.id,
        to: task.id,
        kind: "overlap",
        ...told(earlier.task, task, paths),
      });
    }
  });
  return edges;
}

/** A task that uses a path. */
interface User {
  readonly task: Task;
  readonly position: number;
  readonly standing: number;
}

/** A file or folder: who used it so far and need not be waited for through somebody later, and what lies below. */
interface Place {
  users: User[];
  readonly below: Map<string, Place>;
}

/** Another user of a path, and the deeper of the two paths that meet. */
interface Meeting {
  readonly user: User;
  readonly path: string;
}

const emptyPlace = (): Place => ({ users: [], below: new Map() });

/** Enters `user` at `path` and returns the earlier users to wait for. */
function enter(top: Place, path: string, user: User): Meeting[] {
  const above: Meeting[] = [];
  let place = top;
  for (const segment of path === "" ? [] : path.split("/")) {
    above.push(...place.users.map((other) => ({ user: other, path })));
    const next = place.below.get(segment) ?? emptyPlace();
    place.below.set(segment, next);
    place = next;
  }
  const here = takeCovered(place, path, user);
  place.users.push(user);
  const before = above.filter((other) => other.user.standing <= user.standing);
  const near = before.filter((other) => !hidden(other.user, [...before, ...here]));
  return [...near, ...here].filter((other) => other.user !== user);
}

/** Takes out, at a place and below it, the users that later ones reach through `user`. */
function takeCovered(place: Place, path: string, user: User): Meeting[] {
  const covered = place.users.filter((other) => other.standing <= user.standing);
  place.users = place.users.filter((other) => other.standing > user.standing);
  const taken = covered.map((other) => ({ user: other, path: path === "" ? "." : path }));
  for (const [segment, child] of place.below) {
    taken.push(...takeCovered(child, path === "" ? segment : `${path}/${segment}`, user));
    if (child.users.length === 0 && child.below.size === 0) place.below.delete(segment);
  }
  return taken;
}

/** True when a later one of the same meetings already waits for this one. */
function hidden(user: User, among: readonly Meeting[]): boolean {
  return among.some(
    (other) => other.user.position > user.position && other.user.standing >= user.standing,
  );
}

/** What a task is taken to touch: what is named for it, what it has touched, and what it will still probably touch. */
function pathsOf(task: Task, releaseBelow: number): string[] {
  const shown = shownBy(task);
  const predicted = (task.predicted ?? []).filter(
    (file) => shown === undefined || isStillExpected(file, shown, releaseBelow),
  );
  const all = [...task.files, ...predicted.map(({ path }) => path), ...(shown?.touched ?? [])];
  const paths = all.flatMap((file) => {
    const path = cleanPath(file);
    return path === undefined || isUpkeep(path) ? [] : [path];
  });
  return [...new Set(paths)];
}

/** What the work on a branch shows; undefined where nobody has looked, or work is to begin anew. */
function shownBy({ status, state }: Task): WorkShown | undefined {
  const stands = standing(status);
  if (state?.touched === undefined || (stands !== 1 && stands !== 2)) return undefined;
  return { touched: state.touched, commits: state.commits ?? 0, ended: stands === 1 };
}

/**
 * `both touch src/a.ts`; `t1 has touched src/a.ts, which t2 touches too`, where nobody had named it for t1; where only a
 * prediction says so, `both probably touch src/a.ts (60 % and 45 %)`.
 */
function told(
  earlier: Task,
  later: Task,
  paths: readonly string[],
): Pick<TaskEdge, "why" | "probable" | "unforeseen"> {
  const shared = paths.map((path) => ({
    path,
    chances: [earlier, later].map((task) => chanceOf(task, path)),
    isShown: hasTouched(earlier, path) && !isNamed(earlier, path),
    isForeseen: isNamed(earlier, path) || isPredicted(earlier, path),
  }));
  const certain = shared.filter(({ chances }) => chances.every((chance) => chance === 1));
  const among = certain.length > 0 ? certain : shared;
  const marks = {
    ...(certain.length > 0 ? {} : { probable: true as const }),
    ...(shared.some(({ isForeseen }) => isForeseen) ? {} : { unforeseen: true as const }),
  };
  if (among.every(({ isShown }) => isShown)) {
    const files = among.map(({ path, chances: [, chance = 1] }) =>
      chance === 1 ? path : `${path} (${percent(chance)})`,
    );
    const too = certain.length > 0 ? "touches too" : "probably touches too";
    return {
      why: `${earlier.id} has touched ${listed(files)}, which ${later.id} ${too}`,
      ...marks,
    };
  }
  if (certain.length > 0) {
    return { why: `both touch ${listed(certain.map(({ path }) => path))}`, ...marks };
  }
  const guesses = shared.map(
    ({ path, chances }) => `${path} (${chances.map(percent).join(" and ")})`,
  );
  return { why: `both probably touch ${listed(guesses)}`, ...marks };
}

const percent = (chance: number): string => `${Math.round(100 * chance)} %`;

/** How likely a task touches a path at which it meets another: 1 unless it is predicted, not named, and not touched yet. */
function chanceOf(task: Task, path: string): number {
  const guess = task.predicted?.find((file) => cleanPath(file.path) === path);
  return guess === undefined || isNamed(task, path) || hasTouched(task, path)
    ? 1
    : guess.confidence;
}

const isPredicted = ({ predicted }: Task, path: string): boolean =>
  predicted?.some((file) => meets(cleanPath(file.path) ?? "", path)) ?? false;

const hasTouched = (task: Task, path: string): boolean =>
  shownBy(task)?.touched.some((other) => meets(other, path)) ?? false;

const isNamed = ({ files }: Task, path: string): boolean =>
  files.map(cleanPath).some((file) => file === "" || file === path || path.startsWith(`${file}/`));

function cleanPath(file: string): string | undefined {
  const outcome = filePath(file);
  return outcome.kind === "inside" ? outcome.path : undefined;
}

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).join(", ");
  return paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown;
}
