import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ExecResult, exec } from "../../src/adapters/exec.ts";
import { createCodexAccount, installCodex } from "../support/codex.ts";
import {
  type ModelRequest,
  type ModelServer,
  type ModelServerOptions,
  startModelServer,
} from "../support/model-server.ts";

const codex = await installCodex();
let dir: string;
let server: ModelServer;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "coppice-model-"));
  server = await startModelServer();
});

afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

describe("with the real Codex", () => {
  beforeEach(({ skip }) => {
    if (codex.kind === "unavailable") skip(`Codex cannot be installed: ${codex.reason}`);
  });

  test("a script of a patch, a command and closing words is carried out", async () => {
    server.play({
      matches: about("write the greeting"),
      steps: [
        {
          kind: "patch",
          say: "I add the file.",
          patch: "*** Begin Patch\n*** Add File: hello.txt\n+hello\n*** End Patch\n",
        },
        { kind: "call", tool: "exec_command", args: { cmd: "cp hello.txt copy.txt" } },
        { kind: "say", reasoning: "**Finishing**", text: "Both files are there." },
      ],
    });

    const run = await codexExec("work", "write the greeting");

    expect(run.stdout).toContain("Both files are there.");
    expect(run.code).toBe(0);
    expect(await readFile(join(dir, "work/copy.txt"), "utf8")).toBe("hello\n");
    expect(server.requests.at(-1)?.toolOutputs).toHaveLength(2);
    expect(server.inFlight).toBe(0);
  });

  test("two agents at once each get the script of their own prompt", async () => {
    for (const name of ["alpha", "beta"]) {
      const cmd = `echo ${name} > name.txt`;
      server.play({
        matches: about(`task ${name}`),
        steps: [
          { kind: "call", tool: "exec_command", args: { cmd } },
          { kind: "say", text: `${name} is done` },
        ],
      });
    }

    const runs = await Promise.all(
      ["alpha", "beta"].map((name) => codexExec(name, `task ${name}`)),
    );

    expect(runs.map((run) => run.stdout.trim())).toEqual(["alpha is done", "beta is done"]);
    expect(await readFile(join(dir, "alpha/name.txt"), "utf8")).toBe("alpha\n");
    expect(await readFile(join(dir, "beta/name.txt"), "utf8")).toBe("beta\n");
  });

  test("a dropped stream and a stream that fails are asked again", async () => {
    server.play({
      matches: () => true,
      steps: [
        { kind: "drop", text: "I was about to" },
        { kind: "stream-error", code: "server_error", message: "out of breath" },
        { kind: "say", text: "Here I am." },
      ],
    });

    const run = await codexExec("work", "go");

    expect(run.stdout).toContain("Here I am.");
    expect(server.requests).toHaveLength(3);
  });

  test("an HTTP error reaches the agent with its status and message", async () => {
    server.play({
      matches: () => true,
      steps: [{ kind: "http-error", status: 400, message: "no such thing" }],
    });

    const run = await codexExec("work", "go");

    expect(run.code).toBe(1);
    expect(run.stderr).toContain("no such thing");
  });
});

test("a hanging answer is in flight until the agent leaves", async () => {
  server.play({ matches: () => true, steps: [{ kind: "hang" }] });
  const leaving = new AbortController();
  const asking = ask("lane", {}, leaving.signal).catch((error: unknown) => error);
  await server.asked((request) => request.lane === "lane");
  expect(server.inFlight).toBe(1);

  leaving.abort();

  expect(await asking).toHaveProperty("name", "AbortError");
  await expect.poll(() => server.inFlight).toBe(0);
});

test("an answer waits for its door and carries its headers", async () => {
  const order: string[] = [];
  server.play({
    matches: () => true,
    steps: [
      {
        kind: "say",
        text: "late",
        headers: () => ({ "x-codex-primary-used-percent": "95" }),
        after: async () => {
          await delay(20);
          order.push("door");
        },
      },
    ],
  });

  const response = await ask("lane");
  order.push("answer");

  expect(order).toEqual(["door", "answer"]);
  expect(response.headers.get("x-codex-primary-used-percent")).toBe("95");
  expect(await response.text()).toContain("event: response.completed");
});

test("an errand is answered without taking a step of the script", async () => {
  server.play({ matches: () => true, steps: [{ kind: "say", text: "the one step" }] });
  const errand = await ask("lane", { text: { format: { type: "json_schema" } } });
  expect(await errand.text()).not.toContain("the one step");

  const turn = await ask("lane");

  expect(await turn.text()).toContain("the one step");
});

test("a request that no script expects is answered by the responder", async () => {
  const respond: ModelServerOptions["respond"] = (request) => ({
    kind: "say",
    text: `${request.lane} asked for ${request.model}`,
  });
  const talkative = await startModelServer({ respond });
  try {
    const response = await ask("lane-7", {}, undefined, talkative);
    expect(await response.text()).toContain("lane-7 asked for gpt-5.5");
  } finally {
    await talkative.close();
  }
});

test.each([
  ["another path", "/lane/v1/chat/completions", "{}"],
  ["a body that is no request", "/lane/v1/responses", '{"model":3}'],
  ["a body that is no JSON", "/lane/v1/responses", "model: x"],
])("%s is refused and not recorded", async (_case, path, body) => {
  const response = await fetch(server.url + path, { method: "POST", body });
  expect(response.status).toBe(400);
  expect(server.requests).toEqual([]);
});

const about = (words: string) => (request: ModelRequest) =>
  request.userTexts.some((text) => text.includes(words));

function ask(
  lane: string,
  more: object = {},
  signal: AbortSignal | undefined = undefined,
  to: ModelServer = server,
): Promise<Response> {
  const body = { model: "gpt-5.5", stream: true, input: [], ...more };
  return fetch(`${to.url}/${lane}/v1/responses`, {
    method: "POST",
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Runs Codex to its end in a fresh repository `name`. */
async function codexExec(name: string, prompt: string): Promise<ExecResult> {
  if (codex.kind === "unavailable") throw new Error(codex.reason);
  const work = join(dir, name);
  const account = await createCodexAccount(join(dir, `${name}-account`), codex.program, server.url);
  await exec("git", ["init", "--quiet", work]);
  const flags = ["--dangerously-bypass-approvals-and-sandbox", "--cd", work];
  return exec(join(account.binDir, "codex"), ["exec", ...flags, prompt]);
}
