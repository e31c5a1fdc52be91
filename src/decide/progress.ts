import type { TaskEvidence } from "../classify/evidence.ts";
import { sameJson } from "../manifest/json.ts";
import type { Task } from "../manifest/task.ts";
import type { Step } from "./step.ts";

/**
 * A short key of everything that counts as progress of a task: commits, changed files, processor minutes, and the
 * screen without digits and spinner glyphs, so that a clock that ticks is not progress. Null when nothing is known.
 */
export function progressKey(evidence: TaskEvidence): string | null {
  const { git, screen, session, exit } = evidence;
  const parts: string[] = [];
  if (git.kind === "known" && git.value) {
    parts.push(git.value.headSha, ...git.value.dirtyFiles);
  }
  if (session.kind === "known" && session.value) {
    parts.push(`cpu ${Math.floor((session.value.cpuSeconds ?? 0) / 60)}`);
  }
  if (screen.kind === "known" && screen.value) {
    parts.push(...screen.value.lines.map(withoutClocks));
  }
  if (exit.kind === "known" && exit.value) parts.push(`exit ${exit.value.attempt}`);
  return parts.length === 0 ? null : fingerprint(parts.join("\n"));
}

/** What git shows of the work, where it shows anything else than is noted. */
export function shownWork({ state }: Task, { git }: TaskEvidence): NonNullable<Step["state"]> {
  if (git.kind === "unknown" || git.value === null) return {};
  const { touched, commitsAhead: commits } = git.value;
  return {
    ...(sameJson(touched ?? undefined, state?.touched)
      ? {}
      : { touched: touched ? [...touched] : undefined }),
    ...(commits === state?.commits ? {} : { commits }),
  };
}

/** Without durations, whose units come and go, digits and spinner glyphs. */
function withoutClocks(line: string): string {
  return line
    .replace(/\b\d+\s?[dhms]\b/gu, "")
    .replace(/[^\p{L}]+/gu, " ")
    .trim();
}

/** FNV-1a, 32 bits: to notice a change, not to resist anybody. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
