import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { claimFiles } from "../../../../src/planner/predict/claim.ts";
import { Claims } from "../../../../src/planner/predict/claims.ts";

const NONE: ReadonlySet<number> = new Set();
const named = (claims: readonly ReadonlySet<number>[]) =>
  claims.map((files) => [...files].sort((a, b) => a - b));
const chances = (...own: readonly (readonly [file: number, chance: number])[][]) =>
  own.map((files) => files.map(([file, chance]) => ({ file, chance })));

test("two issues that should wait for each other both name a file that neither would name alone", () => {
  const full: [number, number][] = [
    [1, 0.9],
    [2, 0.8],
    [3, 0.7],
  ];
  const other: [number, number][] = [
    [4, 0.9],
    [5, 0.8],
    [6, 0.7],
  ];
  const own = chances([...full, [9, 0.1]], [...other, [9, 0.1]]);
  expect(named(claimFiles(own, [NONE, NONE], () => 0.5))).toEqual([
    [1, 2, 3, 9],
    [4, 5, 6, 9],
  ]);
  expect(named(claimFiles(own, [NONE, NONE], () => -0.5))).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
});

test("an issue leaves a file where another waits in vain, and meets elsewhere the one that should wait", () => {
  const [first, second, third] = [0, 1, 2];
  const worth = (a: number, b: number) => (Math.abs(a - b) === third ? -0.2 : 0.3);
  const own = chances(
    [
      [1, 0.5],
      [2, 0.05],
    ],
    [
      [1, 0.5],
      [2, 0.05],
    ],
    [[1, 0.5]],
  );
  const claims = claimFiles(own, [NONE, NONE, NONE], worth);
  const overlap = (a: number, b: number) => [...(claims[a] ?? [])].some((x) => claims[b]?.has(x));
  expect([overlap(first, second), overlap(second, third), overlap(first, third)]).toEqual([
    true,
    true,
    false,
  ]);
});

const files = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { maxLength: 5 });

test.prop([
  fc.array(fc.tuple(files, files), { minLength: 1, maxLength: 6 }),
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 36, maxLength: 36 }),
])(
  "what an issue lists is named, and nothing that is neither listed nor likely",
  (issues, worths) => {
    const own = issues.map(([likely]) =>
      likely.map((file, rank) => ({ file, chance: 0.9 / (rank + 1) })),
    );
    const fixed = issues.map(([, listed]) => new Set(listed));
    const worth = (a: number, b: number) => worths[Math.min(a, b) * 6 + Math.max(a, b)] ?? 0;
    claimFiles(own, fixed, worth).forEach((claimed, issue) => {
      const listed = [...(fixed[issue] ?? [])];
      expect([...claimed]).toEqual(expect.arrayContaining(listed));
      const allowed = new Set([...listed, ...(own[issue] ?? []).map(({ file }) => file)]);
      expect([...claimed].filter((file) => !allowed.has(file))).toEqual([]);
    });
  },
);

test.prop([
  fc.array(
    fc.record({
      issue: fc.integer({ min: 0, max: 3 }),
      file: fc.integer({ min: 0, max: 3 }),
      isAdded: fc.boolean(),
    }),
    { maxLength: 40 },
  ),
])("however files were named and dropped, it is known how many two issues share", (moves) => {
  const claims = new Claims(4);
  for (const { issue, file, isAdded } of moves) {
    if (isAdded) claims.add(issue, file);
    else claims.remove(issue, file);
  }
  claims.of.forEach((first, a) => {
    claims.of.forEach((second, b) => {
      if (a === b) return;
      expect(claims.sharedBy(a, b)).toBe([...first].filter((file) => second.has(file)).length);
    });
  });
});
