import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { createOwnership } from "../../src/adapters/fs/ownership.ts";
import { createProcesses } from "../../src/adapters/system/processes.ts";
import { createTmuxSessions } from "../../src/adapters/tmux/sessions.ts";
import type { Observation, Sessions } from "../../src/ports/sessions.ts";
import { NASTY_NAME, openTerminals, type Terminals, until } from "../support/tmux.ts";

let terminals: Terminals;
beforeEach(async () => {
  terminals = await openTerminals();
});
afterEach(() => terminals.close());

const observed = async (): Promise<readonly Observation[]> => {
  const seen = await terminals.sessions.observe();
  if (seen.kind === "unknown") throw new Error(seen.reason);
  return seen.value;
};
const one = async (name: string): Promise<Observation | undefined> =>
  (await observed()).find(({ session }) => session.name === name);
const screenText = ({ screen }: Observation): string =>
  screen.kind === "known" ? screen.value.lines.join("\n") : `unknown: ${screen.reason}`;
const exitOf = (id: string, attempt = 1) =>
  until(`the exit record of ${id}`, async () => {
    const exit = await terminals.folders.exit(id, attempt);
    return exit.kind === "known" && exit.value;
  });
const alive = async (pid: number): Promise<boolean> =>
  (await createProcesses().list()).some((process) => process.pid === pid);

