import { describe, expect, test } from "vitest";
import { factsFromLists } from "../../../../src/planner/index/facts.ts";
import { indexRepository } from "../../../../src/planner/index/repository-index.ts";
import { learnedModel } from "../../../../src/planner/predict/model.ts";
import { withOpinions } from "../../../../src/planner/predict/opinions.ts";
import { forecast, likeliestFiles } from "../../../../src/planner/predict/predict.ts";
import { issue } from "../../../support/issue.ts";

const PATHS = ["src/a.ts", "src/b.ts", "src/c.ts", "package-lock.json"];
const INDEX = indexRepository(factsFromLists({ tree: PATHS.join("\n"), symbols: "", churn: "" }));
const at = (path: string): number => INDEX.idOf.get(path) ?? -1;
const opinion = (path: string, touches: boolean, why = "") => ({ path, touches, why });

describe("an opinion", () => {
  const chances = [
    { file: at("src/a.ts"), chance: 0.5 },
    { file: at("src/b.ts"), chance: 0.3 },
  ];
  const weighed = (...opinions: readonly ReturnType<typeof opinion>[]) =>
    withOpinions(chances, opinions, INDEX).map(({ file, chance }) => [
      INDEX.files[file]?.path,
      Math.round(chance * 100) / 100,
    ]);

  test("multiplies the odds of a file: by 12 for a yes, by a fifth for a no; silence changes nothing", () => {
    expect(weighed(opinion("src/b.ts", true))).toEqual([
      ["src/b.ts", 0.84],
      ["src/a.ts", 0.5],
    ]);
    expect(weighed(opinion("src/a.ts", false))).toEqual([
      ["src/b.ts", 0.3],
      ["src/a.ts", 0.17],
    ]);
    expect(weighed()).toEqual([
      ["src/a.ts", 0.5],
      ["src/b.ts", 0.3],
    ]);
  });

  test("adds a file that nobody thought of, never makes one certain, and knows no upkeep files", () => {
    const sure = [{ file: at("src/a.ts"), chance: 0.94 }];
    expect(withOpinions(sure, [opinion("src/a.ts", true)], INDEX)[0]?.chance).toBe(0.95);
    const unthought = weighed(
      opinion("src/c.ts", true),
      opinion("package-lock.json", true),
      opinion("gone.ts", true),
    );
    expect(unthought).toEqual([
      ["src/a.ts", 0.5],
      ["src/c.ts", 0.39],
      ["src/b.ts", 0.3],
    ]);
    expect(weighed(opinion("src/c.ts", false))).toHaveLength(2);
  });
});

test("opinions order issues, say so in the reasons, and name new files in folders that are there", () => {
  const issues = [issue(1, "Something is odd."), issue(2, "Something else."), issue(3, "No.")];
  const yes = [opinion("src/c.ts", true, "it is there"), opinion("src/new.ts", true)];
  const opinions = {
    of: "Codex",
    byIssue: new Map([
      [1, yes],
      [2, [...yes, opinion("nowhere/new.ts", true)]],
    ]),
  };
  const plain = forecast(issues, INDEX, learnedModel());
  const { files, chanceOfMeeting } = forecast(issues, INDEX, learnedModel(), opinions);
  for (const number of [1, 2]) {
    expect(files.get(number)).toContainEqual({
      path: "src/c.ts",
      confidence: expect.any(Number),
      why: expect.stringMatching(/^Codex expects it \(it is there\); /),
    });
    const fresh = files.get(number)?.filter(({ path }) => path.endsWith("new.ts"));
    expect(fresh).toMatchObject([{ path: "src/new.ts", why: "Codex expects it; it would be new" }]);
  }
  expect(chanceOfMeeting(1, 2)).toBeGreaterThan(plain.chanceOfMeeting(1, 2));
});

test("who looks closer begins with the likeliest files, and not where an issue lists its own", () => {
  const issues = [issue(1, "Look at src/b.ts."), issue(2, "Files: src/a.ts")];
  const found = likeliestFiles(issues, INDEX, learnedModel());
  expect([...found.keys()]).toEqual([1]);
  expect(found.get(1)?.[0]).toBe("src/b.ts");
});
