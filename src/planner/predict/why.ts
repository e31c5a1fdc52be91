import { unreachable } from "../../manifest/errors.ts";
import type { RepositoryIndex } from "../index/repository-index.ts";
import { words } from "../index/words.ts";
import { EVIDENCE, type Evidence } from "./evidence.ts";
import type { IssueText } from "./issue-text.ts";
import type { Likenesses } from "./likeness.ts";
import type { PredictionModel } from "./model.ts";
import type { Chance } from "./pairs.ts";

const REASONS_MAX = 3;
/** Log-odds that a piece of evidence must add to be told. */
const CONTRIBUTION_MIN = 0.1;
const CHANCE_TOLD_MIN = 0.15;

/** What speaks for a file of an issue, in the order of `EVIDENCE`, and the words of the issue behind it. */
export interface FileEvidence {
  readonly row: Float32Array;
  readonly termOf: (evidence: Evidence) => string | undefined;
}

/** The strongest reasons for a file, in words: `defines “parseDate”, which the title names; changes with src/date.ts`. */
export function explain(
  known: {
    readonly issues: readonly IssueText[];
    readonly index: RepositoryIndex;
    readonly likenesses: Likenesses;
  },
  asked: {
    readonly place: number;
    readonly file: number;
    /** Nothing where only other files or issues speak for it. */
    readonly evidence: FileEvidence | undefined;
    readonly chances: readonly (readonly Chance[])[];
  },
  model: PredictionModel,
): string {
  const { place } = asked;
  const reasons: { readonly added: number; readonly text: string }[] = [];
  for (const [at, evidence] of EVIDENCE.entries()) {
    const added = (asked.evidence?.row[at] ?? 0) * (model.evidence.weights[at] ?? 0);
    if (added < CONTRIBUTION_MIN) continue;
    const text = phrase(evidence, asked.evidence?.termOf(evidence), () =>
      sharedWords(known, asked),
    );
    if (text !== undefined) reasons.push({ added, text });
  }
  const told = reasons.toSorted((a, b) => b.added - a.added).map(({ text }) => text);
  const company = [partnerReason(known.index, asked), neighbourReason(known, asked)].filter(
    (reason) => reason !== undefined,
  );
  const all = [
    ...new Set([...told.slice(0, REASONS_MAX - Math.min(1, company.length)), ...company]),
  ];
  return all.length === 0 ? "changes often" : all.slice(0, REASONS_MAX).join("; ");

  function sharedWords({ index, issues }: typeof known, { file }: typeof asked): string {
    const own = new Set(words(index.files[file]?.path ?? ""));
    const { title, text, code } = issues[place]?.counts ?? EMPTY;
    const shared = [...own].filter((word) => title.has(word) || text.has(word) || code.has(word));
    return shared.slice(0, 4).join(", ");
  }
}

const EMPTY = {
  title: new Map<string, number>(),
  text: new Map<string, number>(),
  code: new Map<string, number>(),
};

function phrase(
  evidence: Evidence,
  term: string | undefined,
  sharedWords: () => string,
): string | undefined {
  switch (evidence) {
    case "stated":
    case "path":
    case "fileName":
    case "modulePath":
      return `the issue names “${term}”`;
    case "link":
      return `the issue links to “${term}”`;
    case "folder":
      return `is in the folder “${term}”`;
    case "nameTitle":
    case "shortNameTitle":
    case "phraseTitle":
    case "housedTitle":
      return `is named like “${term}” of the title`;
    case "nameText":
    case "nameCode":
    case "shortNameText":
    case "phraseText":
    case "housedText":
      return `is named like “${term}” of the text`;
    case "symbolTitle":
      return `defines “${term}” of the title`;
    case "symbolSpan":
    case "symbolText":
    case "symbolCode":
    case "member":
      return `defines “${term}” of the text`;
    case "pathTitle":
    case "pathText":
    case "pathCode":
    case "pathLabel":
    case "coveredTitle":
    case "coveredText": {
      const shared = sharedWords();
      return shared === "" ? undefined : `its path shares the words ${shared}`;
    }
    case "definesTitle":
    case "definesText":
    case "definesCode":
      return "its definitions share words with the issue";
    case "quotes":
      return `says “${term}” like the issue`;
    case "uses":
      return `uses “${term}” of the text`;
    case "pastTitle":
    case "pastText":
      return `was changed by “${term}”`;
    case "churn":
    case "churnShare":
    case "churnOfKind":
    case "churnRelative":
    case "definitions":
    case "depth":
    case "test":
    case "fixture":
    case "doc":
    case "other":
    case "upkeep":
    case "known":
      return undefined;
    default:
      return unreachable(evidence);
  }
}

type Asked = {
  readonly place: number;
  readonly file: number;
  readonly chances: readonly (readonly Chance[])[];
};

/** The source of a test, or the test of a source, when it is likely itself. */
function partnerReason(
  index: RepositoryIndex,
  { place, file, chances }: Asked,
): string | undefined {
  const own = new Map((chances[place] ?? []).map((each) => [each.file, each.chance]));
  const best = (index.partners.get(file) ?? [])
    .filter((partner) => (own.get(partner.file) ?? 0) >= CHANCE_TOLD_MIN)
    .toSorted((a, b) => (own.get(b.file) ?? 0) - (own.get(a.file) ?? 0))[0];
  if (best === undefined) return undefined;
  const path = index.files[best.file]?.path ?? "";
  return index.files[file]?.kind === "test" ? `tests ${path}` : `is tested by ${path}`;
}

/** The issue that reads alike and probably touches the file. */
function neighbourReason(
  {
    issues,
    likenesses,
  }: { readonly issues: readonly IssueText[]; readonly likenesses: Likenesses },
  { place, file, chances }: Asked,
): string | undefined {
  const near = likenesses.neighboursOf(place).find(({ place: other, weight }) => {
    const there = chances[other]?.find((each) => each.file === file)?.chance ?? 0;
    return weight >= NEIGHBOUR_TOLD_MIN && there >= CHANCE_TOLD_MIN;
  });
  const number = near === undefined ? undefined : issues[near.place]?.number;
  return number === undefined ? undefined : `#${number} reads alike`;
}

const NEIGHBOUR_TOLD_MIN = 0.25;