test("somebody attached is seen at once, and nobody at a session whose program has ended", async () => {
  const { sessions, socketPath } = terminals;
  const attached = () => sessions.isAttended("task-1");
  expect(await attached()).toBe(false);
  await sessions.start(await terminals.spec("1", ["sh", "-c", "read line"]));
  expect(await attached()).toBe(false);
  const person = spawn("tmux", ["-S", socketPath, "-C", "attach-session", "-t", "=task-1"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const left = once(person, "close");
  await until("the person", attached);
  person.stdin.write("send-keys -t =task-1: Enter\n");
  await exitOf("1");
  await until("the end of the pane", async () => !(await attached()));
  expect((await one("task-1"))?.session.attached).toBe(1);
  person.stdin.end();
  await left;
});

/** An agent that prints what it was given, as JSON, into a file of the worktree. */
const REPORTER = `
  import { writeFileSync } from "node:fs";
  writeFileSync("report.json", JSON.stringify({
    argv: process.argv.slice(2), env: process.env, cwd: process.cwd(), tty: process.stdin.isTTY === true,
  }));`;
const report = async () =>
  JSON.parse(await readFile(join(terminals.worktree, "report.json"), "utf8"));

test("no server is an answer, not an unknown", async () => {
  expect(await terminals.sessions.observe()).toEqual({ kind: "known", value: [] });
  expect(await terminals.sessions.stop("task-1")).toBe(true);
  await terminals.sessions.shutDown();
});

test("an agent gets its directory, its words and exactly its environment, in a terminal", async () => {
  const words = [
    "",
    " a  b ",
    "$(touch x)",
    `'";\\n`,
    "two\nlines",
    "#(touch x)",
    "ends with ;",
    "é✓",
    "-n",
  ];
  const spec = await terminals.spec("1", [...(await terminals.program(REPORTER)), ...words]);
  const env = { ...spec.env, ODD: `a=b 'c" \\ \n$d;`, EMPTY: "" };
  const outcome = await terminals.sessions.start({ ...spec, env });
  expect(outcome).toMatchObject({ kind: "started", session: { taskId: "1", attempt: 1 } });
  expect(await exitOf("1")).toMatchObject({ stage: "agent", code: 0, attempt: 1 });
  const { PWD: pwd, OLDPWD: _, TERM: term, ...rest } = (await report()).env;
  const reporting = {
    COPPICE_REPORT: join(terminals.workdir, "bin/report"),
    COPPICE_NODE: process.execPath,
    COPPICE_SOCKET: terminals.signalSocketPath,
  };
  expect(await report()).toMatchObject({ argv: words, cwd: terminals.worktree, tty: true });
  expect({ pwd, term }).toEqual({ pwd: terminals.worktree, term: "screen-256color" });
  expect(rest).toEqual({ ...env, ...reporting });
  expect(await readdir(terminals.worktree)).toEqual(["report.json"]);
});

test.each([
  ["100 kB", "line of a prompt é\n".repeat(5200)],
  ["shell text and last line breaks", `$(touch x)';"\`id\` #(touch y) \\n %s {prompt}\n\n`],
])("a prompt of %s arrives byte by byte", async (_, prompt) => {
  const promptFile = await terminals.folders.writePrompt("1", 1, prompt);
  const argv = [...(await terminals.program(REPORTER)), "--", "{prompt}", "x{prompt}"];
  await terminals.sessions.start(await terminals.spec("1", argv, { promptFile }));
  await exitOf("1");
  expect((await report()).argv).toEqual(["--", prompt, "x{prompt}"]);
  expect((await stat(promptFile)).mode & 0o777).toBe(0o600);
});

test("a prompt longer than a program can be given is refused with its size", async () => {
  const promptFile = await terminals.folders.writePrompt("1", 1, "x".repeat(131_072));
  const spec = await terminals.spec("1", ["cat", "{prompt}"], { promptFile });
  await expect(terminals.sessions.start(spec)).rejects.toThrow(/131072 bytes/);
  expect(await observed()).toEqual([]);
});

test("a workdir with shell and format characters changes nothing", async () => {
  const nasty = await openTerminals(NASTY_NAME);
  try {
    const spec = await nasty.spec("1", ["echo", "said so"]);
    expect(await nasty.sessions.start(spec)).toMatchObject({ kind: "started" });
    const exit = await until("the record", async () => {
      const found = await nasty.folders.exit("1", 1);
      return found.kind === "known" && found.value;
    });
    expect(exit).toMatchObject({ code: 0, tail: ["said so"] });
    const seen = await nasty.sessions.observe();
    expect(seen).toMatchObject({ kind: "known", value: [{ session: { name: "task-1" } }] });
    expect(await nasty.sessions.start(spec)).toMatchObject({ kind: "adopted" });
    const around = [...(await readdir(dirname(nasty.workdir))), ...(await readdir(nasty.workdir))];
    expect(around.filter((name) => name.startsWith("pwned"))).toEqual([]);
    expect(await nasty.sessions.stop("task-1")).toBe(true);
  } finally {
    await nasty.close();
  }
});

test("a start is safe to repeat, and another attempt does not get a name in use", async () => {
  const spec = await terminals.spec("1", ["sleep", "60"]);
  const [first, second] = await Promise.all([
    terminals.sessions.start(spec),
    terminals.sessions.start(spec),
  ]);
  expect(new Set([first.kind, second.kind])).toEqual(new Set(["adopted", "started"]));
  expect(await terminals.sessions.start({ ...spec, attempt: 2 })).toMatchObject({
    kind: "taken",
    by: expect.stringContaining("attempt 1"),
  });
  expect(await observed()).toHaveLength(1);
});

test("task-1 is not task-10", async () => {
  await terminals.sessions.start(await terminals.spec("10", ["sleep", "60"]));
  expect(await terminals.sessions.capture("task-1", 0)).toEqual({ kind: "known", value: null });
  expect(await terminals.sessions.stop("task-1")).toBe(true);
  expect(await terminals.sessions.start(await terminals.spec("1", ["sleep", "60"]))).toMatchObject({
    kind: "started",
  });
  expect(await terminals.sessions.stop("task-1")).toBe(true);
  expect((await observed()).map(({ session }) => session.name)).toEqual(["task-10"]);
});

test("a session that a person renamed is still its task's session", async () => {
  const spec = await terminals.spec("1", ["sleep", "60"]);
  await terminals.sessions.start(spec);
  await terminals.tmux("rename-session", "-t", "=task-1", "mine");
  expect(await terminals.sessions.start(spec)).toMatchObject({ kind: "adopted" });
  expect(await terminals.sessions.stop("task-1")).toBe(true);
});

test("a person's session and panes on our server are neither counted, taken over nor ended", async () => {
  await terminals.sessions.start(await terminals.spec("1", ["sleep", "60"]));
  await terminals.tmux("new-session", "-d", "-s", "task-2", "sleep 60");
  await terminals.tmux("split-window", "-t", "=task-1:", "sleep 60");
  expect(await observed()).toHaveLength(1);
  expect(await terminals.sessions.start(await terminals.spec("2", ["sleep", "60"]))).toEqual({
    kind: "taken",
    by: "a session that Coppice did not start for this manifest",
  });
  expect(await terminals.sessions.stop("task-1")).toBe(true);
  await terminals.sessions.shutDown();
  expect(await terminals.tmux("list-panes", "-a", "-F", "#{pane_start_command}")).toBe(
    `"sleep 60"\n"sleep 60"\n`,
  );
});

test("a server with another mark, or none, is left alone", async () => {
  await terminals.tmux("new-session", "-d", "-s", "theirs", "sleep 60");
  await expect(terminals.sessions.observe()).rejects.toThrow(/was not started by Coppice/);
  const spec = await terminals.spec("1", ["sleep", "60"]);
  await expect(terminals.sessions.start(spec)).rejects.toThrow(/left alone/);
  await terminals.tmux("set-option", "-s", "@coppice", "/another/workdir");
  await expect(terminals.sessions.stop("task-1")).rejects.toThrow(/belongs to \/another\/workdir/);
  await expect(terminals.sessions.shutDown()).rejects.toThrow(/left alone/);
  expect(await terminals.tmux("list-sessions", "-F", "#{session_name}")).toBe("theirs\n");
});

test("a session of another manifest with the same workdir is neither seen nor ended, as long as that one has the task", async () => {
  const [mine, theirs] = [join(terminals.workdir, "a;\tb.json"), join(terminals.workdir, "b.json")];
  for (const path of [mine, theirs])
    await writeFile(path, JSON.stringify({ phases: [{ tasks: [{ id: "1" }] }] }));
  const here = terminals.sessionsOf({ ownership: await createOwnership(mine) });
  const there = terminals.sessionsOf({ ownership: await createOwnership(theirs) });
  const names = async (sessions: Sessions) => {
    const seen = await sessions.observe();
    return seen.kind === "known" ? seen.value.map(({ session }) => session.name) : [];
  };
  const spec = await terminals.spec("1", ["sleep", "60"]);
  await here.start(spec);
  expect([await names(here), await names(there)]).toEqual([["task-1"], []]);
  expect(await there.isAttended("task-1")).toBe(false);
  expect(await there.inject("task-1", "words", () => true)).toMatchObject({ kind: "refused" });
  expect(await there.stop("task-1")).toBe(true);
  expect(await there.start(spec)).toMatchObject({
    kind: "taken",
    by: "a session that Coppice did not start for this manifest",
  });
  await there.shutDown();
  expect(await names(here)).toEqual(["task-1"]);

  await writeFile(mine, "half a sav");
  expect(await names(there)).toEqual([]);
  await writeFile(mine, JSON.stringify({ phases: [{ tasks: [{ id: "other" }] }] }));
  expect(await names(there)).toEqual(["task-1"]);
  await rm(mine);
  expect(await names(there)).toEqual(["task-1"]);
  expect(await there.stop("task-1")).toBe(true);
  expect(await names(here)).toEqual([]);
});

test("a socket path that is too long is refused with the remedy", () => {
  expect(() =>
    createTmuxSessions({
      workdir: "/run",
      socketPath: `/${"x".repeat(99)}`,
      signalSocketPath: "/s",
      nodePath: process.execPath,
      env: {},
      processes: createProcesses(),
      lock: (_, work) => work(),
    }),
  ).toThrow(/100 bytes; 99 is the most/);
});

test("a machine without tmux is told with the remedy, for it will never answer", async () => {
  const sessions = createTmuxSessions({
    workdir: terminals.workdir,
    socketPath: terminals.socketPath,
    signalSocketPath: terminals.signalSocketPath,
    nodePath: process.execPath,
    env: { PATH: terminals.worktree },
    processes: createProcesses(),
    lock: (_, work) => work(),
  });
  await expect(sessions.observe()).rejects.toMatchObject({
    code: "program-missing",
    message: "cannot run tmux: spawn tmux ENOENT",
    hint: expect.stringContaining("Install tmux"),
  });
});

test("the agent, not its wrapper, is the pane's current command, and nothing of our environment reaches it", async () => {
  await terminals.sessions.start(await terminals.spec("1", ["sleep", "60"]));
  const seen = await until("the agent in front", async () => {
    const found = await one("task-1");
    return found?.screen.kind === "known" && found.screen.value.currentCommand === "sleep" && found;
  });
  expect(seen.screen).toMatchObject({ value: { cols: 120, rows: 30, paneDead: false } });
  expect(seen.session.cpuSeconds).toBeGreaterThanOrEqual(0);
  expect(await terminals.tmux("show-environment", "-g")).not.toContain("SECRET_TOKEN");
});

test("a missing program ends with 127, a missing directory with 97 at its own stage", async () => {
  await terminals.sessions.start(await terminals.spec("1", ["no-such-agent"]));
  await terminals.sessions.start(
    await terminals.spec("2", ["true"], { worktree: "/no/such/place" }),
  );
  expect(await exitOf("1")).toMatchObject({ stage: "agent", code: 127 });
  expect(await exitOf("2")).toMatchObject({ stage: "directory", code: 97 });
  expect((await exitOf("1")).tail.join()).toContain("no-such-agent");
});

test("a set-up runs once per worktree, and again when the worktree is a new one", async () => {
  const setup = "echo ran >> setup-runs";
  await writeFile(join(terminals.worktree, ".git"), "gitdir: elsewhere\n");
  const runs = async (attempt: number) => {
    await terminals.sessions.start(await terminals.spec("1", ["true"], { setup, attempt }));
    expect(await exitOf("1", attempt)).toMatchObject({ stage: "agent", code: 0 });
    await terminals.sessions.stop("task-1");
    return (await readFile(join(terminals.worktree, "setup-runs"), "utf8")).split("\n").length - 1;
  };
  expect([await runs(1), await runs(2)]).toEqual([1, 1]);
  await writeFile(join(terminals.worktree, ".git"), "gitdir: anew\n");
  expect(await runs(3)).toBe(2);
});

test("a set-up that fails or takes too long keeps the agent from starting", async () => {
  const touch = ["touch", "agent-ran"];
  const slow = {
    setup: ["sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60"],
    setupTimeoutSeconds: 1,
  };
  await terminals.sessions.start(await terminals.spec("1", touch, { setup: "echo no; exit 3" }));
  await terminals.sessions.start(await terminals.spec("2", touch, slow));
  expect(await exitOf("1")).toMatchObject({ stage: "setup", code: 3, tail: ["no"] });
  await until("the set-up's title", async () => {
    const found = await one("task-2");
    return found?.screen.kind === "known" && found.screen.value.title === "coppice: set-up";
  });
  expect(await exitOf("2")).toMatchObject({ stage: "setup", code: 124 });
  expect(existsSync(join(terminals.worktree, "agent-ran"))).toBe(false);
});

test("a set-up that ends at once leaves nothing of its time limit behind", async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `${index + 1}`);
  const limit = { setup: "true", setupTimeoutSeconds: 4321 };
  const specs = await Promise.all(ids.map((id) => terminals.spec(id, ["true"], limit)));
  await Promise.all(specs.map((spec) => terminals.sessions.start(spec)));
  await Promise.all(ids.map((id) => exitOf(id)));
  await until("the end of all timers", async () => {
    const { stdout } = await exec("ps", ["-axww", "-o", "args="]);
    return !stdout.includes("sleep 4321");
  });
});

