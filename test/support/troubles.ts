import { expect } from "vitest";
import {
  type AgentName,
  agentProcess,
  carryOut,
  deeds,
  deedsOnWork,
  disturbances,
  door,
  runs,
  SHELL,
  type Stage,
  taskOf,
  worksOn,
} from "./agent-stage.ts";
import type { ModelRequest, ModelStep } from "./model-server.ts";
import type { ManifestText } from "./workplace.ts";

/** One agent, and what happens to it. */
export interface Role {
  readonly agent: AgentName;
  readonly trouble: keyof typeof TROUBLES;
  readonly mode?: "headless";
}

/** What the model answers, and what Coppice is to do about it between start and delivery. */
interface Trouble {
  readonly steps: readonly ModelStep[];
  /** What the agent does once it is told these words. */
  readonly told?: { readonly words: string; readonly steps: readonly ModelStep[] };
  readonly deeds: readonly (string | RegExp)[];
  /** The agent is killed when its first command has ended; what that command did is delivered. */
  readonly killed?: true;
  /** It is given up while a request of it is under way. */
  readonly givenUp?: true;
}

/** What befalls every agent that shows a terminal and gives up on a server by itself. */
export const USUAL_TROUBLES = [
  "a long silent command",
  "words that stop before the turn does",
  "a question at the end",
  "no commit",
  "a server that fails until the agent gives up",
  "a full context",
  "a stream that breaks off",
  "files left uncommitted",
  "an agent that is killed",
  "a limit that the agent waits out",
] as const satisfies readonly (keyof typeof TROUBLES)[];

interface Played {
  readonly agent: AgentName;
  readonly headless: boolean;
  /** The end of every trouble. */
  readonly work: readonly ModelStep[];
  /** Open when the silent command has ended. */
  readonly speakOn: () => Promise<void>;
}

const TROUBLES = {
  "normal work": ({ work }) => ({ steps: work, deeds: [] }),
  "a long silent command": ({ agent, work }) => ({
    steps: [runs(agent, SILENT[agent]), ...work],
    deeds: [],
  }),
  "words that stop before the turn does": ({ agent, work, speakOn }) => ({
    steps: [
      {
        kind: "say",
        text: "All tests passed. Everything is committed. Done!",
        pause: speakOn,
        call: SHELL[agent]("true"),
      },
      ...work,
    ],
    deeds: [],
  }),
  "a question at the end": ({ work, headless }) => ({
    steps: [{ kind: "say", text: "Shall I use tabs or spaces?" }, ...work],
    deeds: [
      headless
        ? /^nudge: ended with a question: Shall I use tabs or spaces\?/
        : "nudge: asks: Shall I use tabs or spaces?",
    ],
  }),
  "no commit": ({ work }) => ({
    steps: [{ kind: "say", text: "All tests passed. Done!" }, ...work],
    deeds: ["nudge: ended without a commit"],
  }),
  "files left uncommitted": ({ agent, work }) => ({
    steps: [runs(agent, "echo x > left.txt"), { kind: "say", text: "I added the file." }, ...work],
    deeds: ["nudge: ended with uncommitted files (left.txt)"],
  }),
  "a server that fails until the agent gives up": ({ agent, work, headless }) => ({
    steps: Array<ModelStep>(60).fill(FAULTS.outage[agent]),
    told: { words: "The connection failed", steps: work },
    deeds: [
      headless
        ? /^nudge: exit code 1; the turn ended with an error: /
        : /^nudge: the turn ended with an error/,
    ],
  }),
  "a server that fails longer than the policy waits": ({ agent, work }) => ({
    steps: Array<ModelStep>(60).fill(FAULTS.outage[agent]),
    told: {
      words: ON_REVIVAL[agent].length > 0 ? "Please read the file" : "Please go on with the task",
      steps: work,
    },
    deeds: [/^resume: retries after an error: .*out of order/, ...ON_REVIVAL[agent]],
    givenUp: true,
  }),
  "a request that fails": ({ agent, work }) => ({
    steps: [runs(agent, "true"), ...Array<ModelStep>(60).fill(FAULTS.malformed)],
    told: { words: "The connection failed", steps: work },
    deeds: [/^nudge: the turn ended with an error: .*malformed/],
  }),
  "a full context": ({ agent, work }) => ({
    steps: [FAULTS.overflow[agent], ...work],
    deeds: ["restart: the agent's context is full"],
  }),
  "a stream that breaks off": ({ work }) => ({
    steps: [{ kind: "drop", text: "I was about to" }, ...work],
    deeds: [],
  }),
  "a limit that the agent waits out": ({ agent, work }) => ({
    steps: [FAULTS.shortLimit[agent], ...work],
    deeds: [],
  }),
  "a limit at which the agent ends": ({ agent, work }) => ({
    steps: [
      ...Array<ModelStep>(LIMITED_TIMES[agent]).fill({
        kind: "http-error",
        status: 429,
        type: "rate_limit_error",
        message: "Too many requests",
      }),
      ...work,
    ],
    deeds: [/^nudge: exit code 1; the turn ended with an error: .*429/],
  }),
  "an agent that is killed": ({ agent, work, headless }) => ({
    steps: [runs(agent, "echo half > half.txt"), { kind: "hang" }, ...work],
    deeds: [/^resume: ended with exit code 137/, ...(headless ? [] : ON_REVIVAL[agent])],
    killed: true,
  }),
  "a model that never answers": ({ work }) => ({
    steps: [{ kind: "hang" }, ...work],
    deeds: [/^resume: no progress/],
    givenUp: true,
  }),
} satisfies Readonly<Record<string, (played: Played) => Trouble>>;

