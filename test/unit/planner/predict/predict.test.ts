import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { FinishedTask } from "../../../../src/manifest/finished-task.ts";
import {
  factsFromLists,
  type RepositoryFacts,
  withDelivered,
} from "../../../../src/planner/index/facts.ts";
import {
  indexRepository,
  type RepositoryIndex,
} from "../../../../src/planner/index/repository-index.ts";
import { readSource } from "../../../../src/planner/index/source-text.ts";
import { learnedModel } from "../../../../src/planner/predict/model.ts";
import { forecast, withoutDoubts } from "../../../../src/planner/predict/predict.ts";
import { issue } from "../../../support/issue.ts";

const PATHS = [
  "src/parser/tokenizer.ts",
  "src/parser/grammar.ts",
  "src/cart/discount.ts",
  "src/cart/checkout.ts",
  "src/index.ts",
  "test/discount.test.ts",
  "README.md",
  "package-lock.json",
];
const INDEX = indexRepository(
  factsFromLists({
    tree: PATHS.join("\n"),
    symbols: "Tokenizer\tsrc/parser/tokenizer.ts\napplyDiscount\tsrc/cart/discount.ts\n",
    churn: "12\tsrc/cart/checkout.ts\n3\tsrc/cart/discount.ts\n40\tpackage-lock.json\n",
  }),
);
const MODEL = learnedModel();
const filesOf = (title: string, body: string) =>
  forecast([issue(1, body, { title })], INDEX, MODEL).files.get(1) ?? [];

test("a path that the issue names comes first, and surer than all others", () => {
  const [first, ...others] = filesOf("Wrong total", "It is in `src/cart/checkout.ts`, I think.");
  expect(first?.path).toBe("src/cart/checkout.ts");
  for (const other of others) expect(other.confidence).toBeLessThan(first?.confidence ?? 0);
});

test("a name that one file defines leads to that file", () => {
  expect(filesOf("applyDiscount ignores zero", "")[0]?.path).toBe("src/cart/discount.ts");
  expect(filesOf("Tokenizer loses a quote", "")[0]?.path).toBe("src/parser/tokenizer.ts");
});

test("a file's name beside that of its folder leads to it, though others have the name", () => {
  const index = indexRepository(
    factsFromLists({
      tree: "cmd/shop/list.go\ninternal/rpc/list.go\ninternal/storage/list.go\nmain.go",
      symbols: "",
      churn: "",
    }),
  );
  const found = forecast([issue(1, "", { title: "`shop list` prints nothing" })], index, MODEL);
  expect(found.files.get(1)?.[0]).toMatchObject({
    path: "cmd/shop/list.go",
    why: expect.stringContaining("“shop list”"),
  });
});

test("a file is named also where the lines that are meant follow", () => {
  for (const lines of [":12", ":12:3", ":12-20", "#L12", "#L12-L20"]) {
    const [first] = filesOf("It fails", `In src/cart/discount.ts${lines}, it rounds twice.`);
    expect([lines, first?.path]).toEqual([lines, "src/cart/discount.ts"]);
  }
});

test("a lock file that changes all the time is no guess for an issue that does not name it", () => {
  expect(filesOf("applyDiscount ignores zero", "").map(({ path }) => path)).not.toContain(
    "package-lock.json",
  );
});

test("a file that the issue lists as its own is kept though the repository does not have it yet", () => {
  expect(filesOf("Add a voucher", "Files: src/cart/voucher.ts").map(({ path }) => path)).toContain(
    "src/cart/voucher.ts",
  );
});

test("a path that does not exist is a guess where it would stand beside files like it, and never certain", () => {
  const found = filesOf(
    "Add a voucher",
    "In `./src/cart/voucher.ts`, like https://x.org/src/cart/a.ts",
  );
  expect(found.find(({ path }) => path === "src/cart/voucher.ts")).toMatchObject({
    confidence: 0.4,
    why: "named, and would be new in src/cart",
  });
  const others = filesOf(
    "Voucher",
    "src/cart/voucher.py lib/cart/a.ts src/cart/../../a.ts /etc/passwd .git/config src/cart/package-lock.json src/cart",
  );
  expect(others.filter(({ path }) => !PATHS.includes(path))).toEqual([]);
});

test("two issues that name the same new file do not run at the same time", () => {
  const { files } = forecast(
    [issue(1, "Write src/cart/voucher.ts"), issue(2, "And read it in src/cart/voucher.ts")],
    INDEX,
    MODEL,
  );
  const named = [1, 2].map((number) => (files.get(number) ?? []).map(({ path }) => path));
  expect(named[0]).toContain("src/cart/voucher.ts");
  expect(named[1]).toContain("src/cart/voucher.ts");
});

