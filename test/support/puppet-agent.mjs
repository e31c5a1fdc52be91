// An agent without a will of its own: node puppet-agent.mjs SOCKET NAME. It connects to the test's socket and does
// what it is told, one JSON object a line: {id, kind, …} in, {id, value} out. It dies with the test.
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { createConnection } from "node:net";
import process, { argv, cwd, env, exit, kill, pid, stdin, stdout } from "node:process";
import { createInterface } from "node:readline";

const [PASTE_BEGINS, PASTE_ENDS, CLEAR] = ["\u0002", "\u0003", "\u0015"];
const [, , socketPath, name] = argv;
const socket = createConnection(socketPath);
socket.on("error", () => exit(70)).on("close", () => exit(70));
const tell = (message) => socket.write(`${JSON.stringify(message)}\n`);

tell({ kind: "hello", name, pid, cwd: cwd(), argv: argv.slice(4), env });
createInterface({ input: socket }).on("line", async (line) => {
  const { id, kind, ...how } = JSON.parse(line);
  tell({ id, value: (await ACTS[kind](how)) ?? null });
});

const ACTS = {
  say: ({ text }) => void stdout.write(text),
  commit: ({ path, text, subject }) => {
    appendFileSync(path, text);
    if (subject === null) return;
    execFileSync("git", ["add", "--all"]);
    const identity = ["-c", "user.name=Puppet", "-c", "user.email=puppet@example.invalid"];
    execFileSync("git", [...identity, "commit", "--quiet", "-m", subject]);
  },
  ask: ({ question }) =>
    new Promise((resolve) => {
      stdout.write(question);
      const terminal = createInterface({ input: stdin }).once("line", (answer) => {
        terminal.close();
        resolve(answer);
      });
    }),
  deafen: ({ signals }) => {
    for (const signal of signals) process.on(signal, () => tell({ kind: "signal", signal }));
  },
  detach: () => spawn("sleep", ["600"], { detached: true, stdio: "ignore" }).pid,
  compose: () => openComposer(),
  // The answer would come too late: the test sees the socket close.
  exit: ({ code }) => exit(code),
  crash: () => kill(pid, "SIGKILL"),
};

/** A composer as agents have it: bracketed paste, Enter sends, the sent text is told, C-u clears. */
function openComposer() {
  let draft = "";
  let pasting = false;
  const draw = () => stdout.write(`\r\u001b[J› ${draft.replaceAll("\n", "\r\n  ")}`);
  const press = (key) => {
    if (key === PASTE_BEGINS || key === PASTE_ENDS) pasting = key === PASTE_BEGINS;
    else if (key === CLEAR) draft = "";
    else if (key !== "\r" || pasting) draft += key === "\r" ? "\n" : key;
    else {
      tell({ kind: "sent", text: draft });
      draft = "";
    }
  };
  stdin.setRawMode?.(true);
  stdin.setEncoding("utf8").on("data", (keys) => {
    const marked = keys
      .replaceAll("\u001b[200~", PASTE_BEGINS)
      .replaceAll("\u001b[201~", PASTE_ENDS);
    for (const key of marked) press(key);
    draw();
  });
  stdout.write("\u001b[?2004h");
  draw();
}
