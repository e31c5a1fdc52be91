import type { RepositoryIndex } from "../index/repository-index.ts";
import { normal } from "../index/words.ts";
import type { Backlog } from "./backlog.ts";
import type { Evidence } from "./evidence.ts";
import type { IssueText, Zone } from "./issue-text.ts";
import type { Sheet } from "./sheet.ts";

/** A name of more files than this tells none of them. */
export const NAMESAKES_MAX = 12;
export const FOLDER_FILES_MAX = 60;

const NAME_EVIDENCE: Readonly<Record<Zone, { name: Evidence; short: Evidence; symbol: Evidence }>> =
  {
    title: { name: "nameTitle", short: "shortNameTitle", symbol: "symbolTitle" },
    span: { name: "nameText", short: "shortNameText", symbol: "symbolSpan" },
    text: { name: "nameText", short: "shortNameText", symbol: "symbolText" },
    code: { name: "nameCode", short: "shortNameText", symbol: "symbolCode" },
  };

/** Every name of a zone that is a file's, a folder's or a definition's. Plain words count less than code-like ones. */
export function namesAndSymbols(
  zone: Zone,
  issue: IssueText,
  index: RepositoryIndex,
  backlog: Backlog,
  found: Sheet,
): void {
  const kinds = NAME_EVIDENCE[zone];
  for (const own of issue.names[zone]) {
    const { name, plain } = own;
    const { isTelling, looksLikeCode, rarity, same, short, exact, alike } = backlog.namedBy(own);
    if (!isTelling) continue;
    const codeLike = zone === "span" || looksLikeCode;
    if (same.length <= NAMESAKES_MAX) {
      const value = (rarity * (codeLike ? 1 : 0.6)) / Math.sqrt(same.length);
      for (const file of same) found.raise(file, kinds.name, value, name);
    }
    if (short.length <= NAMESAKES_MAX) {
      const value = (rarity * (codeLike ? 1 : 0.5)) / Math.sqrt(short.length);
      for (const file of short) found.raise(file, kinds.short, value, name);
    }
    if (zone === "title") raiseFolders(plain, name, rarity, index, found);
    if (name.length < 4) continue;
    const files = exact ?? alike;
    if (exact === undefined && files.length > 3) continue;
    const sureness = exact === undefined ? 0.4 : codeLike ? 1 : 0.5;
    for (const file of files) {
      found.add(file, kinds.symbol, (rarity * sureness) / files.length, name);
    }
  }
}

function raiseFolders(
  plain: string,
  spoken: string,
  rarity: number,
  index: RepositoryIndex,
  found: Sheet,
): void {
  const files = (index.foldersByName.get(plain) ?? []).flatMap(
    (folder) => index.byFolder.get(folder) ?? [],
  );
  if (files.length > FOLDER_FILES_MAX) return;
  for (const file of files) found.raise(file, "folder", rarity * folderValue(files.length), spoken);
}

/** `Dataset.merge`, `fmt::print`: a definition, all the more where the first half is defined too. */
export function members(
  issue: IssueText,
  index: RepositoryIndex,
  backlog: Backlog,
  found: Sheet,
): void {
  for (const compound of issue.compounds) {
    const parts = compound.split(/\.|::|#|->/).filter((part) => /^[A-Za-z_]\w*$/.test(part));
    parts.slice(1).forEach((member, place) => {
      const files = index.definitions.filesOf(member);
      if (files === undefined) return;
      const owner = parts[place] ?? "";
      const home = new Set([
        ...(index.definitions.filesOf(owner) ?? []),
        ...filesNamed(normal(owner), index),
      ]);
      for (const file of files) {
        const value = backlog.rarityOfName(normal(member)) / Math.sqrt(files.length);
        found.raise(file, "member", home.has(file) ? value : value / 2, `${owner}.${member}`);
      }
    });
  }
}

/** Neighbouring words that together are the name of a file or folder. */
export function namedPhrases(
  names: Backlog["spoken"][number],
  index: RepositoryIndex,
  backlog: Backlog,
  found: Sheet,
): void {
  for (const zone of ["title", "text", "code"] as const) {
    for (const { phrase, spoken } of names[zone].phrases) {
      const rarity = backlog.rarityOfPhrase(phrase);
      const files = index.byName.get(phrase) ?? [];
      if (files.length <= NAMESAKES_MAX) {
        const value = (rarity * (zone === "code" ? 0.7 : 1)) / Math.sqrt(files.length);
        const evidence = zone === "title" ? "phraseTitle" : "phraseText";
        for (const file of files) found.raise(file, evidence, value, spoken);
      }
      if (zone === "title") raiseFolders(phrase, spoken, rarity, index, found);
    }
  }
}

/** Files beside whose name an issue speaks the name of their folder. */
export function housedNames(
  names: Backlog["spoken"][number],
  index: RepositoryIndex,
  found: Sheet,
): void {
  for (const zone of ["title", "text", "code"] as const) {
    const evidence = zone === "title" ? "housedTitle" : "housedText";
    for (const { name, folder } of names[zone].housed) {
      const same = index.byName.get(name) ?? [];
      if (same.length > HOUSED_NAMESAKES_MAX) continue;
      const folders = index.foldersByName.get(folder) ?? [];
      const files = same.filter((file) => folders.includes(index.files[file]?.folder ?? ""));
      if (files.length > HOUSED_FILES_MAX) continue;
      for (const file of files) {
        found.raise(file, evidence, 1 / Math.sqrt(files.length), `${folder} ${name}`);
      }
    }
  }
}

/** A folder's name tells files apart that share theirs, up to this many. */
const HOUSED_NAMESAKES_MAX = 40;
const HOUSED_FILES_MAX = 4;

/** The worth of a folder's name for each of its files. */
export const folderValue = (files: number): number => Math.min(1, 2 / Math.sqrt(files + 3));

/** Files of a name, which is given without case and separators. */
export const filesNamed = (plain: string, index: RepositoryIndex): number[] => [
  ...new Set([...(index.byName.get(plain) ?? []), ...(index.byShortName.get(plain) ?? [])]),
];
