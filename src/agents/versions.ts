import type { Agent } from "./agent.ts";

/** What is known of the version that a program tells. `why` names the versions that are known. */
export type VersionJudgement =
  | { readonly kind: "known" }
  /** Its words hold no version, or none is asked for. */
  | { readonly kind: "untold" }
  /** Newer than any that was seen: started all the same. */
  | { readonly kind: "never-seen"; readonly why: string }
  | Unsupported;

/** Older than any that was seen at work: not started. `remedy`: what a person does. */
export interface Unsupported {
  readonly kind: "unsupported";
  readonly why: string;
  readonly remedy: string;
}

/** Judges an agent's own words for its version, e.g. `codex-cli 0.169.0`. */
export function judgeVersion(agent: Agent, words: string | null): VersionJudgement {
  const { versions, title, install } = agent;
  const told = numbersIn(words ?? "");
  if (versions === undefined || told === undefined) return { kind: "untold" };
  const { oldest, newest } = versions;
  const range = `${title} ${oldest} to ${newest} were seen at work`;
  if (compare(told, oldest) < 0) {
    return {
      kind: "unsupported",
      why: `${words} is older than Coppice knows: ${range}`,
      remedy: `Update it: ${install}`,
    };
  }
  return compare(told, newest) > 0
    ? { kind: "never-seen", why: `newer than Coppice has seen: ${range}` }
    : { kind: "known" };
}

/** Whether a version is `since`, or newer; also where it is not told. */
export function isSince(words: string | undefined, since: string): boolean {
  const told = numbersIn(words ?? "");
  return told === undefined || compare(told, since) >= 0;
}

function numbersIn(words: string): readonly number[] | undefined {
  return /\d+(?:\.\d+)+/.exec(words)?.[0].split(".").map(Number);
}

/** Below, at or above a version; what that leaves out counts as equal: 0.169.3 is 0.169. */
function compare(told: readonly number[], version: string): number {
  for (const [index, part] of version.split(".").map(Number).entries()) {
    const have = told[index] ?? 0;
    if (have !== part) return have - part;
  }
  return 0;
}
