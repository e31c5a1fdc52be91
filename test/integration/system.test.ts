import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { createClock } from "../../src/adapters/system/clock.ts";
import { createHost } from "../../src/adapters/system/host.ts";
import { createProcesses } from "../../src/adapters/system/processes.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "cop-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

test("a sleep ends with its time or with its signal, whichever comes first", async () => {
  const clock = createClock();
  await clock.sleep(1, new AbortController().signal);
  await clock.sleep(1e15, AbortSignal.timeout(10));
  await clock.sleep(1e15, AbortSignal.abort());
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
});

test("a program is found on the user's PATH only when it can be run", async () => {
  const bins = ["a", "b", "c"].map((name) => join(home, name));
  for (const bin of bins) await mkdir(bin);
  await mkdir(join(home, "a/agent"));
  await writeFile(join(home, "b/agent"), "#!/bin/sh\necho; echo agent 1.2; echo more\n");
  await writeFile(join(home, "c/agent"), "#!/bin/sh\necho; echo agent 1.2; echo more\n", {
    mode: 0o755,
  });
  const host = createHost({ env: { PATH: bins.join(":"), HOME: home } });
  const found = await host.which("agent");
  expect(found).toBe(join(home, "c/agent"));
  expect(await host.version(found ?? "", [])).toBe("agent 1.2");
  expect(await host.which("no-such-agent")).toBeNull();
  expect(await host.version("no-such-agent", [])).toBeNull();
  expect(await host.version("false", [])).toBeNull();
  expect(host.homeDir).toBe(home);
});

test("a version is asked for once, and again when another file is the program", async () => {
  const bin = join(home, "agent");
  const install = (version: string) =>
    writeFile(bin, `#!/bin/sh\necho asked >>${home}/asked; echo ${version}\n`, { mode: 0o755 });
  const host = createHost({ env: { PATH: home, HOME: home } });
  await install("1.2");
  const first = await Promise.all([host.version(bin, []), host.version(bin, [])]);
  expect([...first, await host.version(bin, [])]).toEqual(["1.2", "1.2", "1.2"]);
  expect(await readFile(join(home, "asked"), "utf8")).toBe("asked\n");
  await rm(bin);
  expect(await host.version(bin, [])).toBeNull();
  await install("1.2.1");
  expect(await host.version(bin, [])).toBe("1.2.1");
});

test("the machine's measures are plausible, also of a disk for a folder that is yet to be made", async () => {
  const host = createHost({ env: process.env });
  expect(host.cores).toBeGreaterThan(0);
  expect(host.freeMemoryBytes).toBeGreaterThan(1e6);
  expect(await host.freeDiskBytes(home)).toBeGreaterThan(1e6);
  expect(await host.freeDiskBytes(join(home, "yet/to/be/made"))).toBeGreaterThan(1e6);
  await writeFile(join(home, "file"), "");
  expect(await host.freeDiskBytes(join(home, "file/below"))).toBeNull();
  expect(host.randomHex(8)).toMatch(/^[0-9a-f]{16}$/);
  expect(host.randomHex(8)).not.toBe(host.randomHex(8));
});

test.each(["proc", "ps"] as const)(
  "%s knows our child, ends exactly it, and no other with its number",
  async (source) => {
    const processes = createProcesses({ source });
    const child = spawn("sleep", ["60"]);
    const ended = new Promise<string | null>((resolve) =>
      child.once("exit", (_, signal) => resolve(signal)),
    );
    const found = (await processes.list()).find(({ pid }) => pid === child.pid);
    if (!found) throw new Error("the child is not in the table");
    expect(found.parentPid).toBe(process.pid);
    expect(await processes.signal({ ...found, startedAt: "another time" }, "SIGKILL")).toBe(false);
    expect(child.exitCode).toBeNull();
    expect(await processes.signal(found, "SIGTERM")).toBe(true);
    expect(await ended).toBe("SIGTERM");
    expect(await processes.signal(found, "SIGTERM")).toBe(false);
  },
);

test("a program's exit code is a value; what cannot be run, hangs or floods is an error with its name", async () => {
  expect(await exec("sh", ["-c", "echo out; echo err >&2; exit 3"])).toEqual({
    code: 3,
    stdout: "out\n",
    stderr: "err\n",
  });
  expect(await exec("cat", [], { input: "in" })).toMatchObject({ stdout: "in" });
  await expect(exec("no-such-program", [])).rejects.toMatchObject({ code: "program-missing" });
  await expect(exec("sleep", ["60"], { timeoutMs: 50 })).rejects.toMatchObject({
    code: "program-timeout",
  });
  await expect(exec("yes", [], { maxBytes: 1000 })).rejects.toMatchObject({
    code: "program-output-too-large",
  });
});

test("a program that leaves its pipes to somebody else does not outlast its time limit", async () => {
  const started = Date.now();
  const leaving = exec("sh", ["-c", "sleep 30 & echo $!"], { timeoutMs: 200 });
  await expect(leaving.then(({ stdout }) => stdout)).rejects.toMatchObject({
    code: "program-timeout",
  });
  expect(Date.now() - started).toBeLessThan(10_000);
});

test("many programs are started at once without a word about it", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on("warning", note);
  try {
    await Promise.all(Array.from({ length: 30 }, () => exec("true", [])));
  } finally {
    process.off("warning", note);
  }
  expect(warnings).toEqual([]);
});

test("no program sees a token of ours unless it is given one", async () => {
  const env = { GITHUB_TOKEN: "given" };
  vi.stubEnv("COPPICE_TEST_TOKEN", "ours");
  try {
    const { stdout } = await exec("env", [], { env });
    expect(stdout).toContain("GITHUB_TOKEN=given\n");
    expect(stdout).not.toContain("ours");
    expect((await exec("env", [], { bareEnv: true, env })).stdout).toBe(
      "LC_ALL=C\nGIT_TERMINAL_PROMPT=0\nGITHUB_TOKEN=given\n",
    );
  } finally {
    vi.unstubAllEnvs();
  }
});
