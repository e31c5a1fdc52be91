/** The hidden line by which a pull request names its task. */
export const pullRequestMarker = (project: string, taskId: string): string =>
  `<!-- coppice:${encodeURIComponent(project)}/${taskId} -->`;

/** Reads the marker back; null when there is none. The last one counts: text above it may come from an issue. */
export function markedTask(
  body: string | null | undefined,
): { project: string; taskId: string } | null {
  const markers = (body ?? "").matchAll(
    /<!-- coppice:([^\s/]+)\/([A-Za-z0-9][A-Za-z0-9-]{0,62}) -->/g,
  );
  const [, project, taskId] = [...markers].at(-1) ?? [];
  if (project === undefined || taskId === undefined || !isEncoded(project)) return null;
  return { project: decodeURIComponent(project), taskId };
}

/** Whose pull request it is, by its body, seen from the task that `ours` names. */
export function ownership(
  existing: string | null | undefined,
  ours: string,
): "ours" | "another-task" | "unmarked" {
  const theirs = markedTask(existing);
  const own = markedTask(ours);
  if (theirs === null) return "unmarked";
  const isSame = theirs.project === own?.project && theirs.taskId === own.taskId;
  return isSame ? "ours" : "another-task";
}

/** Whether `decodeURIComponent` understands it: a stranger's marker may hold anything. */
function isEncoded(text: string): boolean {
  try {
    return decodeURIComponent(text) !== "";
  } catch {
    return false;
  }
}