test("the orchestrator's socket is told which task ended", async () => {
  const told = new Promise<string>((resolve) => {
    const server = createServer((socket) => {
      socket.setEncoding("utf8").once("data", (text: string) => {
        resolve(text);
        socket.destroy();
        server.close();
      });
    });
    server.listen(terminals.signalSocketPath);
  });
  await until("the socket", async () => existsSync(terminals.signalSocketPath));
  await terminals.sessions.start(await terminals.spec("1", ["true"]));
  expect(JSON.parse(await told)).toEqual({ taskId: "1" });
});

/** The program of a process; one of the wrapper's short ones may be gone already. */
function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "the record is written when %s hits agent and wrapper",
  async (signal) => {
    const outcome = await terminals.sessions.start(await terminals.spec("1", ["sleep", "60"]));
    if (outcome.kind !== "started") throw new Error(outcome.kind);
    const { panePid } = outcome.session;
    const agent = await until("the agent", async () => {
      const found = (await createProcesses().list()).filter((one) => one.sessionId === panePid);
      return found.find(({ pid }) => nameOf(pid) === "sleep");
    });
    // Once the agent is gone the wrapper may have ended before the signal reaches it, too.
    for (const pid of [agent.pid, agent.parentPid, panePid]) killIfThere(pid, signal);
    const number = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[signal];
    expect(await exitOf("1")).toMatchObject({ stage: "agent", code: 128 + number });
  },
);

