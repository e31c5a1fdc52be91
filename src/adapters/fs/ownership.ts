import { readFile, realpath } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isJsonObject } from "../../manifest/json.ts";
import { rawTasks } from "../../manifest/merge.ts";
import type { Ownership } from "../../ports/ownership.ts";
import { keptReadings } from "./kept-readings.ts";

/** Some editors take a file away for a moment when they save it. */
const SAVE_MS = 300;

/** Looks into the other manifest again whenever it has changed: it may be moved, or lose the task, at any moment. */
export async function createOwnership(manifestPath: string): Promise<Ownership> {
  const manifest = await realpath(manifestPath);
  const readings = keptReadings<ReadonlySet<string> | "untold">();
  const gone = new Set<string>();

  const tasksOf = (path: string) =>
    readings(path, async () => taskIds(await readFile(path, "utf8")));

  return {
    manifest,
    async isOthers(other, taskId) {
      if (other === manifest) return false;
      try {
        let tasks = await tasksOf(other);
        if (tasks === null && !gone.has(other)) {
          await sleep(SAVE_MS);
          tasks = await tasksOf(other);
        }
        if (tasks === null) gone.add(other);
        else gone.delete(other);
        return tasks === "untold" || (tasks?.has(taskId) ?? false);
      } catch (error) {
        // A file that cannot be read is there all the same.
        if (error instanceof Error && "code" in error) return true;
        throw error;
      }
    },
  };
}

/** A file that is being edited may say nothing for a moment. */
function taskIds(text: string): ReadonlySet<string> | "untold" {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? new Set(rawTasks(value).keys()) : "untold";
  } catch {
    return "untold";
  }
}
