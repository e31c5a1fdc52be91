import { known, type LaunchFact } from "../../../src/classify/evidence.ts";
import type { ExecutionContext, ExecutorPorts } from "../../../src/executor/context.ts";
import type { Manifest } from "../../../src/manifest/manifest.ts";
import type { PullRequestSpec } from "../../../src/ports/forge.ts";
import type { SessionSpec } from "../../../src/ports/sessions.ts";
import { NOW } from "../decision.ts";
import { FORK, gitFact, HEAD, pullRequest, sessionFact } from "../facts.ts";

/** Answers that differ from "all went well", by port and method. */
export type Answers = { readonly [Port in keyof ExecutorPorts]?: Partial<ExecutorPorts[Port]> };

/** What was asked of the ports, in order, and the ports themselves. */
export interface ExecutorWorld {
  /** `port.method first-argument`, e.g. `sessions.stop task-t1`. */
  readonly calls: string[];
  readonly prompts: string[];
  readonly launches: LaunchFact[];
  readonly started: SessionSpec[];
  readonly opened: PullRequestSpec[];
  readonly context: ExecutionContext;
}

/** A world in which everything succeeds but what `answers` says. */
export function executorWorld(
  manifest: Manifest,
  answers: Answers = {},
  env: Readonly<Record<string, string>> = {},
): ExecutorWorld {
  const calls: string[] = [];
  const prompts: string[] = [];
  const launches: LaunchFact[] = [];
  const started: SessionSpec[] = [];
  const opened: PullRequestSpec[] = [];
  const ports: ExecutorPorts = {
    sessions: {
      observe: async () => known([]),
      start: async (spec) => {
        started.push(spec);
        const { name, taskId, attempt } = spec;
        return { kind: "started", session: sessionFact({ name, taskId, attempt }) };
      },
      capture: async () => known(null),
      inject: async () => ({ kind: "sent" }),
      press: async () => ({ kind: "sent" }),
      isAttended: async () => false,
      stop: async () => true,
      attachCommand: (name) => ["tmux", "attach", "-t", name],
      shutDown: async () => undefined,
    },
    folders: {
      folder: async (taskId) => `/w/tasks/${taskId}`,
      launched: async () => [],
      writePrompt: async (taskId, attempt, text) => {
        prompts.push(text);
        return `/w/tasks/${taskId}/prompt.${attempt}.md`;
      },
      recordLaunch: async (_, launch) => {
        launches.push(launch);
      },
      launch: async () => known(null),
      exit: async () => known(null),
      recordVerifyStart: async (taskId, sha) => `/w/tasks/${taskId}/verify.${sha}`,
      verify: async () => known(null),
      signals: async () => known([]),
      log: async () => [],
      logPath: async (taskId, attempt) => `/w/tasks/${taskId}/log.${attempt}`,
    },
    repository: {
      root: "/r",
      stateDir: "/r/.git/coppice",
      baseBranch: async (asked) => asked ?? "main",
      remoteUrl: async () => "/origin.git",
      commitIdentity: async () => null,
      listFiles: async () => [],
      fetch: async () => ({ kind: "fetched" }),
      ensureWorktree: async ({ path }) => ({
        kind: "ready",
        path,
        forkPoint: FORK,
        from: null,
        created: true,
      }),
      probe: async () => known(gitFact()),
      conflicts: async (pairs) => known(pairs.map(() => known([]))),
      mergesOnto: async () => known({ tip: "f".repeat(40), files: [] }),
      summary: async (headSha) => ({ headSha, commits: [], files: [] }),
      push: async ({ sha }) => ({ kind: "pushed", sha }),
      preserve: async () => [],
      removeWorktree: async () => ({ kind: "removed" }),
      isContained: async () => known(false),
    },
    forge: {
      kind: "local",
      listIssues: async () => [],
      issueStates: async () => new Map(),
      openPullRequests: async () => [],
      pullRequests: async () => known(new Map()),
      checks: async () => new Map(),
      openPullRequest: async (spec) => {
        opened.push(spec);
        return { kind: "opened", pullRequest: pullRequest({ headSha: HEAD }), notes: [] };
      },
    },
    conversations: { find: async () => null },
    history: { finished: async () => [], record: async () => ({ kind: "recorded" }) },
    clock: {
      now: () => NOW,
      steady: () => NOW,
      utcOffsetMinutes: () => 0,
      sleep: async () => undefined,
    },
    host: {
      cores: 2,
      freeMemoryBytes: 2 ** 33,
      which: async () => null,
      version: async () => null,
      freeDiskBytes: async () => null,
      env: (name) => env[name],
      randomHex: (bytes) => "ab".repeat(bytes),
      nodeVersion: "v20.20.2",
      homeDir: "/home/person",
    },
  };
  const noted = <Port extends object>(name: string, port: Port, answer: object = {}): Port =>
    new Proxy(
      { ...port, ...answer },
      {
        get(target, key, receiver) {
          const found: unknown = Reflect.get(target, key, receiver);
          if (typeof found !== "function") return found;
          return (...words: unknown[]) => {
            const [first] = words;
            calls.push(`${name}.${String(key)}${typeof first === "string" ? ` ${first}` : ""}`);
            return found.apply(target, words);
          };
        },
      },
    );
  return {
    calls,
    prompts,
    launches,
    started,
    opened,
    context: {
      manifest,
      workdir: "/w",
      ports: {
        sessions: noted("sessions", ports.sessions, answers.sessions),
        folders: noted("folders", ports.folders, answers.folders),
        repository: noted("repository", ports.repository, answers.repository),
        forge: noted("forge", ports.forge, answers.forge),
        conversations: noted("conversations", ports.conversations, answers.conversations),
        history: noted("history", ports.history, answers.history),
        clock: { ...ports.clock, ...answers.clock },
        host: { ...ports.host, ...answers.host },
      },
    },
  };
}
