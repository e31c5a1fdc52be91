import { appendFile, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { createSignals } from "../../src/adapters/signals/signals.ts";
import type { Signals, Wake, WakeSource } from "../../src/ports/signals.ts";
import { until } from "../support/tmux.ts";

let home: string;
let signals: Signals;
let source: WakeSource | undefined;
const wakes: Wake[] = [];
const complaints: string[] = [];
const options = () => ({
  workdir: join(home, "run"),
  socketPath: join(home, "s"),
  manifestPath: join(home, "manifest.json"),
  onBlind: (reason: string) => complaints.push(reason),
});
const listen = async () => {
  source = await signals.listen((wake) => wakes.push(wake));
};
const seen = (wake: Wake) =>
  until(JSON.stringify(wake), async () =>
    wakes.some((found) => JSON.stringify(found) === JSON.stringify(wake)),
  );

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "cop-"));
  wakes.length = 0;
  complaints.length = 0;
  signals = createSignals(options());
});
afterEach(async () => {
  await source?.close();
  source = undefined;
  await rm(home, { recursive: true, force: true });
});

test("a poke arrives with its task, and says whether anybody listened", async () => {
  expect(await signals.poke("t1")).toBe(false);
  await listen();
  expect(await createSignals(options()).poke("t1")).toBe(true);
  expect(await signals.poke(null)).toBe(true);
  await seen({ kind: "socket", taskId: "t1" });
  await seen({ kind: "socket", taskId: null });
  expect((await stat(join(home, "s"))).mode & 0o777).toBe(0o600);
  await source?.close();
  source = undefined;
  expect(await signals.poke("t1")).toBe(false);
});

test("garbage on the socket wakes the loop and breaks nothing", async () => {
  await listen();
  for (const text of ["no json\n", "null\n", "x".repeat(10_000)]) {
    await new Promise<void>((resolve) => {
      const socket = connect(join(home, "s"), () => socket.end(text));
      socket.on("error", () => socket.destroy()).on("close", () => resolve());
    });
  }
  expect(await signals.poke("t2")).toBe(true);
  await seen({ kind: "socket", taskId: "t2" });
  expect(wakes.filter((wake) => wake.kind === "socket" && wake.taskId === null)).toHaveLength(3);
});

test("a second listener is refused while the first lives, and takes over when it is dead", async () => {
  await listen();
  await expect(createSignals(options()).listen(() => {})).rejects.toThrow(
    /another coppice .* listens/,
  );
  await source?.close();
  const socketPath = join(home, "s");
  const killed = `require("net").createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, "SIGKILL"))`;
  await exec(process.execPath, ["-e", killed]);
  expect((await stat(socketPath)).isSocket()).toBe(true);
  await listen();
  expect(await signals.poke("t1")).toBe(true);
});

test("records and signals of new and old tasks wake the loop, logs do not", async () => {
  const old = join(home, "run/tasks/old");
  await mkdir(join(old, "logs"), { recursive: true });
  await listen();
  await writeFile(join(old, "exit.1.tmp"), "{}");
  await appendFile(join(old, "logs/1.log"), "words");
  await rename(join(old, "exit.1.tmp"), join(old, "exit.1.json"));
  await seen({ kind: "folder", taskId: "old" });
  expect(wakes).toEqual(wakes.map(() => ({ kind: "folder", taskId: "old" })));
  wakes.length = 0;
  const fresh = join(home, "run/tasks/fresh");
  await mkdir(fresh);
  await seen({ kind: "folder", taskId: null });
  wakes.length = 0;
  await until("a wake by a signal of the new task", async () => {
    await writeFile(join(fresh, "done.1"), "yes");
    return wakes.some((wake) => wake.kind === "folder" && wake.taskId === "fresh");
  });
});

test("the manifest wakes the loop, also after an editor replaced it, and its neighbours do not", async () => {
  await listen();
  await writeFile(join(home, "neighbour.json"), "{}");
  for (const text of ["{}", "{ }"]) {
    await writeFile(join(home, "manifest.json.tmp"), text);
    await rename(join(home, "manifest.json.tmp"), join(home, "manifest.json"));
    await seen({ kind: "manifest" });
    expect(wakes.every(({ kind }) => kind === "manifest")).toBe(true);
    wakes.length = 0;
  }
});

test("a socket path that is too long is refused with the remedy", async () => {
  const long = createSignals({ ...options(), socketPath: `/${"x".repeat(100)}` });
  await expect(long.listen(() => {})).rejects.toThrow(/101 bytes/);
});

test("a poke does not hang on a listener that never answers", async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(join(home, "s"), resolve));
  const started = Date.now();
  await signals.poke("t1");
  expect(Date.now() - started).toBeLessThan(5000);
  server.close();
});
