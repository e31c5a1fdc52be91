import { isStillExpected, meets } from "../../src/graph/learned.ts";
import { isUpkeep } from "../../src/manifest/files.ts";
import type { PredictedFile } from "../../src/planner/files.ts";
import type { AtWork, Scheduler, SimulatedTask } from "./simulate.ts";

/** By issue number, the files that a plan expects it to touch. */
export type Expectations = ReadonlyMap<number, readonly PredictedFile[]>;

/** One after the other. */
export const serial: Scheduler = taking((_, atWork) => atWork.length === 0, false);

/** Everything at once; with `tells`, collisions are seen and told, and nothing else is done about them. */
export const parallel = (tells: boolean): Scheduler => taking(() => true, tells);

/** Two tasks that really share a file never run at the same time. */
export function oracle(tasks: readonly SimulatedTask[]): Scheduler {
  const touched = new Map(
    tasks.map(({ id, touches }) => [id, new Set(touches.map(({ path }) => path))]),
  );
  const collide = remembered((a, b) => {
    const other = touched.get(b) ?? new Set();
    return [...(touched.get(a) ?? [])].some((path) => other.has(path));
  });
  return taking((task, atWork) => atWork.every(({ id }) => !collide(id, task)), false);
}

/** Two tasks that are expected to share a file never run at the same time. */
export function predicted(expectations: Expectations): Scheduler {
  const share = sharing(expectations);
  return taking((task, atWork) => atWork.every(({ id }) => !share(id, task)), false);
}

/**
 * The rules of a run (`src/graph/learned.ts`): a task waits for those at work that are still expected to touch its files,
 * or have touched them, and collisions are told.
 */
export function learning(expectations: Expectations, releaseBelow: number): Scheduler {
  const shared = remembered((a, b) => {
    const others = pathsOf(expectations, b);
    return (expectations.get(a) ?? []).filter(
      ({ path }) => !isUpkeep(path) && others.some((other) => meets(path, other)),
    );
  });
  const isHeldBy = ({ id, shown }: AtWork, task: number) =>
    shared(id, task).some(
      (file) => file.confidence === 1 || isStillExpected(file, shown, releaseBelow),
    ) ||
    pathsOf(expectations, task).some((path) => shown.touched.some((other) => meets(path, other)));
  return taking((task, atWork) => atWork.every((other) => !isHeldBy(other, task)), true);
}

/** A task also waits for those of lower numbers that have not begun and are expected to touch its files. */
export function inOrder(expectations: Expectations, scheduler: Scheduler): Scheduler {
  const share = sharing(expectations);
  return {
    ...scheduler,
    next: (waiting, atWork) =>
      scheduler.next(
        waiting.filter((task) => waiting.every((other) => other >= task || !share(other, task))),
        atWork,
      ),
  };
}

/** The first waiting task that may start. */
function taking(
  mayStart: (task: number, atWork: readonly AtWork[]) => boolean,
  tells: boolean,
): Scheduler {
  return { next: (waiting, atWork) => waiting.find((task) => mayStart(task, atWork)), tells };
}

function sharing(expectations: Expectations): (a: number, b: number) => boolean {
  return remembered((a, b) => {
    const others = pathsOf(expectations, b);
    return pathsOf(expectations, a).some((path) => others.some((other) => meets(path, other)));
  });
}

/** Upkeep files order nothing. */
const pathsOf = (expectations: Expectations, task: number): readonly string[] =>
  (expectations.get(task) ?? []).map(({ path }) => path).filter((path) => !isUpkeep(path));

function remembered<Answer>(
  ask: (a: number, b: number) => Answer,
): (a: number, b: number) => Answer {
  const answers = new Map<string, { readonly answer: Answer }>();
  return (a, b) => {
    const key = `${a} ${b}`;
    const found = answers.get(key) ?? { answer: ask(a, b) };
    answers.set(key, found);
    return found.answer;
  };
}
