import type { Manifest } from "../manifest/manifest.ts";
import { pullRequestMarker } from "../manifest/marker.ts";
import { plainLine } from "../manifest/plain-text.ts";
import { settingsOf } from "../manifest/settings.ts";
import type { Task } from "../manifest/task.ts";
import type { WorkSummary } from "../ports/repository.ts";

const LINES_MAX = 50;

/** The title: `pullRequest.title` of the manifest, filled in, else `fix: Issue #N - <title>`. */
export function pullRequestTitle(manifest: Manifest, task: Task): string {
  const fallback = task.issue === null ? "{title}" : "fix: Issue #{issue} - {title}";
  const template = manifest.pullRequest.title ?? fallback;
  const filled = template.replace(/\{(issue|title|id)\}/g, (_, name: string) => {
    if (name === "issue") return String(task.issue ?? "");
    return name === "id" ? task.id : task.title || task.id;
  });
  return plainLine(filled, 200);
}

/** The body: what it closes, commits, files, the verify result, boxes for the reviewer, and the hidden marker. */
export function pullRequestBody(
  manifest: Manifest,
  task: Task,
  work: WorkSummary,
  base: string,
): string {
  const { verify } = settingsOf(manifest, task);
  const shown =
    verify === undefined ? undefined : typeof verify === "string" ? verify : verify.join(" ");
  const parent = task.state?.parent ?? null;
  return [
    ...(task.issue === null ? [] : [`Closes #${task.issue}`]),
    ...(parent === null ? [] : [`Builds on task ${parent}; its base is \`${base}\`.`]),
    [
      "## Commits",
      ...limited(work.commits.map((one) => `- ${one.sha.slice(0, 9)} ${quoted(one.subject)}`)),
    ].join("\n"),
    [
      "## Files changed",
      ...limited(
        work.files.map(
          (one) => `- \`${one.path.replaceAll("`", "'")}\` (+${one.added} −${one.removed})`,
        ),
      ),
    ].join("\n"),
    [
      "## Testing",
      shown === undefined
        ? "- [ ] Unit tests pass"
        : `- [x] \`${plainLine(shown, 200).replaceAll("`", "'")}\` passed on ${work.headSha.slice(0, 9)}`,
      "- [ ] Manual verification",
    ].join("\n"),
    "Made by a coding agent, delivered by Coppice; please review as you would any contribution.",
    pullRequestMarker(manifest.project, task.id),
  ].join("\n\n");
}

const limited = (lines: readonly string[]): readonly string[] =>
  lines.length <= LINES_MAX
    ? lines
    : [...lines.slice(0, LINES_MAX), `- … and ${lines.length - LINES_MAX} more`];

/** A commit subject is the agent's text: no mention and no closing word may act in the forge. */
const quoted = (subject: string): string =>
  plainLine(subject, 150)
    .replaceAll("<!--", "<! --")
    .replace(/@(?=\w)/g, "@\u200b")
    .replace(/#(?=\d)/g, "#\u200b");
