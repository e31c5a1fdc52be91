import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHost } from "../../src/adapters/system/host.ts";
import { codex } from "../../src/agents/codex.ts";
import { judgeVersion } from "../../src/agents/versions.ts";
import { doctor, type Finding } from "../../src/app/doctor.ts";
import { installCodex } from "../support/codex.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "cop-"));
  await mkdir(join(home, "bin"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** What the doctor says of a Codex that answers `--version` so. */
async function diagnosed(says: string): Promise<Finding | undefined> {
  const bin = join(home, "bin");
  await writeFile(join(bin, "codex"), `#!/bin/sh\n${says}\n`, { mode: 0o755 });
  const host = createHost({ env: { PATH: bin, HOME: home } });
  // Programs are run by their path: the fake must not be mixed up with one that is installed.
  const faked = {
    ...host,
    version: (program: string, argv: readonly string[]) =>
      host.version(program === "codex" ? join(bin, "codex") : program, argv),
  };
  const findings = await doctor({
    host: faked,
    workdir: home,
    checkToken: async () => ({ kind: "none" }),
  });
  return findings.find(({ subject }) => subject === "agent codex");
}

test("the doctor knows a version, tells one that was never seen, and refuses one that is too old with its remedy", async () => {
  expect(await diagnosed("echo codex-cli 0.150.1")).toMatchObject({ state: "ok", fix: "" });
  expect(await diagnosed("echo codex-cli 99.1.0")).toMatchObject({
    state: "note",
    detail: expect.stringContaining("newer than Coppice has seen"),
  });
  expect(await diagnosed("echo codex-cli 0.42.0")).toMatchObject({
    state: "problem",
    detail: expect.stringContaining("codex-cli 0.42.0 is older"),
    fix: expect.stringContaining("npm install --global @openai/codex"),
  });
  expect(await diagnosed("exit 1")).toMatchObject({
    state: "problem",
    detail: expect.stringContaining("does not say its version"),
  });
});

test("the real Codex tells a version that is known", async ({ skip }) => {
  const installed = await installCodex();
  if (installed.kind === "unavailable") return skip(installed.reason);
  const words = await createHost({ env: process.env }).version(
    installed.program,
    codex.versionArgv,
  );
  expect(words).toMatch(/\d+\.\d+\.\d+/);
  expect(judgeVersion(codex, words)).toEqual({ kind: "known" });
});