describe("with contents and history", () => {
  const known = (more: Partial<RepositoryFacts>) =>
    indexRepository({
      paths: PATHS,
      symbols: new Map(),
      churn: new Map(),
      marks: new Map(),
      commits: [{ subject: "Begin", paths: ["README.md"] }],
      generated: new Set(),
      ...more,
    });
  const firstOf = (index: RepositoryIndex, title: string, body: string) =>
    forecast([issue(1, body, { title })], index, MODEL).files.get(1)?.[0];

  test("a message of an issue leads to the source that says it, whatever is filled in", () => {
    const { marks } = readSource('fail("cannot read the voucher of %s in this basket", name)');
    const index = known({ marks: new Map([["src/parser/grammar.ts", marks]]) });
    const found = firstOf(index, "It fails", "cannot read the voucher of Ann in this basket");
    expect(found).toMatchObject({
      path: "src/parser/grammar.ts",
      why: expect.stringContaining("says “cannot read the"),
    });
  });

  test("a past commit with like words leads to what it changed", () => {
    const commits = [
      { subject: "Round the price of a voucher", paths: ["src/parser/grammar.ts"] },
      { subject: "Mend a typo", paths: ["README.md"] },
      { subject: "Keep the log short", paths: ["src/index.ts"] },
    ];
    const found = firstOf(known({ commits }), "The voucher price is wrong", "");
    expect(found).toMatchObject({
      path: "src/parser/grammar.ts",
      why: expect.stringContaining("was changed by “Round the price of a voucher”"),
    });
  });

  test("a delivered task of a like title leads to what it changed", () => {
    const facts: RepositoryFacts = {
      paths: PATHS,
      symbols: new Map(),
      churn: new Map(),
      marks: new Map(),
      commits: [
        { subject: "Begin", paths: ["README.md"] },
        { subject: "Keep the log short", paths: ["src/index.ts"] },
      ],
      generated: new Set(),
    };
    const delivered: FinishedTask = {
      project: "shop",
      task: "t7",
      issue: 7,
      title: "Round the price of a voucher",
      labels: [],
      estimate: null,
      foreseen: [],
      files: ["src/parser/grammar.ts"],
      durationMs: null,
      finishedAt: "2026-01-01T00:00:00Z",
    };
    const index = indexRepository(withDelivered(facts, [delivered]));
    expect(firstOf(index, "The voucher price is wrong", "")).toMatchObject({
      path: "src/parser/grammar.ts",
      why: expect.stringContaining("was changed by “Round the price of a voucher”"),
    });
  });

  test("what a program wrote is no guess, though the issue names it", () => {
    const generated = new Set(["src/cart/checkout.ts"]);
    const [first] = [firstOf(known({ generated }), "Wrong checkout", "see `src/cart/checkout.ts`")];
    expect(first?.path).not.toBe("src/cart/checkout.ts");
  });
});

test("two issues about one place are put in order by it, and the chance of that is known", () => {
  const issues = ["loses zero", "takes zero twice"].map((text, place) =>
    issue(place + 1, "See `src/cart/discount.ts`.", { title: `applyDiscount ${text}` }),
  );
  const { files, chanceOfMeeting } = forecast(issues, INDEX, MODEL);
  for (const number of [1, 2]) {
    expect(files.get(number)?.map(({ path }) => path)).toContain("src/cart/discount.ts");
  }
  expect(chanceOfMeeting(2, 1)).toBeGreaterThan(MODEL.orderFrom);
  expect(chanceOfMeeting(1, 2)).toBe(chanceOfMeeting(2, 1));
  expect(chanceOfMeeting(1, 3)).toBe(0);
});

test("a plan is not told of doubtful guesses, unless they order something", () => {
  const guess = (path: string, confidence: number) => ({ path, confidence, why: "" });
  const { files } = withoutDoubts({
    files: new Map([
      [1, [guess("a.ts", 0.5), guess("b.ts", 0.05), guess("c.ts", 0.04)]],
      [2, [guess("b.ts", 0.3)]],
    ]),
    chanceOfMeeting: () => 0.5,
  });
  expect([...files].map(([, guesses]) => guesses.map(({ path }) => path))).toEqual([
    ["a.ts", "b.ts"],
    ["b.ts"],
  ]);
});

const words = fc.array(
  fc.constantFrom("discount", "src/cart", "Tokenizer", "zero", "`", "#2", "é"),
  {
    maxLength: 12,
  },
);
test.prop([fc.array(fc.tuple(words, words), { maxLength: 5 })])(
  "whatever issues say, each gets known or safe paths once, with a reason, the surest first",
  (texts) => {
    const issues = texts.map(([title, body], index) =>
      issue(index + 1, body.join(" "), { title: title.join(" ") }),
    );
    const predicted = forecast(issues, INDEX, MODEL).files;
    expect([...predicted.keys()].toSorted((a, b) => a - b)).toEqual(
      issues.map((one) => one.number),
    );
    expect(forecast(issues.toReversed(), INDEX, MODEL).files).toEqual(predicted);
    for (const files of predicted.values()) {
      expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
      for (const { path, confidence, why } of files) {
        expect(PATHS).toContain(path);
        expect(why).not.toBe("");
        expect(confidence).toBeGreaterThan(0);
        expect(confidence).toBeLessThanOrEqual(1);
      }
    }
  },
);
