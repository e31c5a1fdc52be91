import { folderOf } from "../index/paths.ts";
import type { RepositoryIndex } from "../index/repository-index.ts";
import { isEmptyWord, normal } from "../index/words.ts";
import type { Backlog } from "./backlog.ts";
import type { IssueText } from "./issue-text.ts";
import { FOLDER_FILES_MAX, filesNamed, folderValue, NAMESAKES_MAX } from "./named-things.ts";
import type { Sheet } from "./sheet.ts";

/** Paths, file names and module paths (`a/b`, `a.b`, `a::b`), also their tails. */
export function namedPaths(issue: IssueText, index: RepositoryIndex, found: Sheet): void {
  for (const compound of issue.compounds) {
    const path = compound.replace(/^(?:\.{0,2}\/)+/, "").replace(LINES, "");
    if (path.includes("/")) longestTail(path, index, found);
    const last = path.slice(path.lastIndexOf("/") + 1);
    const same = last.includes(".") ? (index.byBaseName.get(last.toLowerCase()) ?? []) : [];
    if (same.length <= NAMESAKES_MAX / 2) {
      for (const file of same) found.raise(file, "fileName", 1 / same.length, last);
    }
    if (!path.includes("/")) modulePaths(compound, index, found);
  }
}

/** `:12`, `:12:3`, `:12-20`, `#L12`, `#L12-L20`. */
const LINES = /(?::\d[\d:-]*|#L\d[\dLC-]*)$/;

/** The longest end of a path that is one in the repository: a file, a file without its ending, or a folder. */
function longestTail(path: string, index: RepositoryIndex, found: Sheet): void {
  const parts = path.split("/");
  for (let from = 0; from < parts.length; from += 1) {
    const tail = parts.slice(from).join("/");
    const last = from === parts.length - 1;
    if (last && from > 0) return;
    const exact = index.idOf.get(tail);
    if (exact !== undefined) {
      found.raise(exact, "path", 1, tail);
      return;
    }
    const ends = (index.byBaseName.get((parts.at(-1) ?? "").toLowerCase()) ?? []).filter((file) =>
      endsWithPath(pathOf(index, file), tail),
    );
    if (ends.length > 0 && ends.length <= 4) {
      for (const file of ends) found.raise(file, "path", 1 / ends.length, tail);
      return;
    }
    if (raiseModule(tail, index, found)) return;
    const files = index.byFolder.get(tail) ?? [];
    if (files.length > 0 && files.length <= FOLDER_FILES_MAX) {
      for (const file of files) found.raise(file, "folder", folderValue(files.length), tail);
      return;
    }
  }
}

/** `xarray.core.dataset.Dataset` and `tokio::sync::mpsc`: every part of it that is a file or folder with an index. */
function modulePaths(compound: string, index: RepositoryIndex, found: Sheet): void {
  const parts = compound.split(/\.|::/).filter((part) => /^[A-Za-z_]\w*$/.test(part));
  for (let from = 0; from < parts.length - 1; from += 1) {
    for (let to = parts.length; to > from + 1; to -= 1) {
      if (raiseModule(parts.slice(from, to).join("/"), index, found)) break;
    }
  }
}

function raiseModule(module: string, index: RepositoryIndex, found: Sheet): boolean {
  const last = module.slice(module.lastIndexOf("/") + 1);
  const files = (index.byStem.get(last) ?? []).filter((file) => {
    const path = pathOf(index, file);
    return endsWithPath(path.slice(0, path.length - endingLength(path)), module);
  });
  const inner = (index.folderFilesByName.get(last) ?? []).filter((file) =>
    endsWithPath(folderOf(pathOf(index, file)), module),
  );
  const all = [...files, ...inner];
  if (all.length === 0 || all.length > 4) return false;
  for (const file of all) found.raise(file, "modulePath", 1 / all.length, module);
  return true;
}

/** Last words and anchors of addresses: documentation is often named like the code. */
export function linkedNames(
  issue: IssueText,
  index: RepositoryIndex,
  backlog: Backlog,
  found: Sheet,
): void {
  for (const address of issue.addresses) {
    const [page = "", anchor = ""] = address.replace(/\?[^#]*/, "").split("#");
    const blob = /\/(?:blob|tree|raw|blame)\/[^/]+\/(.+)$/.exec(page)?.[1];
    if (blob !== undefined) longestTail(blob, index, found);
    const last = page.slice(page.lastIndexOf("/") + 1).replace(/\.[a-z]+$/i, "");
    for (const name of [last, anchor]) {
      const plain = normal(name);
      if (plain.length < 4 || isEmptyWord(name)) continue;
      const files = filesNamed(plain, index);
      if (files.length > NAMESAKES_MAX) continue;
      const value = backlog.rarityOfName(plain) / Math.sqrt(files.length);
      for (const file of files) found.raise(file, "link", value, name);
    }
  }
}

const pathOf = (index: RepositoryIndex, file: number): string => index.files[file]?.path ?? "";

const endsWithPath = (path: string, tail: string): boolean =>
  path === tail || path.endsWith(`/${tail}`);

const endingLength = (path: string): number => /(?<=[^/])\.[^./]+$/.exec(path)?.[0].length ?? 0;