test("Ctrl-C in the terminal reaches the agent and Ctrl-Z does not suspend it", async () => {
  await terminals.sessions.start(await terminals.spec("1", ["sleep", "60"]));
  await until("the agent in front", async () => {
    const found = await one("task-1");
    return found?.screen.kind === "known" && found.screen.value.currentCommand === "sleep";
  });
  await terminals.tmux("send-keys", "-t", "=task-1:", "C-z");
  await terminals.tmux("send-keys", "-t", "=task-1:", "C-c");
  expect(await exitOf("1")).toMatchObject({ code: 130 });
});

test("the pane of an ended agent stays, with its last screen and its exit status", async () => {
  const argv = ["sh", "-c", "printf 'last words'; exit 42"];
  await terminals.sessions.start(await terminals.spec("1", argv));
  const seen = await until("the dead pane", async () => {
    const found = await one("task-1");
    return found?.screen.kind === "known" && found.screen.value.paneDeadStatus !== null && found;
  });
  expect(seen.screen).toMatchObject({ value: { paneDead: true, paneDeadStatus: 42 } });
  expect(screenText(seen)).toContain("last words");
  expect((await exitOf("1")).tail).toEqual(["last words"]);
});

test("the log keeps the end and never more than its limit", async () => {
  const argv = await terminals.program(
    `for (let i = 0; i < 60000; i += 1) console.log("line " + i + " " + "x".repeat(40));`,
  );
  const logBytesMax = 256 * 1024;
  await terminals.sessions.start(await terminals.spec("1", argv, { logBytesMax }));
  const { tail } = await exitOf("1");
  expect(tail.at(-1)).toMatch(/^line 59999 /);
  expect(tail).toHaveLength(200);
  const path = await terminals.folders.logPath("1", 1);
  const bytes = (await stat(path)).size + (await stat(`${path}.old`)).size;
  expect(bytes).toBeLessThanOrEqual(logBytesMax);
  // The first one may be cut.
  const [, ...kept] = await terminals.folders.log("1", 1, 2000);
  const numbers = kept.map((line) => Number(line.split(" ")[1]));
  expect(numbers).toEqual(numbers.map((_, index) => 59999 - numbers.length + 1 + index));
});

