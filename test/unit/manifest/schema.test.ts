import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { Manifest } from "../../../src/manifest/manifest.ts";
import { manifestSchema } from "../../../src/manifest/schema.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const COMMITTED = join(ROOT, "schemas/manifest.schema.json");
const FIXTURES = join(ROOT, "fixtures/manifests");

/** Every fixture that is JSON at all. */
const documents = ["valid", "invalid"].flatMap((kind) =>
  readdirSync(join(FIXTURES, kind)).flatMap((name) => {
    const text = readFileSync(join(FIXTURES, kind, name), "utf8");
    try {
      return [{ name: `${kind}/${name}`, value: JSON.parse(text) as unknown }];
    } catch {
      return [];
    }
  }),
);

const ajv = new Ajv2020({
  strict: true,
  formats: { "date-time": true, uri: (text: string) => URL.canParse(text) },
});
const validate = ajv.compile(manifestSchema());

test("the committed schema is what the program checks (run: npm run schemas)", () => {
  expect(JSON.parse(readFileSync(COMMITTED, "utf8"))).toEqual(manifestSchema());
});

test("the fixtures hold manifests of both kinds", () => {
  expect(documents.filter(({ value }) => Manifest.safeParse(value).success).length).toBeGreaterThan(
    5,
  );
  expect(
    documents.filter(({ value }) => !Manifest.safeParse(value).success).length,
  ).toBeGreaterThan(1);
});

test.each(documents)("an editor and the program agree on $name", ({ value }) => {
  expect(validate(value)).toBe(Manifest.safeParse(value).success);
});

test.each([
  ["an unknown field of a task", { tasks: [{ id: "t1", titel: "x" }] }, false],
  ["a field beginning with x-", { "x-note": 1, tasks: [{ id: "t1", "x-note": {} }] }, true],
  ["a wrong status", { tasks: [{ id: "t1", status: "done" }] }, false],
  ["an id with a blank", { tasks: [{ id: "t 1" }] }, false],
  ["a branch that git refuses", { tasks: [{ id: "t1", branch: "a..b" }] }, false],
  ["a time without a zone", { tasks: [{ id: "t1", startedAt: "2026-01-17T00:00:00" }] }, false],
  ["an empty command", { tasks: [{ id: "t1", verify: [] }] }, false],
])("an editor and the program agree on %s", (_, phase, valid) => {
  const value = { project: "p", phases: [{ name: "One", ...phase }] };
  expect(Manifest.safeParse(value).success).toBe(valid);
  expect(validate(value)).toBe(valid);
});

test("the schema describes the fields that people write", () => {
  const text = JSON.stringify(manifestSchema());
  expect(text).toContain('"description"');
  expect(text).not.toContain('"closed"');
});
