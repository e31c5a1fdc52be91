import type { PastCommit } from "./facts.ts";
import type { Partner } from "./partners.ts";
import { type Postings, postings } from "./postings.ts";
import { wordReader } from "./words.ts";

/** What the latest commits tell. */
export interface History {
  readonly commits: readonly { readonly subject: string; readonly files: readonly number[] }[];
  /** The words of the commits' subjects; texts are places in `commits`. */
  readonly subjectWords: Postings;
  /** For each file those that changed in the same commits, and how surely (0 to 1). */
  readonly companions: ReadonlyMap<number, readonly Partner[]>;
}

/** Files of commits that are in the tree no more are left out. */
export function historyOf(past: readonly PastCommit[], idOf: ReadonlyMap<string, number>): History {
  const commits = past.flatMap(({ subject, paths }) => {
    const files = paths.flatMap((path) => idOf.get(path) ?? []);
    return files.length === 0 ? [] : [{ subject, files }];
  });
  const words = wordReader();
  return {
    commits,
    subjectWords: postings(commits, ({ subject }, say) => {
      for (const word of words(subject)) say(word, 1);
    }),
    companions: companionsOf(commits.map(({ files }) => files)),
  };
}

/** Commits of more files tell little of any two of them. */
const PAIRED_FILES_MAX = 15;
const TOGETHER_MIN = 2;
const COMPANIONS_MAX = 6;
/** So many changes of a file without the other one are taken for granted. */
const DOUBT = 2;

function companionsOf(commits: readonly (readonly number[])[]): Map<number, Partner[]> {
  const changes = new Map<number, number>();
  const together = new Map<number, Map<number, number>>();
  for (const files of commits) {
    for (const file of files) changes.set(file, (changes.get(file) ?? 0) + 1);
    if (files.length > PAIRED_FILES_MAX) continue;
    for (const file of files) {
      const counts = together.get(file) ?? new Map<number, number>();
      together.set(file, counts);
      for (const other of files) {
        if (other !== file) counts.set(other, (counts.get(other) ?? 0) + 1);
      }
    }
  }
  const companions = new Map<number, Partner[]>();
  for (const [file, counts] of together) {
    const found = [...counts]
      .filter(([, count]) => count >= TOGETHER_MIN)
      .map(([other, count]) => ({
        file: other,
        weight: count / ((changes.get(file) ?? 0) + DOUBT),
      }))
      .toSorted((a, b) => b.weight - a.weight || a.file - b.file)
      .slice(0, COMPANIONS_MAX);
    if (found.length > 0) companions.set(file, found);
  }
  return companions;
}
