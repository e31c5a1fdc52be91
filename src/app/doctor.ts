import type { Agent } from "../agents/agent.ts";
import { agentByName, agentNames } from "../agents/catalog.ts";
import { judgeVersion } from "../agents/versions.ts";
import { unreachable } from "../manifest/errors.ts";
import type { Host } from "../ports/host.ts";

/** One thing that was looked at. `fix` says what to do; empty when all is well. */
export interface Finding {
  readonly subject: string;
  readonly state: "ok" | "note" | "problem";
  readonly detail: string;
  readonly fix: string;
}

/** Who the forge takes us for. */
export type TokenCheck =
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly reason: string }
  | {
      readonly kind: "valid";
      readonly login: string;
      readonly scopes: readonly string[] | null;
      /** Why nothing else is asked of the forge now; null: nothing holds it. */
      readonly held: string | null;
      /** Why requests are not counted together with those of other runs; null: they are. */
      readonly uncounted: string | null;
    };

export interface DoctorPorts {
  readonly host: Host;
  /** Absolute folder whose disk is looked at. */
  readonly workdir: string;
  readonly checkToken: () => Promise<TokenCheck>;
}

const DISK_MIN_BYTES = 2 * 2 ** 30;

/** Looks at everything that a run needs; each missing thing comes with its remedy. */
export async function doctor(ports: DoctorPorts): Promise<readonly Finding[]> {
  const { host } = ports;
  return [
    node(host),
    await git(host),
    await tmux(host),
    ...(await agents(host)),
    ...(await token(ports)),
    await disk(ports),
  ];
}

function node(host: Host): Finding {
  const version = numbersOf(host.nodeVersion);
  return atLeast(version, [20, 19])
    ? ok("node", host.nodeVersion)
    : problem("node", host.nodeVersion, "Install Node.js 20.19 or newer.");
}

async function git(host: Host): Promise<Finding> {
  const line = await host.version("git", ["--version"]);
  if (line === null) return problem("git", "not found", "Install git 2.38 or newer.");
  return atLeast(numbersOf(line), [2, 38])
    ? ok("git", line)
    : problem(
        "git",
        line,
        "Install git 2.38 or newer: merges of parent branches need its merge-tree.",
      );
}

async function tmux(host: Host): Promise<Finding> {
  const line = await host.version("tmux", ["-V"]);
  if (line === null) {
    return problem(
      "tmux",
      "not found",
      "Install tmux 3.2 or newer, e.g. apt-get install tmux or brew install tmux.",
    );
  }
  const version = numbersOf(line);
  if (!atLeast(version, [3, 2])) return problem("tmux", line, "Install tmux 3.2 or newer.");
  return atLeast(version, [3, 6])
    ? ok("tmux", line)
    : note(
        "tmux",
        `${line}: before 3.6 it can lose the end of a pane`,
        "Nothing to do: exit records of the session wrapper are used instead.",
      );
}

async function agents(host: Host): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const name of agentNames) {
    const agent = agentByName(name);
    const binary = agent?.binaries[0];
    if (agent === undefined || binary === undefined) continue;
    const path = await host.which(binary);
    if (path === null) {
      findings.push(note(`agent ${name}`, "not found", agent.install));
      continue;
    }
    const version = await host.version(binary, agent.versionArgv);
    findings.push(
      version === null
        ? problem(`agent ${name}`, `${path} does not say its version`, agent.install)
        : agentFinding(agent, version, path),
    );
  }
  return findings.some((finding) => finding.detail !== "not found")
    ? findings
    : [
        ...findings,
        note(
          "agents",
          "no known agent is installed",
          'Install one of them, or use "agent": "command" with a program of your own.',
        ),
      ];
}

function agentFinding(agent: Agent, version: string, path: string): Finding {
  const subject = `agent ${agent.name}`;
  const judged = judgeVersion(agent, version);
  switch (judged.kind) {
    case "known":
    case "untold":
      return ok(subject, `${version} (${path})`);
    case "never-seen":
      return note(
        subject,
        `${version} (${path}) is ${judged.why}`,
        "Nothing to do: it is started and read like those. coppice record keeps a screen that is read wrongly.",
      );
    case "unsupported":
      return problem(subject, `${judged.why} (${path})`, judged.remedy);
    default:
      return unreachable(judged);
  }
}

async function token(ports: DoctorPorts): Promise<readonly Finding[]> {
  const check = await ports.checkToken();
  const { held, uncounted } = check.kind === "valid" ? check : { held: null, uncounted: null };
  const wait = "Nothing to do: runs wait until then.";
  const mend = "Mend that file or folder; until then runs together may reach GitHub's limit.";
  return [
    tokenFinding(check),
    ...(held === null ? [] : [note("GitHub limit", held, wait)]),
    ...(uncounted === null ? [] : [note("GitHub limit", uncounted, mend)]),
  ];
}

function tokenFinding(check: TokenCheck): Finding {
  switch (check.kind) {
    case "none":
      return note(
        "GitHub token",
        "none",
        "Set GITHUB_TOKEN or run gh auth login; the local forge needs none.",
      );
    case "refused":
      return problem(
        "GitHub token",
        check.reason,
        'Make a new token with Contents, Issues and Pull requests (read and write); for "checks": "tell" also with Checks, Commit statuses and Actions (read), or a classic one with the scope repo.',
      );
    case "valid": {
      const { scopes } = check;
      if (scopes === null)
        return ok(
          "GitHub token",
          `${check.login}, fine-grained (its rights are seen at the first push)`,
        );
      const enough = scopes.includes("repo") || scopes.includes("public_repo");
      const detail = `${check.login}, scopes ${scopes.join(", ") || "none"}`;
      return enough
        ? ok("GitHub token", detail)
        : problem("GitHub token", detail, "Give it the scope repo (or public_repo).");
    }
  }
}

async function disk(ports: DoctorPorts): Promise<Finding> {
  const free = await ports.host.freeDiskBytes(ports.workdir);
  if (free === null) return note("disk", `cannot tell for ${ports.workdir}`, "Look with df.");
  const detail = `${(free / 2 ** 30).toFixed(1)} GiB free for ${ports.workdir}`;
  return free >= DISK_MIN_BYTES
    ? ok("disk", detail)
    : problem(
        "disk",
        detail,
        "Free some space, or choose another --workdir: each task has a worktree of its own.",
      );
}

const ok = (subject: string, detail: string): Finding => ({
  subject,
  state: "ok",
  detail,
  fix: "",
});
const note = (subject: string, detail: string, fix: string): Finding => ({
  subject,
  state: "note",
  detail,
  fix,
});
const problem = (subject: string, detail: string, fix: string): Finding => ({
  subject,
  state: "problem",
  detail,
  fix,
});

const numbersOf = (text: string): readonly number[] =>
  (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? "0").split(".").map(Number);

function atLeast(version: readonly number[], wanted: readonly number[]): boolean {
  for (const [index, part] of wanted.entries()) {
    const have = version[index] ?? 0;
    if (have !== part) return have > part;
  }
  return true;
}