/** Claude Code refuses a bare `sleep`. */
const SILENT: Readonly<Record<AgentName, string>> = {
  codex: "sleep 12",
  claude: `node -e "setTimeout(() => undefined, 12_000)"`,
  gemini: "sleep 8",
  opencode: "sleep 8",
  qwen: "sleep 8",
};

/** Requests that are refused until an agent without a terminal gives up. */
const LIMITED_TIMES: Readonly<Record<AgentName, number>> = {
  codex: 1,
  claude: 3,
  gemini: 2,
  opencode: 1,
  qwen: 1,
};

/** opencode does not send the words that are given to a resumed conversation at its start: it is told them again. */
const ON_REVIVAL: Readonly<Record<AgentName, readonly string[]>> = {
  codex: [],
  claude: [],
  gemini: [],
  opencode: ["nudge: the task never reached the agent"],
  qwen: [],
};

const error = (status: number, message: string, more: object = {}): ModelStep => ({
  kind: "http-error",
  status,
  message,
  ...more,
});
/** Gemini's API repeats the status in the body. */
const geminiError = (status: number, message: string, type?: string): ModelStep =>
  error(status, message, { more: { code: status }, ...(type === undefined ? {} : { type }) });
const OUT_OF_ORDER = error(500, "out of order", { type: "api_error" });

/** Failures of the model as each agent's own API words them. */
const FAULTS = {
  outage: {
    codex: OUT_OF_ORDER,
    claude: OUT_OF_ORDER,
    gemini: geminiError(500, "out of order"),
    opencode: OUT_OF_ORDER,
    qwen: OUT_OF_ORDER,
  },
  malformed: geminiError(400, "malformed"),
  overflow: {
    codex: {
      kind: "stream-error",
      code: "context_length_exceeded",
      message: "Your input exceeds the context window of this model.",
    },
    claude: error(400, "prompt is too long: 210000 tokens > 200000 maximum", {
      type: "invalid_request_error",
    }),
    gemini: geminiError(
      400,
      "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
      "INVALID_ARGUMENT",
    ),
    opencode: error(400, "This model's maximum context length is 128000 tokens."),
    qwen: error(400, "This model's maximum context length is 128000 tokens."),
  },
  shortLimit: {
    codex: {
      kind: "stream-error",
      code: "rate_limit_exceeded",
      message: "Rate limit reached for gpt-5.5. Please try again in 3s.",
    },
    claude: error(429, "This request would exceed your rate limit.", {
      type: "rate_limit_error",
      headers: () => ({ "retry-after": "4" }),
    }),
    gemini: geminiError(429, "Resource exhausted, please retry in 3s.", "RESOURCE_EXHAUSTED"),
    opencode: error(429, "Rate limit reached.", { headers: () => ({ "retry-after": "4" }) }),
    qwen: error(429, "Rate limit reached.", { headers: () => ({ "retry-after": "4" }) }),
  },
  badKey: {
    codex: error(401, "Incorrect API key"),
    claude: error(401, "invalid bearer token", { type: "authentication_error" }),
    gemini: geminiError(401, "API key not valid.", "UNAUTHENTICATED"),
    opencode: error(401, "Incorrect API key"),
    qwen: error(401, "Incorrect API key"),
  },
} as const satisfies Readonly<Record<string, ModelStep | Readonly<Record<AgentName, ModelStep>>>>;

const RUN = ["run", "--json", "--interval", "1"];

/**
 * Each agent meets its trouble, all at once unless `maxParallel` says less: what Coppice does is what the table says, nothing is done to one at work, and all
 * work is delivered. `coppiceDies`: it is killed when all have begun, and started again.
 */