test("stop ends what the session started, also under sessions of their own, and nothing else", async () => {
  const argv = await terminals.program(`
    import { spawn } from "node:child_process";
    import { writeFileSync } from "node:fs";
    process.on("SIGTERM", () => {});
    const own = spawn("sleep", ["61"], { detached: true });
    const stubborn = spawn("sh", ["-c", "trap '' TERM; while :; do sleep 1; done"]);
    const orphan = spawn("sh", ["-c", "sleep 62 & echo $!"]);
    orphan.stdout.once("data", (pid) => {
      writeFileSync("pids.json", JSON.stringify([process.pid, own.pid, stubborn.pid, Number(pid)]));
    });
    setInterval(() => {}, 1000);`);
  await terminals.sessions.start(await terminals.spec("1", argv));
  await terminals.sessions.start(await terminals.spec("2", ["sleep", "63"]));
  const file = join(terminals.worktree, "pids.json");
  const pids: number[] = await until("the processes", async () => {
    const text = existsSync(file) ? await readFile(file, "utf8") : "";
    return text.endsWith("]") && JSON.parse(text);
  });
  expect(await Promise.all(pids.map(alive))).toEqual([true, true, true, true]);
  const other = await one("task-2");
  expect(await terminals.sessions.stop("task-1")).toBe(true);
  expect(await Promise.all(pids.map(alive))).toEqual([false, false, false, false]);
  expect(await exitOf("1")).toMatchObject({ stage: "agent", code: 137 });
  expect(await alive(other?.session.panePid ?? 0)).toBe(true);
  expect((await one("task-2"))?.screen).toMatchObject({ value: { paneDead: false } });
});

