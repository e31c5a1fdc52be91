import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { test } from "../support/workplace.ts";

const manifest = (task: object, more: object = {}) =>
  JSON.stringify({ project: "x", ...more, phases: [{ name: "A", tasks: [task, { id: "t2" }] }] });

const MISTAKES: readonly {
  readonly name: string;
  readonly text: string;
  readonly told: readonly string[];
}[] = [
  {
    name: "broken JSON",
    text: '{\n  "project": "x",\n  "phases": [,]\n}',
    told: ["broken JSON.json:3:14 error ", "a value is missing here\n"],
  },
  {
    name: "a file cut off",
    text: '{ "project": "x", "phases": [',
    told: ["a file cut off.json:1:"],
  },
  {
    name: "an unknown key",
    text: manifest({ id: "t1", dependOn: ["t2"] }),
    told: [":1:58 ", 'unknown field "dependOn" (phases[0].tasks[0].dependOn)', '"dependsOn"?'],
  },
  {
    name: "a cycle",
    text: manifest({ id: "t1", dependsOn: ["t2"] }).replace(
      '{"id":"t2"}',
      '{"id":"t2","dependsOn":["t1"]}',
    ),
    told: ["t1 → t2 → t1", "phases[0].tasks[0].dependsOn[0]", "Remove one of these dependencies"],
  },
  {
    name: "an unknown agent",
    text: manifest({ id: "t1", agent: "cladue" }),
    told: ["(phases[0].tasks[0].agent)", 'Did you mean "claude"?'],
  },
  {
    name: "files that leave the repository",
    text: manifest({ id: "t1", files: ["../secrets"] }),
    told: ["phases[0].tasks[0].files[0]", "../secrets"],
  },
  {
    name: "a task twice",
    text: manifest({ id: "t2" }),
    told: ["phases[0].tasks[1]", "t2"],
  },
];

test.concurrent("every mistake in a manifest is told with place, field and remedy", async ({
  place,
}) => {
  const told = await Promise.all(
    MISTAKES.map(async ({ name, text }) => {
      const file = join(place.folder, `${name}.json`);
      await writeFile(file, text);
      return place.coppice(["validate", file]);
    }),
  );
  for (const [index, { name, told: parts }] of MISTAKES.entries()) {
    const { code, stdout } = told[index] ?? {};
    expect({ name, code }).toEqual({ name, code: 1 });
    for (const part of parts) expect(stdout).toContain(part);
  }
  const run = await place.coppice(["run", "broken JSON.json"]);
  expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining("broken JSON.json:3:14 ") });
});

const REFUSALS: readonly {
  readonly args: readonly string[];
  readonly code: number;
  readonly told: readonly (string | RegExp)[];
}[] = [
  { args: ["frobnicate"], code: 2, told: ["unknown command 'frobnicate'"] },
  { args: ["statsu"], code: 2, told: [/did you mean status\?/i] },
  { args: ["run", "--intervall", "3"], code: 2, told: ["unknown option", "--interval?"] },
  { args: ["run", "--interval", "soon"], code: 2, told: ["--interval", "whole number"] },
  { args: ["heartbeat", "--every", "often"], code: 2, told: ['"often"', "*/15 * * * *"] },
  { args: ["status", "-m", "gone.json"], code: 1, told: ["gone.json", "coppice plan"] },
  { args: ["run", "-m", "gone.json"], code: 2, told: ["--repo owner/name", "--issues"] },
  { args: ["plan", "--issues", "nowhere"], code: 1, told: ["nowhere does not exist", "--issues"] },
  { args: ["cancel", "t20"], code: 1, told: ['no task "t20"', "Did you mean t2?"] },
  { args: ["cancel", "t1"], code: 1, told: ["t1 is archived and cannot become cancelled"] },
  { args: ["logs", "t2"], code: 1, told: ["t2 was not started yet"] },
  { args: ["attach", "t2"], code: 1, told: ["t2 (pending) has no session", "coppice logs t2"] },
  { args: ["send", "t2", "hello"], code: 1, told: ["nothing was typed", "no such session"] },
];

test.concurrent("wrong usage and impossible orders are refused with the remedy, and --json says the same", async ({
  place,
}) => {
  await place.plan({}, [{ id: "t1", status: "archived" }, { id: "t2" }]);
  const runs = await Promise.all(REFUSALS.map(({ args }) => place.coppice([...args, "--json"])));
  for (const [index, { args, code, told }] of REFUSALS.entries()) {
    const { stdout = "", stderr = "", ...end } = runs[index] ?? {};
    expect({ args, ...end }).toEqual({ args, code });
    for (const part of told) expect(stderr).toMatch(part);
    const { error } = JSON.parse(stdout);
    expect(stderr).toContain(error.message);
    expect(error.hint).not.toBe("");
  }
});

test.concurrent("what the machine lacks is told with exit code 3, before anything is begun", async ({
  place,
}) => {
  const bin = join(place.folder, "bin");
  await mkdir(bin);
  const git = (await exec("which", ["git"])).stdout.trim();
  await symlink(git, join(bin, "git"));
  await place.plan({}, [{ id: "t1" }]);
  const noTmux = await place.coppice(["run"], { PATH: bin });
  expect(noTmux).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/tmux.*\n.*Install tmux/),
  });
  expect(await place.task("t1")).toMatchObject({ status: "pending" });

  await place.plan({ workdir: join(place.manifestPath, "jobs") }, [{ id: "t1" }]);
  const noWorkdir = await place.coppice(["run"]);
  expect(noWorkdir).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/manifest\.json\/jobs/),
  });
  expect(noWorkdir.stderr).toMatch(/workdir/);

  await place.plan({ repoDir: place.folder }, [{ id: "t1" }]);
  const noCheckout = await place.coppice(["run"]);
  expect(noCheckout).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${place.folder} is no git checkout`),
  });
});
