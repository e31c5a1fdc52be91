import type { TaskId } from "../manifest/task.ts";

/** What one unfinished task waits for. */
export interface TaskWait {
  readonly taskId: TaskId;
  readonly reason: string;
  /** Tasks that must move first. */
  readonly on: readonly TaskId[];
  /** One of them is enough. */
  readonly onAny?: true;
  /** Nothing moves it until a person acts, on this task or on one that it waits for. */
  readonly needsPerson: boolean;
}

/** A task needs a person when one that it waits for does; where one of several is enough, when all of them do. */
export function followWaits(waits: readonly TaskWait[]): readonly TaskWait[] {
  // Whole phases wait for the same list of tasks: it is followed once.
  const waiting = new Map<readonly TaskId[], { readonly taskIds: TaskId[]; missing: number }>();
  for (const { taskId, on, onAny } of waits) {
    const list = waiting.get(on) ?? { taskIds: [], missing: onAny ? new Set(on).size : 1 };
    waiting.set(on, list);
    list.taskIds.push(taskId);
  }
  const lists = new Map<TaskId, (readonly TaskId[])[]>();
  for (const on of waiting.keys()) for (const id of new Set(on)) listed(lists, id).push(on);
  const open = waits.filter((wait) => wait.needsPerson).map((wait) => wait.taskId);
  const needing = new Set(open);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const on of lists.get(id) ?? []) {
      const list = waiting.get(on);
      if (list === undefined) continue;
      list.missing -= 1;
      if (list.missing > 0) continue;
      waiting.delete(on);
      for (const other of list.taskIds) {
        if (needing.has(other)) continue;
        needing.add(other);
        open.push(other);
      }
    }
  }
  return waits.map((wait) => (needing.has(wait.taskId) ? { ...wait, needsPerson: true } : wait));
}

function listed<Key, Value>(lists: Map<Key, Value[]>, key: Key): Value[] {
  const found = lists.get(key) ?? [];
  lists.set(key, found);
  return found;
}
