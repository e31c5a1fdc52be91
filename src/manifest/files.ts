/** A path of `files`: cleaned, or refused with a reason that ends in the remedy. */
export type FileOutcome =
  | { readonly kind: "inside"; readonly path: string }
  | { readonly kind: "refused"; readonly why: string; readonly remedy: string };

const PATH_LENGTH_MAX = 4096;

/**
 * Reads one entry of `files`: relative to the repository, `/` between folders. A folder loses its last slash, a pattern
 * (`src/**`) stands for the folder it searches, and the repository itself is the empty path.
 */
export function filePath(text: string): FileOutcome {
  const objection = objectionTo(text);
  if (objection !== undefined) return { kind: "refused", ...objection };
  const segments = text.split("/").filter((segment) => segment !== "" && segment !== ".");
  const pattern = segments.findIndex((segment) => segment.includes("*"));
  return { kind: "inside", path: segments.slice(0, pattern < 0 ? undefined : pattern).join("/") };
}

/**
 * True for what everybody touches in passing: lock files, changelogs, generated files. A collision there is settled by
 * making them again, so they keep no task waiting.
 */
export const isUpkeep = (path: string): boolean => UPKEEP.test(path);

const UPKEEP =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.lock|go\.sum|poetry\.lock|uv\.lock|Pipfile\.lock|Gemfile\.lock|composer\.lock|(?:CHANGE(?:S|LOG)|NEWS|HISTORY|RELEASES?(?:[_-]NOTES)?|what'?s-?new)(?:\.[a-z]+)?)$|\.min\.[cm]?js$|(?:^|\/)(?:dist|node_modules|vendor)\/|[._-](?:pb|generated|gen)\.[a-z]+$/i;

function objectionTo(text: string): { why: string; remedy: string } | undefined {
  const inside = "Name a path below the repository's top folder, e.g. src/app.ts.";
  if (text.trim() === "") return { why: "is empty", remedy: inside };
  if (text.length > PATH_LENGTH_MAX) return { why: "is too long for a path", remedy: inside };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to refuse
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    return { why: "holds a control character", remedy: "Remove the invisible character." };
  }
  if (text.includes("\\")) {
    return { why: "holds a backslash", remedy: "Write / between folders, on every system." };
  }
  if (text.startsWith("-")) {
    return {
      why: "begins with a dash",
      remedy: `Write ./${text} when the file is really named so.`,
    };
  }
  if (/^(?:\/|~|[A-Za-z]:)/.test(text)) {
    return { why: "is not relative to the repository", remedy: inside };
  }
  const segments = text.split("/");
  if (segments.includes("..")) return { why: 'leaves its folder by ".."', remedy: inside };
  if (segments.some(isGitFolder)) {
    return { why: "leads into git's own folder", remedy: "Name files of the work tree only." };
  }
  return undefined;
}

/** True for `.git` in every spelling that some file system takes for it (case, NTFS short name and stream, ignored characters). */
function isGitFolder(segment: string): boolean {
  const plain = segment.replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, "");
  return /^(?:\.git|git~\d+)[. ]*(?::.*)?$/i.test(plain);
}
