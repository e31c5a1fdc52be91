/** The hidden line by which a pull request names its task. */
export const pullRequestMarker = (project: string, taskId: string): string =>
  `<!-- coppice:${encodeURIComponent(project)}/${taskId} -->`;

/** Reads the marker back; null when there is none. */
export function markedTask(
  body: string | null | undefined,
): { project: string; taskId: string } | null {
  const found = /<!-- coppice:([^\s/]+)\/([A-Za-z0-9][A-Za-z0-9-]{0,62}) -->/.exec(body ?? "");
  return found?.[1] && found[2]
    ? { project: decodeURIComponent(found[1]), taskId: found[2] }
    : null;
}
