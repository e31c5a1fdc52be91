import { columnsOf } from "./columns.ts";

/**
 * What speaks for a file, from one issue and the index alone; most are 0 to 1. In this order: the issue names it, a
 * definition of it, words of its path or definitions; then what it is like by itself; then what its text says and what
 * past commits that changed it say. `known` is 1 where these are known: then their silence speaks, too.
 */
export const EVIDENCE = [
  "stated",
  "path",
  "fileName",
  "modulePath",
  "folder",
  "link",
  "nameTitle",
  "nameText",
  "nameCode",
  "shortNameTitle",
  "shortNameText",
  "phraseTitle",
  "phraseText",
  "housedTitle",
  "housedText",
  "symbolTitle",
  "symbolSpan",
  "symbolText",
  "symbolCode",
  "member",
  "pathTitle",
  "pathText",
  "pathCode",
  "pathLabel",
  "definesTitle",
  "definesText",
  "definesCode",
  "coveredTitle",
  "coveredText",
  "churn",
  "churnShare",
  "churnOfKind",
  "churnRelative",
  "definitions",
  "depth",
  "test",
  "fixture",
  "doc",
  "other",
  "upkeep",
  "quotes",
  "uses",
  "pastTitle",
  "pastText",
  "known",
] as const;
export type Evidence = (typeof EVIDENCE)[number];

/** The place of each kind in a row. */
export const AT = columnsOf(EVIDENCE);

/** A file that an issue may touch, with its evidence in the order of `EVIDENCE`. */
export interface Candidate {
  readonly file: number;
  readonly row: Float64Array;
}
