import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** A real process that plays an agent and does what the test tells it. */
export interface Puppet {
  readonly hello: PuppetHello;
  /** Writes to the terminal, escape sequences and all. */
  say(text: string): Promise<void>;
  /** Appends to a file of the worktree, and commits everything unless `subject` is null. */
  commit(path: string, text: string, subject: string | null): Promise<void>;
  /** Does a whole task: commits one file named like it, and ends well. */
  finish(taskId: string): Promise<void>;
  /** Writes the question and resolves with the line that is typed. */
  ask(question: string): Promise<string>;
  /** Lives on when these signals arrive; `heard` has them. */
  deafen(...signals: NodeJS.Signals[]): Promise<void>;
  /** Starts a process in a session of its own and resolves with its id. */
  detach(): Promise<number>;
  /** Opens a composer with bracketed paste; `sent` has what is sent with Enter. */
  compose(): Promise<void>;
  readonly heard: readonly string[];
  readonly sent: readonly string[];
  /** These resolve when the process is gone. */
  exit(code: number): Promise<void>;
  crash(): Promise<void>;
  readonly gone: Promise<void>;
}

/** Where the puppets of one test report; `argv` is what an orchestrator launches. */
export interface PuppetStage {
  argv(name: string, ...more: string[]): readonly string[];
  /** The next puppet of that name, whether it has come already or not. */
  enter(name: string): Promise<Puppet>;
  close(): Promise<void>;
}

const Hello = z.object({
  kind: z.literal("hello"),
  name: z.string(),
  pid: z.number(),
  cwd: z.string(),
  argv: z.array(z.string()),
  env: z.record(z.string(), z.string()),
});
type PuppetHello = z.infer<typeof Hello>;
const Message = z.union([
  Hello,
  z.object({ kind: z.literal("signal"), signal: z.string() }),
  z.object({ kind: z.literal("sent"), text: z.string() }),
  z.object({ id: z.number(), value: z.unknown() }),
]);

const PROGRAM = fileURLToPath(new URL("./puppet-agent.mjs", import.meta.url));

/** Opens a stage; its socket is made in `dir`. */
export async function openPuppetStage(dir: string): Promise<PuppetStage> {
  const path = join(dir, "puppets.sock");
  const present: Puppet[] = [];
  const waiting: { name: string; take: (puppet: Puppet) => void }[] = [];
  const sockets = new Set<Socket>();

  const welcome = (puppet: Puppet): void => {
    const at = waiting.findIndex((it) => it.name === puppet.hello.name);
    const [waiter] = at < 0 ? [] : waiting.splice(at, 1);
    if (waiter === undefined) present.push(puppet);
    else waiter.take(puppet);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    listenTo(socket, welcome);
  });
  server.listen(path);
  await once(server, "listening");

  return {
    argv: (name, ...more) => [process.execPath, PROGRAM, path, name, ...more],
    enter: (name) => {
      const at = present.findIndex((puppet) => puppet.hello.name === name);
      const [puppet] = at < 0 ? [] : present.splice(at, 1);
      if (puppet !== undefined) return Promise.resolve(puppet);
      return new Promise((take) => {
        waiting.push({ name, take });
      });
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
      await rm(path, { force: true });
    },
  };
}

function listenTo(socket: Socket, welcome: (puppet: Puppet) => void): void {
  const answers = new Map<number, (value: unknown) => void>();
  const heard: string[] = [];
  const sent: string[] = [];
  const gone = once(socket, "close").then(() => undefined);
  let asked = 0;

  const order = (kind: string, how: object = {}): Promise<unknown> => {
    const id = ++asked;
    socket.write(`${JSON.stringify({ id, kind, ...how })}\n`);
    return new Promise((resolveAnswer, reject) => {
      answers.set(id, resolveAnswer);
      void gone.then(() => reject(new Error(`the puppet is gone and cannot ${kind}`)));
    });
  };
  const end = async (kind: string, how: object = {}): Promise<void> => {
    socket.write(`${JSON.stringify({ id: ++asked, kind, ...how })}\n`);
    await gone;
  };

  createInterface({ input: socket }).on("line", (line) => {
    const message = Message.parse(JSON.parse(line));
    if ("id" in message) answers.get(message.id)?.(message.value);
    else if (message.kind === "signal") heard.push(message.signal);
    else if (message.kind === "sent") sent.push(message.text);
    else welcome(puppetOf(message));
  });
  // A killed process may reset the connection; `close` follows and is what counts.
  socket.on("error", () => undefined);

  const commit: Puppet["commit"] = async (path, text, subject) =>
    void (await order("commit", { path, text, subject }));

  const puppetOf = (hello: PuppetHello): Puppet => ({
    hello,
    heard,
    sent,
    gone,
    say: async (text) => void (await order("say", { text })),
    commit,
    async finish(taskId) {
      await commit(`${taskId}.txt`, "done\n", `Work on ${taskId}`);
      await end("exit", { code: 0 });
    },
    ask: async (question) => z.string().parse(await order("ask", { question })),
    deafen: async (...signals) => void (await order("deafen", { signals })),
    detach: async () => z.number().parse(await order("detach")),
    compose: async () => void (await order("compose")),
    exit: (code) => end("exit", { code }),
    crash: () => end("crash"),
  });
}