test("a title that outlives its agent does not hide that the pane is dead", async () => {
  const argv = ["sh", "-c", "printf '\\033]2;⠋ busy\\tx\\007'; exec sleep 60"];
  await terminals.sessions.start(await terminals.spec("1", argv));
  const seen = await until("the title", async () => {
    const found = await one("task-1");
    return found?.screen.kind === "known" && found.screen.value.title.includes("busy") && found;
  });
  process.kill(seen.session.panePid, "SIGKILL");
  const dead = await until("the dead pane", async () => {
    const found = await one("task-1");
    return found?.screen.kind === "known" && found.screen.value.paneDead && found.screen.value;
  });
  expect(dead.title).toContain("busy");
});

test("an agent cannot forge a session by its title or its program's name", async () => {
  const forged = "x\n%9\t1\ttask-9\tnine\t1\ttasks/9";
  const argv = ["bash", "-c", `printf '\\033]2;%s\\007' "$1"; exec -a "$1" sleep 60`, "-", forged];
  await terminals.sessions.start(await terminals.spec("1", argv));
  await until("the title", async () => {
    const found = await one("task-1");
    return found?.screen.kind === "known" && found.screen.value.title.startsWith("x");
  });
  expect((await observed()).map(({ session }) => session.name)).toEqual(["task-1"]);
});

test("twenty sessions start at once and are seen by two tmux processes, unchanged ones by one", async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `t${index + 1}`);
  const specs = await Promise.all(
    ids.map((id) => terminals.spec(id, ["sh", "-c", `echo I am ${id}; exec sleep 60`])),
  );
  const outcomes = await Promise.all(specs.map((spec) => terminals.sessions.start(spec)));
  expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(["started"]));
  await until("their words", async () =>
    (await observed()).every((seen) => screenText(seen).includes(`I am ${seen.session.taskId}\n`)),
  );
  expect(new Set((await observed()).map(({ session }) => session.taskId))).toEqual(new Set(ids));
  terminals.calls.length = 0;
  const quiet = await until("a quiet second", async () => {
    terminals.calls.length = 0;
    const seen = await observed();
    return terminals.calls.length === 1 && seen;
  });
  expect(quiet.every((seen) => screenText(seen).includes(`I am ${seen.session.taskId}\n`))).toBe(
    true,
  );
  await terminals.tmux("send-keys", "-t", "=task-t7:", "-l", "typed");
  await until("the echo", async () => {
    const before = terminals.calls.length;
    const seen = (await observed()).find(({ session }) => session.taskId === "t7");
    return seen && screenText(seen).includes("typed") && terminals.calls.length - before <= 2;
  });
});

