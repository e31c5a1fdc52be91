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

/** Says whether an existing pull request belongs to another task than the one that `ours` names. */
export function belongsToAnother(existing: string | null | undefined, ours: string): boolean {
  const theirs = markedTask(existing);
  const own = markedTask(ours);
  return theirs !== null && (theirs.project !== own?.project || theirs.taskId !== own.taskId);
}

/** Whether `decodeURIComponent` understands it: a stranger's marker may hold anything. */
function isEncoded(text: string): boolean {
  try {
    return decodeURIComponent(text) !== "";
  } catch {
    return false;
  }
}
