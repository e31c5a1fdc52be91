import { expect, test } from "vitest";
import { newFileFolder } from "../../../src/planner/new-folder.ts";

const guess = (path: string, confidence = 0.4) => ({ path, confidence, why: "" });

test("an issue that asks for something new may make a file where most of its guesses are", () => {
  const files = [guess("lib/x.ts", 0.5), guess("src/a.ts"), guess("src/b.ts"), guess("c.ts", 0.9)];
  expect(newFileFolder("Add a voucher", files)).toEqual({ path: "src/", confidence: 0.13 });
  expect(newFileFolder("The voucher is wrong", files)).toBeUndefined();
  expect(newFileFolder("An address is wrong", files)).toBeUndefined();
});

test("no folder is guessed for an issue that lists its files, or that only guesses files at the top", () => {
  expect(newFileFolder("Add a voucher", [guess("src/new.ts", 1)])).toBeUndefined();
  expect(newFileFolder("Add a voucher", [guess("main.ts")])).toBeUndefined();
  expect(newFileFolder("Add a voucher", [])).toBeUndefined();
});
