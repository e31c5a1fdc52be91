import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { openPuppetStage, type PuppetStage } from "../support/puppet.ts";

let dir: string;
let stage: PuppetStage;
const running: ChildProcess[] = [];

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), "coppice-puppet-")));
  await exec("git", ["init", "--quiet", dir]);
  stage = await openPuppetStage(dir);
});

afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  await stage.close();
  await rm(dir, { recursive: true, force: true });
});

test("a puppet says who it is and where it runs", async () => {
  launch("t1", "a prompt");
  const puppet = await stage.enter("t1");
  expect(puppet.hello).toMatchObject({ name: "t1", cwd: dir, argv: ["a prompt"] });
});

test("puppets are told apart by name, in whatever order they come", async () => {
  const late = stage.enter("t2");
  launch("t1");
  launch("t2");
  expect((await late).hello.name).toBe("t2");
  expect((await stage.enter("t1")).hello.name).toBe("t1");
});

test("a puppet writes, commits and leaves with the code it is told", async () => {
  const child = launch("t1");
  const output = once(child.stdout, "data");
  const puppet = await stage.enter("t1");

  await puppet.say("\u001b]2;a title\u0007hello");
  await puppet.commit("a.txt", "a\n", "Add a");
  await puppet.commit("b.txt", "b\n", null);

  expect(String(await output)).toBe("\u001b]2;a title\u0007hello");
  const git = await exec("git", ["status", "--short"], { cwd: dir });
  expect(git.stdout).toContain("?? b.txt\n");
  expect(git.stdout).not.toContain("a.txt");
  await puppet.exit(7);
  expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(7);
});

test("a puppet waits for the answer to its question", async () => {
  const child = launch("t1");
  const puppet = await stage.enter("t1");
  const answer = puppet.ask("Sure? ");
  await once(child.stdout, "data");
  child.stdin.write("yes\n");
  expect(await answer).toBe("yes");
});

test("a deaf puppet outlives a signal and reports it, and a crash ends it", async () => {
  const child = launch("t1");
  const puppet = await stage.enter("t1");
  await puppet.deafen("SIGTERM");
  child.kill("SIGTERM");
  await expect.poll(() => puppet.heard).toEqual(["SIGTERM"]);
  await puppet.crash();
  expect(child.signalCode ?? (await once(child, "exit"))[1]).toBe("SIGKILL");
});

test("a detached process lives on without its puppet", async () => {
  launch("t1");
  const puppet = await stage.enter("t1");
  const pid = await puppet.detach();
  await puppet.exit(0);
  expect(process.kill(pid, 0)).toBe(true);
  process.kill(pid, "SIGKILL");
});

test("pasted line breaks stay in the draft and Enter sends it", async () => {
  const child = launch("t1");
  const puppet = await stage.enter("t1");
  await puppet.compose();
  child.stdin.write("old draft\u0015\u001b[200~one\rtwo\u001b[201~");
  child.stdin.write("\r");
  await expect.poll(() => puppet.sent).toEqual(["one\ntwo"]);
});

test("a puppet ends when the test is over", async () => {
  const child = launch("t1");
  await stage.enter("t1");
  const exit = once(child, "exit");
  await stage.close();
  expect((await exit)[0]).toBe(70);
  stage = await openPuppetStage(dir);
});

function launch(name: string, ...more: string[]) {
  const [program = "", ...args] = stage.argv(name, ...more);
  const child = spawn(program, args, { cwd: dir, stdio: ["pipe", "pipe", "inherit"] });
  running.push(child);
  return child;
}