test("panes that keep changing are seen by one tmux process, also when one of them goes", async () => {
  const ids = ["t1", "t2", "t3"];
  for (const id of ids) {
    const words = `while :; do n=$((n + 1)); echo "${id} says $n"; sleep 0.05; done`;
    await terminals.sessions.start(await terminals.spec(id, ["sh", "-c", words]));
  }
  const lastOf = (seen: Observation) => Number(/.* says (\d+)/s.exec(screenText(seen))?.[1] ?? 0);
  await until("their words", async () => (await observed()).every((seen) => lastOf(seen) > 0));
  const before = new Map((await observed()).map((seen) => [seen.session.taskId, lastOf(seen)]));
  await until("newer words by one process", async () => {
    terminals.calls.length = 0;
    const seen = await observed();
    const newer = seen.every((one) => lastOf(one) > (before.get(one.session.taskId) ?? 0));
    return newer && terminals.calls.length === 1;
  });
  await terminals.tmux("kill-pane", "-t", "=task-t1:");
  expect((await observed()).map(({ session }) => session.taskId)).toEqual(["t2", "t3"]);
  await until("words of those behind it", async () =>
    (await observed()).every((one) => lastOf(one) > (before.get(one.session.taskId) ?? 0)),
  );
});

test("a hung server is unknown after the time limit, never empty, and is told by name with the remedy", async () => {
  await terminals.sessions.start(await terminals.spec("1", ["sleep", "60"]));
  const pid = Number(await terminals.tmux("display-message", "-p", "#{pid}"));
  process.kill(pid, "SIGSTOP");
  try {
    const { socketPath, sessions } = terminals;
    const [observed, started, stopped] = await Promise.allSettled([
      sessions.observe(),
      sessions.start(await terminals.spec("2", ["sleep", "60"])),
      sessions.stop("task-1"),
    ]);
    const reason = `the tmux server at ${socketPath} gives no answer within 5 s. ps -axo pid,stat,args | grep ${socketPath}`;
    expect(observed).toMatchObject({
      value: { kind: "unknown", reason: expect.stringContaining(reason) },
    });
    for (const acted of [started, stopped]) {
      expect(acted).toMatchObject({ status: "rejected", reason: { code: "tmux-silent" } });
    }
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect(await terminals.sessions.observe()).toMatchObject({ kind: "known", value: [{}] });
});

test("a socket that something removes comes back with the same sessions, also for a new orchestrator", async () => {
  const { sessions, spec, socketPath, workdir } = terminals;
  await sessions.start(await spec("1", ["sleep", "60"]));
  const [before] = await observed();
  const successor = createTmuxSessions({
    workdir,
    socketPath,
    signalSocketPath: terminals.signalSocketPath,
    nodePath: process.execPath,
    env: { PATH: process.env["PATH"] },
    processes: createProcesses(),
    lock: (_, work) => work(),
  });
  for (const eyes of [sessions, successor]) {
    await rm(socketPath);
    expect(await eyes.observe()).toMatchObject({
      kind: "known",
      value: [{ session: { panePid: before?.session.panePid } }],
    });
    expect(await eyes.start(await spec("1", ["sleep", "60"]))).toMatchObject({ kind: "adopted" });
  }
});

test("a server is never filled up to its limit of open files, at which it would answer nobody", async () => {
  const limited = await openTerminals("run", 44);
  const { sessions, spec } = limited;
  try {
    for (let number = 1; number <= 6; number += 1) {
      await sessions.start(await spec(`${number}`, ["sleep", "60"]));
    }
    await expect(sessions.start(await spec("7", ["sleep", "60"]))).rejects.toMatchObject({
      code: "too-many-sessions",
      message: expect.stringMatching(/^6 sessions are all .* 44 files open$/),
    });
    expect(await sessions.observe()).toMatchObject({ kind: "known", value: { length: 6 } });
    expect(await sessions.stop("task-6")).toBe(true);
    expect(await sessions.start(await spec("7", ["sleep", "60"]))).toMatchObject({
      kind: "started",
    });
  } finally {
    await limited.close();
  }
});

test("a killed server takes its agents with it, leaves their records, and is replaced at the next start", async () => {
  const started = await terminals.sessions.start(await terminals.spec("1", ["sleep", "60"]));
  if (started.kind !== "started") throw new Error(started.kind);
  await until("the agent in front", async () => {
    const found = await one("task-1");
    return found?.screen.kind === "known" && found.screen.value.currentCommand === "sleep";
  });
  process.kill(Number(await terminals.tmux("display-message", "-p", "#{pid}")), "SIGKILL");
  expect(await exitOf("1")).toMatchObject({ stage: "agent", code: 129 });
  await until("the end of all", async () => {
    const left = await createProcesses().list();
    return !left.some(({ sessionId }) => sessionId === started.session.panePid);
  });
  expect(await observed()).toEqual([]);
  expect(await terminals.sessions.start(await terminals.spec("2", ["sleep", "60"]))).toMatchObject({
    kind: "started",
  });
});

test("shutDown ends an empty server and leaves one with sessions alone", async () => {
  await terminals.sessions.start(await terminals.spec("1", ["sleep", "60"]));
  const pid = Number(await terminals.tmux("display-message", "-p", "#{pid}"));
  await terminals.sessions.shutDown();
  expect(await observed()).toHaveLength(1);
  await terminals.sessions.stop("task-1");
  await terminals.sessions.shutDown();
  await until("its end", async () => !(await alive(pid)));
});

test("the capture shows lines above the screen when asked", async () => {
  await terminals.sessions.start(await terminals.spec("1", ["sh", "-c", "seq 100; exec sleep 60"]));
  const seen = await until("the numbers", async () => {
    const screen = await terminals.sessions.capture("task-1", 50);
    return screen.kind === "known" && screen.value?.lines.includes("100") && screen.value;
  });
  expect(seen.lines).toHaveLength(80);
  expect(seen.lines[0]).toBe("22");
});

test("the attach command names our server and exactly this session", () => {
  expect(terminals.sessions.attachCommand("task-1").slice(-5)).toEqual([
    "-S",
    terminals.socketPath,
    "attach-session",
    "-t",
    "=task-1",
  ]);
  expect(() => terminals.sessions.attachCommand("task-#(id)")).toThrow(/cannot be the name/);
});

test("the wrapper is a script that no one can write to, under each shell that may be /bin/sh", async () => {
  await terminals.sessions.start(await terminals.spec("1", ["true"]));
  const script = join(terminals.workdir, "bin/session.sh");
  expect((await stat(script)).mode & 0o777).toBe(0o500);
  for (const shell of ["dash", "bash"]) {
    expect(await exec(shell, ["-n", script])).toMatchObject({ code: 0, stderr: "" });
  }
  await chmod(script, 0o700);
  await writeFile(script, "tampered");
  await terminals.sessions.stop("task-1");
  await terminals.sessions.start(await terminals.spec("1", ["true"], { attempt: 2 }));
  expect(await exitOf("1", 2)).toMatchObject({ code: 0 });
});

test("a workdir that vanished makes the start fail with a reason, not hang", async () => {
  const home = await realpath(await mkdtemp(join(tmpdir(), "cop-")));
  await rm(home, { recursive: true });
  const spec = await terminals.spec("1", ["true"]);
  await expect(
    terminals.sessions.start({ ...spec, taskDir: join(home, "tasks/1") }),
  ).rejects.toThrow(/not a plain folder below the workdir/);
});
