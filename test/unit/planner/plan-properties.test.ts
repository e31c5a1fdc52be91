import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { Manifest } from "../../../src/manifest/manifest.ts";
import { readMarkdown } from "../../../src/planner/markdown.ts";
import { type PlanOutcome, plan, referencedIssues } from "../../../src/planner/plan.ts";
import { issue } from "../../support/issue.ts";

const TREE = ["README.md", "src/a.ts", "src/b.ts", "lib/c/d.ts"];

const planOf = (issues: Parameters<typeof plan>[0]["issues"]): PlanOutcome =>
  plan({
    issues,
    known: new Map([[1000, "closed"]]),
    files: TREE,
    settings: { header: { project: "p", repo: "acme/shop" }, breakCycles: true },
  });

function tasksOf(outcome: PlanOutcome) {
  if (outcome.kind === "cycle") throw new Error("cycles were to be broken");
  return Manifest.parse(outcome.manifest).phases.flatMap((phase, index) =>
    phase.tasks.map((task) => ({ ...task, phase: index })),
  );
}

const reference = fc.integer({ min: 1, max: 14 }).map((number) => `#${number}`);
const sentence = fc
  .tuple(
    fc.constantFrom(
      ..."depends on|blocked by|after|requires|needs|blocks|see|not blocked by|- [ ]|- [x]".split(
        "|",
      ),
    ),
    fc.array(reference, { minLength: 1, maxLength: 3 }),
  )
  .map(([words, references]) => `${words} ${references.join(", ")}`);
const numbered = fc.record({
  number: fc.integer({ min: 1, max: 12 }),
  body: fc.array(sentence, { maxLength: 4 }).map((lines) => lines.join("\n\n")),
  labels: fc.subarray(["critical", "P1", "medium", "low", "bug"], { maxLength: 2 }),
  blockedBy: fc.subarray([1, 2, 3, 1000], { maxLength: 2 }),
  parent: fc.constantFrom(null, null, 4, 5),
});
const backlog = fc
  .uniqueArray(numbered, { selector: (fields) => fields.number, maxLength: 12 })
  .map((all) => all.map(({ number, body, ...fields }) => issue(number, body, fields)));

describe("whatever the issues say", () => {
  test.prop([backlog])("a plan is a permutation of them", (issues) => {
    const numbers = tasksOf(planOf(issues)).map((task) => task.issue);
    expect(new Set(numbers)).toEqual(new Set(issues.map((each) => each.number)));
    expect(numbers).toHaveLength(issues.length);
  });

  test.prop([backlog])(
    "every task stands after what it waits for, never in an earlier phase",
    (issues) => {
      const seen = new Map<string, number>();
      for (const task of tasksOf(planOf(issues))) {
        for (const id of task.dependsOn) expect(seen.get(id)).toBeLessThanOrEqual(task.phase);
        seen.set(task.id, task.phase);
      }
    },
  );

  test.prop([
    backlog.chain((issues) =>
      fc.tuple(
        fc.constant(issues),
        fc.shuffledSubarray(issues, { minLength: issues.length, maxLength: issues.length }),
      ),
    ),
  ])("the order in which they are given changes nothing", ([issues, shuffled]) => {
    expect(planOf(shuffled)).toEqual(planOf(issues));
  });

  test.prop([backlog])(
    "without breaking, a refused cycle is a closed path of real issues",
    (issues) => {
      const settings = { header: { project: "p" }, breakCycles: false };
      const outcome = plan({ issues, known: new Map(), files: [], settings });
      if (outcome.kind === "planned") return;
      expect(outcome.path.at(0)).toBe(outcome.path.at(-1));
      expect(outcome.sentences).toHaveLength(outcome.path.length - 1);
      const ids = new Set(issues.map((each) => `t${each.number}`));
      for (const id of outcome.path) expect(ids).toContain(id);
    },
  );
});

const markup = fc.constantFrom(
  ..."`|```|~~~|~~|<!--|-->|>|#|# |- |- [ ] |1. |\n|\n\n|    |\t|[|](|)|https://github.com/acme/shop/issues/3|#2|acme/shop#1|depends on |Files:|src/a.ts|\\|../|:|*|_|\u0000|\u202e|\ud800|é|🔥".split(
    "|",
  ),
);
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.array(markup, { maxLength: 60 }).map((parts) => parts.join("")),
);

describe("any text is an issue", () => {
  test.prop([
    fc.array(fc.tuple(anyText, anyText, fc.array(anyText, { maxLength: 2 })), { maxLength: 4 }),
  ])("it is planned into a valid manifest", (texts) => {
    const issues = texts.map(([title, body, labels], index) =>
      issue(index + 1, body, { title, labels }),
    );
    expect(tasksOf(planOf(issues))).toHaveLength(issues.length);
    expect(referencedIssues(issues, undefined)).toBeInstanceOf(Array);
  });

  test.prop([anyText])("Markdown has as many lines as the text", (text) => {
    expect(readMarkdown(text).map((line) => line.number)).toEqual(
      text.split("\n").map((_, index) => index + 1),
    );
  });
});

/** Milliseconds of processor time: a busy machine does not stretch them much. */
const cpuMs = (): number => process.cpuUsage().user / 1000;

describe("time grows with the text, not with its square", () => {
  const bodyCharacters = 100_000;
  const limitMs = 4000;
  test.each([
    "`",
    "``` ",
    "` `` ",
    "~",
    "~~",
    "<!--",
    "<!---->",
    "-->",
    "#",
    "# ",
    "#1 ",
    "#1,",
    "depends on ",
    "depends on #1 ",
    "needs the ",
    "not ",
    "a.",
    "a-",
    "a/",
    "a/b#",
    "../",
    "\\",
    "src/a.ts ",
    "src/a.ts:1 ",
    "[",
    "[](",
    "[a](http://",
    "https://github.com/",
    "https://github.com/acme/shop/blob/",
    "(",
    "*",
    "_",
    " ",
    "\t",
    ": ",
    "- ",
    "- [ ] ",
    "\n",
    "- [ ] #1\n",
    "Files:\n",
    "Files: a.b, ",
    "Files: `a/b` ",
    "    ",
    "    \n",
    "> ",
    "1. ",
    "<a ",
    "\u200b",
    "?",
    ". ",
  ])(
    "%j over and over",
    (piece) => {
      const body = piece.repeat(Math.ceil(bodyCharacters / piece.length));
      const issues = [
        issue(1, body, { title: body }),
        issue(2, `Files: x${body}x`),
        issue(3, `\`\`\`\n${body}`),
        issue(4, `- [ ] depends on ${body}!`),
      ];
      const startMs = cpuMs();
      expect(tasksOf(planOf(issues))).toHaveLength(issues.length);
      expect(cpuMs() - startMs).toBeLessThan(limitMs);
    },
    60_000,
  );

  test("five thousand long issues that wait for one another take seconds", () => {
    const text = "It fails in src/a.ts, see `lib/c/d.ts:3` and the rest of this sentence.\n".repeat(
      20,
    );
    const issues = Array.from({ length: 5000 }, (_, index) =>
      issue(
        index + 1,
        `${text}\nDepends on #${Math.max(1, index)} and #${Math.max(1, index - 7)}.`,
      ),
    );
    const startMs = cpuMs();
    expect(tasksOf(planOf(issues))).toHaveLength(5000);
    expect(cpuMs() - startMs).toBeLessThan(30_000);
  }, 120_000);
});
