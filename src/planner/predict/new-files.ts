import { filePath, isUpkeep } from "../../manifest/files.ts";
import type { PredictedFile } from "../files.ts";
import { folderOf } from "../index/paths.ts";
import type { RepositoryIndex } from "../index/repository-index.ts";
import type { IssueText } from "./issue-text.ts";
import type { Opinions } from "./opinions.ts";

/** Of 451 real issues 7 named 10 such paths; their fixes touched 4 of them. */
const CHANCE = 0.4;
const FILES_MAX = 3;

/**
 * Files that somebody who looked expects, in a folder that is there, and files that the issue names and that do not exist, in a folder that holds others of the same ending: it may ask for them.
 * Never a certainty, for as many are the writer's mistakes.
 */
export function newFiles(
  { compounds, number }: IssueText,
  index: RepositoryIndex,
  { of, byIssue }: Opinions,
): PredictedFile[] {
  const found = new Map<string, PredictedFile>();
  for (const { path, touches, why } of byIssue.get(number) ?? []) {
    const folder = folderOf(path);
    const isThere = folder === "" || index.byFolder.has(folder);
    if (!touches || index.idOf.has(path) || isUpkeep(path) || !isThere) continue;
    const said = why === "" ? "" : ` (${why})`;
    found.set(path, { path, confidence: CHANCE, why: `${of} expects it${said}; it would be new` });
  }
  for (const compound of compounds) {
    const read = filePath(compound.replace(/^(?:\.\/)+/, "").replace(/:[\d:]+$/, ""));
    if (read.kind === "refused" || index.idOf.has(read.path) || isUpkeep(read.path)) continue;
    const { path } = read;
    const folder = folderOf(path);
    const ending = endingOf(path);
    const siblings = folder === "" ? [] : (index.byFolder.get(folder) ?? []);
    const isLikeThem = siblings.some((file) => endingOf(index.files[file]?.path ?? "") === ending);
    if (ending === "" || !isLikeThem || found.has(path)) continue;
    found.set(path, { path, confidence: CHANCE, why: `named, and would be new in ${folder}` });
  }
  return [...found.values()].slice(0, FILES_MAX);
}

const endingOf = (path: string): string => /[^/](\.\w+)$/.exec(path)?.[1] ?? "";
