import { isUpkeep } from "../../manifest/files.ts";
import type { RepositoryIndex } from "../index/repository-index.ts";
import { chanceOf } from "./logistic.ts";
import type { Chance } from "./pairs.ts";

/** What somebody who looked into the repository says of one file of an issue. */
export interface FileOpinion {
  readonly path: string;
  readonly touches: boolean;
  /** A phrase for people. */
  readonly why: string;
}

/** Opinions on issues, by number, and who has them. */
export interface Opinions {
  readonly of: string;
  readonly byIssue: ReadonlyMap<number, readonly FileOpinion[]>;
}

/** A yes multiplies the odds of a file by 12, a no divides them by 5; who says nothing of a file changes nothing. */
const ODDS_OF_YES = Math.log(12);
const ODDS_OF_NO = -Math.log(5);
/** What the model says of a file that it did not think of. */
const CHANCE_UNTHOUGHT = 0.05;
/** An opinion makes nothing certain: that is for issues and people. */
const CHANCE_MAX = 0.95;

/** An issue's chances, the likeliest first, with the opinions as one more piece of evidence: odds are multiplied by them. */
export function withOpinions(
  chances: readonly Chance[],
  opinions: readonly FileOpinion[],
  index: RepositoryIndex,
): Chance[] {
  const all = new Map(chances.map(({ file, chance }) => [file, chance]));
  for (const { path, touches } of opinions) {
    const file = index.idOf.get(path);
    if (file === undefined || isUpkeep(path)) continue;
    const before = all.get(file);
    if (before === undefined && !touches) continue;
    const odds = logitOf(before ?? CHANCE_UNTHOUGHT) + (touches ? ODDS_OF_YES : ODDS_OF_NO);
    all.set(file, Math.min(CHANCE_MAX, chanceOf(odds)));
  }
  return [...all]
    .map(([file, chance]) => ({ file, chance }))
    .toSorted((a, b) => b.chance - a.chance || a.file - b.file);
}

/** The reasons for a file with what an opinion says of it before them. */
export function reasonWith(
  why: string,
  path: string,
  { of, byIssue }: Opinions,
  issue: number,
): string {
  const opinion = byIssue.get(issue)?.find((one) => one.path === path);
  if (opinion === undefined) return why;
  const said = opinion.why === "" ? "" : ` (${opinion.why})`;
  return `${of} ${opinion.touches ? "expects it" : "doubts it"}${said}; ${why}`;
}

const logitOf = (chance: number): number => {
  const bounded = Math.min(0.99, Math.max(0.01, chance));
  return Math.log(bounded / (1 - bounded));
};
