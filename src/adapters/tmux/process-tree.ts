import type { ProcessFact } from "../../ports/processes.ts";

/** A process as itself: the same number at another start time is another process. */
export const identityOf = (process: ProcessFact): string => `${process.pid} ${process.startedAt}`;

/**
 * The processes of a pane: its own, all below it, also under sessions of their own (setsid), those of its session whose
 * parents are gone, and whatever is below one of `known`, found before. The number of a dead pane's process is free again
 * when nobody of its session is left; whoever has it then is a stranger.
 */
export function processesOf(
  all: readonly ProcessFact[],
  pane: { readonly panePid: number; readonly dead: boolean },
  known: ReadonlySet<string> = new Set(),
): readonly ProcessFact[] {
  const stranger = pane.dead && all.some(({ pid }) => pid === pane.panePid);
  const isRoot = (process: ProcessFact): boolean =>
    known.has(identityOf(process)) ||
    (!stranger && (process.pid === pane.panePid || process.sessionId === pane.panePid));
  const children = new Map<number, ProcessFact[]>();
  for (const process of all) {
    const siblings = children.get(process.parentPid);
    if (siblings) siblings.push(process);
    else children.set(process.parentPid, [process]);
  }
  const found = new Set<ProcessFact>();
  const queue = all.filter(isRoot);
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    queue.push(...(children.get(next.pid) ?? []));
  }
  return [...found];
}
