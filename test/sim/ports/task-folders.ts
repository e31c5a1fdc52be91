import { known, unknown } from "../../../src/classify/evidence.ts";
import { TaskId } from "../../../src/manifest/task.ts";
import type { TaskFolders } from "../../../src/ports/task-folders.ts";
import type { SimFolder } from "../world.ts";
import { couldNot, type Door } from "./door.ts";

/** The tasks' folders of the simulated machine. */
export function simTaskFolders(door: Door): TaskFolders {
  /** A call about one task's folder that throws when the disk fails. */
  const on = <T>(method: string, taskId: string, effect: (folder: SimFolder) => T): Promise<T> =>
    door.pass({
      method,
      taskId,
      effect: () => effect(door.world.folder(taskId)),
      failed: couldNot,
    });
  /** The same as a probe. */
  const probe = <T>(method: string, taskId: string, look: (folder: SimFolder) => T) =>
    door.pass({
      method,
      taskId,
      effect: () => known(look(door.world.folder(taskId))),
      failed: unknown,
    });
  return {
    folder: (taskId) => on("folder", taskId, () => `/sim/tasks/${taskId}`),
    launched: () =>
      door.pass({
        method: "launched",
        taskId: null,
        effect: () => [...door.world.folders.keys()].map((id) => TaskId.parse(id)),
        failed: couldNot,
      }),
    writePrompt: (taskId, attempt, text) =>
      on("writePrompt", taskId, (folder) => {
        folder.prompts.set(attempt, text);
        return `/sim/tasks/${taskId}/prompt.${attempt}`;
      }),
    recordLaunch: (taskId, launch) =>
      on("recordLaunch", taskId, (folder) => {
        folder.launch = launch;
        folder.launches.set(launch.attempt, launch);
      }),
    launch: (taskId, noted) =>
      probe(
        "launch",
        taskId,
        ({ launches, logs }) =>
          [...launches.values()]
            .toSorted((left, right) => right.attempt - left.attempt)
            .find(({ attempt }) => attempt <= noted || logs.has(attempt)) ?? null,
      ),
    exit: (taskId, attempt) => probe("exit", taskId, (folder) => folder.exits.get(attempt) ?? null),
    recordVerifyStart: (taskId, sha, atMs) =>
      on("recordVerifyStart", taskId, (folder) => {
        folder.verify = { sha, code: null, running: true, startedAtMs: atMs, tail: [] };
        return `/sim/tasks/${taskId}/verify`;
      }),
    verify: (taskId, sha) =>
      probe("verify", taskId, ({ verify }) => (verify?.sha === sha ? verify : null)),
    signals: (taskId, attempt) =>
      probe("signals", taskId, ({ signals }) => signals.filter((one) => one.attempt === attempt)),
    log: (taskId, attempt, lines) =>
      on("log", taskId, ({ logs }) => logs.get(attempt)?.lines.slice(-lines) ?? []),
    logPath: (taskId, attempt) =>
      on("logPath", taskId, () => `/sim/tasks/${taskId}/log.${attempt}`),
  };
}
