import type { Action, CollidingWork } from "../decide/action.ts";
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
    return name === "id" ? task.id : plainLine(task.title, 200) || task.id;
  });
  return plainLine(withoutClosing(filled, task.issue), 200);
}

/**
 * A title becomes the subject of a squashed commit, where "closes #9" would close another issue: it says "closes issue 9"
 * instead. The task's own issue may be closed.
 */
function withoutClosing(title: string, own: number | null): string {
  return title.replace(
    CLOSING,
    (phrase, words: string, repo: string | undefined, number: string) =>
      repo === undefined && Number(number) === own
        ? phrase
        : `${words.trimEnd()} issue ${number}${repo === undefined ? "" : ` of ${repo}`}`,
  );
}

/** A closing word of GitHub with what it closes: `#9`, `GH-9`, `owner/name#9`, or the address of an issue. */
const CLOSING =
  /(\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s*)(?:https?:\/\/[^\s/]+\/)?([\w.-]+\/[\w.-]+)?(?:#|gh-|\/(?:issues|pull)\/)(\d+)/gi;

/** The body: what it closes, commits, files, the verify result, boxes for the reviewer, and the hidden marker. */
export function pullRequestBody(
  manifest: Manifest,
  task: Task,
  work: WorkSummary,
  {
    base,
    collides = [],
    baseFiles = [],
  }: Pick<Extract<Action, { kind: "deliver" }>, "base" | "collides"> & {
    /** Where it does not merge with the base. */
    readonly baseFiles?: readonly string[];
  },
): string {
  const { verify } = settingsOf(manifest, task);
  const shown =
    verify === undefined ? undefined : typeof verify === "string" ? verify : verify.join(" ");
  const parent = task.state?.parent ?? null;
  const ofBase =
    baseFiles.length === 0 ? [] : [`- \`${base}\` as it is now at ${named(baseFiles)}`];
  // What a person took as complete was not verified.
  const isProved = task.status !== "complete" || task.state?.provedSha === work.headSha;
  return [
    ...(task.issue === null
      ? []
      : [task.part === undefined ? `Closes #${task.issue}` : `Part of #${task.issue}`]),
    ...(parent === null ? [] : [`Builds on task ${parent}; its base is \`${base}\`.`]),
    [
      "## Commits",
      ...limited(work.commits.map((one) => `- ${one.sha.slice(0, 9)} ${code(one.subject)}`)),
    ].join("\n"),
    [
      "## Files changed",
      ...limited(work.files.map((one) => `- ${code(one.path)} (+${one.added} −${one.removed})`)),
    ].join("\n"),
    ...(collides.length + baseFiles.length === 0
      ? []
      : [
          ["## Does not merge with", ...limited([...ofBase, ...collides.map(collision)])].join(
            "\n",
          ),
        ]),
    [
      "## Testing",
      shown === undefined
        ? "- [ ] Unit tests pass"
        : isProved
          ? `- [x] ${code(shown)} passed on ${work.headSha.slice(0, 9)}`
          : `- [ ] ${code(shown)} passes`,
      "- [ ] Manual verification",
    ].join("\n"),
    "Made by a coding agent, delivered by Coppice; please review as you would any contribution.",
    pullRequestMarker(manifest.project, task.id),
  ].join("\n\n");
}

const collision = ({ taskId, branch, pullRequest, files }: CollidingWork): string =>
  `- ${pullRequest === null ? code(branch) : `#${pullRequest}`} (task ${taskId}) at ${named(files)}`;

const named = (files: readonly string[]): string =>
  `${files.slice(0, 5).map(code).join(", ")}${files.length > 5 ? " …" : ""}`;

const limited = (lines: readonly string[]): readonly string[] =>
  lines.length <= LINES_MAX
    ? lines
    : [...lines.slice(0, LINES_MAX), `- … and ${lines.length - LINES_MAX} more`];

/** Text of an agent or of a person, where no mention, reference, closing word, markup or marker acts in the forge. */
const code = (text: string): string => `\`${plainLine(text, 200).replaceAll("`", "'")}\``;