export async function expectHealed(
  { place, model, env }: Stage,
  roles: readonly Role[],
  more: ManifestText & { readonly coppiceDies?: true } = {},
): Promise<void> {
  const { coppiceDies, ...manifest } = more;
  const begin = door();
  const speakOn = door();
  const cast = roles.map(({ agent, trouble, mode }, index) => {
    const headless = mode === "headless";
    const work = carryOut(agent, index + 1);
    const play: (played: Played) => Trouble = TROUBLES[trouble];
    return {
      ...{ agent, trouble, headless, issue: index + 1, id: `t${index + 1}` },
      ...play({ agent, headless, work, speakOn: speakOn.opened }),
    };
  });
  for (const { issue, steps, told } of cast) {
    const matches = worksOn(issue);
    if (told) model.play({ matches: hasBeenTold(issue, told.words), steps: told.steps });
    const [first, ...rest] = steps;
    model.play({ matches, steps: first ? [{ ...first, after: begin.opened }, ...rest] : [] });
  }
  await place.plan(
    {
      maxParallel: cast.length + 1,
      ...manifest,
      // A session that stands still is told by its last reading, before the test's time is up.
      policy: {
        ...{ backoffSeconds: 1, rateLimitPauseMinutes: 0.05, stallAfterMinutes: 3 },
        ...manifest.policy,
      },
    },
    cast.map(({ issue, trouble, agent, headless }) => ({
      ...taskOf(issue, trouble),
      agent,
      ...(headless ? { mode: "headless" as const } : {}),
    })),
  );

  if (coppiceDies) {
    const killed = place.start(RUN, env);
    await Promise.all(cast.map(({ issue }) => model.asked(worksOn(issue))));
    killed.signal("SIGKILL");
    await killed.ended;
  }
  const run = place.start(RUN, env);
  begin.open();
  // A run that ends too early is told by what it did.
  const asked = (matches: (request: ModelRequest) => boolean) =>
    Promise.race([model.asked(matches), run.ended]);
  const hasRun = (issue: number) => (request: ModelRequest) =>
    worksOn(issue)(request) && request.toolOutputs.length > 0;
  for (const { issue, id } of cast.filter(({ killed }) => killed)) {
    await asked(hasRun(issue));
    process.kill(await agentProcess(place, id), "SIGKILL");
  }
  const silent = cast.find(({ trouble }) => trouble === "a long silent command");
  if (silent) await asked(hasRun(silent.issue));
  speakOn.open();
  const { code, stderr } = await run.ended;

  const seen = await Promise.all(
    cast.map(async ({ trouble, agent, headless, id }) => {
      const asksOnce = agent === "claude" && !headless;
      return [trouble, agent, ...(await (asksOnce ? deedsOnWork : deeds)(place, id))];
    }),
  );
  expect(seen, stderr).toEqual(
    cast.map(({ trouble, agent, deeds: healing }) => [
      ...[trouble, agent, "start"],
      ...healing.map((one) => (typeof one === "string" ? one : expect.stringMatching(one))),
      ...["deliver", "stop-session"],
    ]),
  );
  expect(code).toBe(0);
  const working = cast.filter(({ givenUp }) => !givenUp);
  expect(await Promise.all(working.map(({ issue }) => disturbances(place, model, issue)))).toEqual(
    working.map(() => []),
  );
  for (const { issue } of cast.filter(({ killed }) => killed)) {
    const kept = await place.lab.git(["show", "--stat", `fix/issue-${issue}`], place.lab.origin);
    expect(kept).toContain("half.txt");
  }
}

/** The agent that works on this issue has been told these words. */
export const hasBeenTold = (issue: number, words: string) => (request: ModelRequest) =>
  worksOn(issue)(request) && request.userTexts.some((text) => text.includes(words));

/** The keys of these agents are not taken: a person is asked, nothing is tried again, and no other start is refused too. */
export async function expectKeyRefused(
  { place, model, env }: Stage,
  agents: readonly AgentName[],
  mode: "interactive" | "headless" = "interactive",
): Promise<void> {
  agents.forEach((agent, index) => {
    model.play({
      matches: worksOn(index + 1),
      steps: Array<ModelStep>(30).fill(FAULTS.badKey[agent]),
    });
  });
  const others = agents.map((agent, index) => ({
    ...taskOf(agents.length + index + 1, "would be refused too"),
    agent,
  }));
  await place.plan({ mode, maxParallel: agents.length }, [
    ...agents.map((agent, index) => ({ ...taskOf(index + 1, "has a refused key"), agent })),
    ...others,
  ]);

  const run = await place.start(RUN, env).ended;

  expect(run.code, run.stderr).toBe(4);
  expect(JSON.parse(run.stdout)).toMatchObject({ outcome: "waiting-for-person" });
  for (const [index, agent] of agents.entries()) {
    const asksForTrust = agent === "claude" && mode === "interactive";
    expect(await deeds(place, `t${index + 1}`)).toEqual([
      "start",
      ...(asksForTrust ? ["answer: Yes, I trust this folder"] : []),
    ]);
    expect((await place.task(`t${index + 1}`)).error).toMatch(/401|API key/);
  }
  for (const { id } of others) expect(await deeds(place, id)).toEqual([]);
}

/** An agent that nobody has logged in yet: a person is asked, and nothing is typed. */
export async function expectLogInAsked({ place, env }: Stage, agent: AgentName): Promise<void> {
  await place.plan({ agent }, [taskOf(1, "meets the sign-in screen")]);

  const run = await place.start(RUN, env).ended;

  expect(run.code, run.stderr).toBe(4);
  expect(await deeds(place, "t1")).toEqual(["start"]);
}
