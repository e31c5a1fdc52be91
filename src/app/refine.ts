import pLimit from "p-limit";
import type { Agent } from "../agents/agent.ts";
import { agentByName, agentNames } from "../agents/catalog.ts";
import { judgeVersion } from "../agents/versions.ts";
import { agentEnvironment } from "../executor/agent-environment.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { RepositoryIndex } from "../planner/index/repository-index.ts";
import type { Issue } from "../planner/issue.ts";
import type { PredictionModel } from "../planner/predict/model.ts";
import type { FileOpinion, Opinions } from "../planner/predict/opinions.ts";
import { type Forecast, forecast, likeliestFiles } from "../planner/predict/predict.ts";
import { readRefinement, refinementQuestion, refinementSchema } from "../planner/refine.ts";
import type { Clock } from "../ports/clock.ts";
import type { Consultant } from "../ports/consultant.ts";
import type { Host } from "../ports/host.ts";

/** An agent that is asked which files issues will touch, and where it looks. */
export interface Refiner {
  readonly agent: string;
  /** The checkout; absolute. */
  readonly folder: string;
  readonly consultant: Consultant;
  readonly host: Host;
  readonly clock: Clock;
  /** Tells the person what comes of it. */
  readonly tell: (text: string) => void;
}

const ASKED_AT_ONCE = 2;
const ANSWER_MS_MAX = 180_000;
/** After this time nobody else is asked. */
const ALL_MS_MAX = 900_000;
/** It is asked no more after so many failures in a row: it is not logged in, or has reached its limit. */
const FAILURES_MAX = 3;

/** Throws CoppiceError `agent-cannot-refine` for an agent that has no mode in which it changes nothing. */
export function refiningAgent(name: string): Agent & Required<Pick<Agent, "consult">> {
  const agent = agentByName(name);
  if (agent?.consult !== undefined) return { ...agent, consult: agent.consult };
  const able = agentNames.filter((one) => agentByName(one)?.consult !== undefined);
  throw new CoppiceError({
    code: "agent-cannot-refine",
    kind: "usage",
    message: `--refine ${name}: no such agent, or none that can answer without changing anything`,
    hint: `These can: ${able.join(", ")}.`,
  });
}

/** A forecast that knows what the agent thinks of each issue that lists no files; without an agent the plain one. */
export async function refinedForecast(
  refiner: Refiner | undefined,
  issues: readonly Issue[],
  index: RepositoryIndex,
  model: PredictionModel,
): Promise<Forecast> {
  if (refiner === undefined) return forecast(issues, index, model);
  const candidates = likeliestFiles(issues, index, model);
  const asked = issues.filter(({ number }) => candidates.has(number));
  return forecast(issues, index, model, await opinionsOn(refiner, asked, candidates));
}

/**
 * The agent's opinions on issues of which the model's likeliest files are given. A prediction does without any of them:
 * whatever fails is told, and counts nothing.
 */
export async function opinionsOn(
  { agent: name, folder, consultant, host, clock, tell }: Refiner,
  issues: readonly Pick<Issue, "number" | "title" | "body">[],
  candidates: ReadonlyMap<number, readonly string[]>,
): Promise<Opinions> {
  const agent = refiningAgent(name);
  const nothing = { of: agent.title, byIssue: new Map() };
  const version = await host.version(agent.binaries[0] ?? "", agent.versionArgv);
  const judged = judgeVersion(agent, version);
  if (version === null || judged.kind === "unsupported") {
    const why = judged.kind === "unsupported" ? judged.why : `${agent.title} does not start`;
    tell(`${why}: the prediction does without it`);
    return nothing;
  }
  tell(`asks ${agent.title} about the files of ${issues.length} issues`);
  const env = agentEnvironment({
    host,
    names: agent.environment,
    identity: null,
    taskId: "plan",
    attempt: 1,
    taskDir: folder,
  });
  const beganMs = clock.now();
  const byIssue = new Map<number, readonly FileOpinion[]>();
  const unasked: number[] = [];
  let failures = 0;
  await pLimit(ASKED_AT_ONCE).map(issues, async (issue) => {
    if (failures >= FAILURES_MAX || clock.now() - beganMs > ALL_MS_MAX) {
      unasked.push(issue.number);
      return;
    }
    const likely = candidates.get(issue.number) ?? [];
    const said = await consultant.ask({
      argv: agent.consult.argv({ folder, version }),
      schema: refinementSchema,
      env,
      folder,
      words: refinementQuestion(issue, likely, host.randomHex(8)),
      timeoutMs: ANSWER_MS_MAX,
    });
    const answer = said.kind === "known" ? agent.consult.answer(said.value) : undefined;
    const read = answer === undefined ? undefined : readRefinement(answer);
    if (read?.kind === "read") {
      failures = 0;
      byIssue.set(issue.number, read.opinions);
      return;
    }
    failures += 1;
    const silence = said.kind === "unknown" ? said.reason : "it gave no answer";
    tell(`${agent.title} on #${issue.number} is ignored: ${read?.reason ?? silence}`);
  });
  if (unasked.length > 0) {
    tell(`${agent.title} was not asked about ${unasked.length} more issues`);
  }
  return { of: agent.title, byIssue };
}
