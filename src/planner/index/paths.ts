import { isUpkeep } from "../../manifest/files.ts";

/** What a file is for, told by its path. */
export const FILE_KINDS = ["source", "test", "fixture", "doc", "upkeep", "other"] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** `src/cart/total.ts` is in `src/cart`; a file at the top is in ``. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The last name of a path without its ending. */
export function stemName(path: string): string {
  const name = baseName(path);
  const point = name.lastIndexOf(".");
  return point > 0 && point < name.length - 1 ? name.slice(0, point) : name;
}

/** `upkeep` is what everybody touches in passing: lock files, changelogs, generated files. */
export function kindOf(path: string): FileKind {
  if (isUpkeep(path)) return "upkeep";
  if (FIXTURE_FOLDER.test(path) || TEST_DATA_FOLDER.test(path)) return "fixture";
  if (TEST_FOLDER.test(path) && !TEST_CODE.test(path)) return "fixture";
  if (TEST_FOLDER.test(path) || TEST_NAME.test(path)) return "test";
  if (DOC.test(path)) return "doc";
  return SOURCE.test(path) ? "source" : "other";
}

/** `index`, `mod` and the like say nothing: their folder's name does. */
export const isFolderFile = (path: string): boolean =>
  /^(?:index|mod|main|lib|__init__)$/.test(stemName(path));

const FIXTURE_FOLDER =
  /(?:^|\/)(?:testdata|__fixtures__|fixtures?|__snapshots__|snapshots|golden|roots)\//i;
const TEST_FOLDER =
  /(?:^|\/)(?:tests?|__tests__|specs?|testing|it|e2e|fixtures?|testdata|integration-tests?)\//i;
const TEST_DATA_FOLDER =
  /(?:^|\/)(?:tests?|it|__tests__|spec)\/(?:.*\/)?(?:resources|cases|data|samples|inputs?)[^/]*\//i;
const TEST_CODE =
  /\.(?:py|pyx|go|rs|[cm]?[jt]sx?|vue|java|kt|scala|c|cc|cpp|cxx|h|hpp|cs|rb|php|swift|exs?|sh|bats)$/i;
const TEST_NAME =
  /(?:_test\.\w+|-test\.\w+|[._-](?:test|spec)\.[^./]+|Tests?\.(?:java|kt|cs|scala|swift))$|(?:^|\/)test_[^/]*$/i;
const DOC =
  /(?:^|\/)(?:docs?|xdocs|documentation|website|site|wiki|examples?|samples?)\/|\.(?:md|mdx|rst|txt|adoc|markdown|html)$|(?:^|\/)(?:README|LICENSE|AUTHORS|CONTRIBUTING)[^/]*$/i;
const SOURCE =
  /\.(?:py|pyx|go|rs|[cm]?[jt]sx?|vue|svelte|java|kts?|scala|c|cc|cpp|cxx|h|hh|hpp|cs|rb|php|swift|mm?|lua|exs?|erl|hs|ml|clj|dart|sh|pl|r|jl|zig|nim|sql|proto)$/i;
