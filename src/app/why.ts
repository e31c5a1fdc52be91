import type { Astray, CollisionFact, Probe, TaskEvidence } from "../classify/evidence.ts";
import type { Verdict } from "../classify/verdict.ts";
import type { Action } from "../decide/action.ts";
import { launchesUsed } from "../decide/ladder.ts";
import type { TaskWait } from "../decide/wait.ts";
import { plainLine } from "../manifest/plain-text.ts";
import { agentsOf } from "../manifest/settings.ts";
import type { TaskId } from "../manifest/task.ts";
import { fromIso } from "../manifest/time.ts";
import type { JournalLine } from "../ports/journal.ts";
import { look, readOrThrow } from "./run.ts";
import { findTask } from "./task.ts";
import type { Workspace } from "./world.ts";

/** One piece of evidence in words. */
export interface EvidenceLine {
  readonly source: string;
  readonly found: string;
  /** How long ago it came about; null when it has no time of its own: it is as old as this look. */
  readonly ageMs: number | null;
}

/** Why a task is where it is, from a fresh look. */
export interface WhyReport {
  readonly task: string;
  readonly status: string;
  readonly agent: string | null;
  readonly attempt: number;
  /** Null for a task that has no session and needs none. */
  readonly verdict: Verdict | null;
  /** How long the verdict has been the same; null when no beat has noted it yet. */
  readonly sinceMs: number | null;
  /** In the order of trust. */
  readonly evidence: readonly EvidenceLine[];
  /** What a beat would do now. */
  readonly actions: readonly Action[];
  /** What the task waits for. */
  readonly wait: TaskWait | null;
  /** When that would change by time alone, in milliseconds from now. */
  readonly wakeInMs: number | null;
  /** The rungs of the ladder: used and allowed. */
  readonly tried: readonly { readonly rung: string; readonly used: number; readonly max: number }[];
  /** The newest lines of the journal about it, oldest first. */
  readonly lately: readonly JournalLine[];
}

const JOURNAL_LINES = 2000;
const LATELY_MAX = 8;

/** Looks at the world as a beat does, without doing anything, and tells all that concerns one task. */
export async function why(workspace: Workspace, id: string): Promise<WhyReport> {
  const snapshot = await readOrThrow(workspace);
  const { manifest } = snapshot;
  const task = findTask(manifest, id);
  const { evidence, verdicts, collisions, decision } = await look(workspace, snapshot);
  const nowMs = workspace.ports.clock.now();
  const verdict = verdicts.get(task.id) ?? null;
  const facts = evidence.get(task.id);
  const { verdict: noted, verdictSince, nudges, answers, resumes } = task.state ?? {};
  const { policy } = manifest;
  const same = verdict !== null && noted === verdict.kind && verdictSince !== undefined;
  const journal = await workspace.journal(0, () => 0).tail(JOURNAL_LINES);
  return {
    task: task.id,
    status: task.status,
    agent: task.state?.agent ?? null,
    attempt: task.attempts ?? 0,
    verdict,
    sinceMs: same ? nowMs - fromIso(verdictSince) : null,
    evidence: facts ? [...evidenceLines(facts, nowMs), ...collisionLines(collisions, task.id)] : [],
    actions: decision.actions.filter((action) => action.taskId === task.id),
    wait: decision.waits.find((wait) => wait.taskId === task.id) ?? null,
    wakeInMs: decision.wakeAtMs === undefined ? null : decision.wakeAtMs - nowMs,
    tried: [
      {
        rung: "starts",
        used: launchesUsed(task),
        max: policy.attemptsMax * agentsOf(manifest, task).length,
      },
      { rung: "answers", used: answers ?? 0, max: policy.answersMax },
      { rung: "nudges", used: nudges ?? 0, max: policy.nudgesMax },
      { rung: "resumes", used: resumes ?? 0, max: policy.resumesMax },
    ],
    lately: journal.filter((line) => concerns(line, task.id)).slice(-LATELY_MAX),
  };
}

function concerns({ event }: JournalLine, taskId: string): boolean {
  if ("action" in event) return event.action.taskId === taskId;
  if ("other" in event && event.other === taskId) return true;
  return "taskId" in event && event.taskId === taskId;
}

const astrayLine = (astray: Astray): string =>
  astray.kind === "midst"
    ? `in the midst of a ${astray.of}`
    : `${astray.branch === null ? "no branch" : plainLine(astray.branch, 80)} is checked out`;

function evidenceLines(facts: TaskEvidence, nowMs: number): readonly EvidenceLine[] {
  const since = (atMs: number | null): number | null => (atMs === null ? null : nowMs - atMs);
  return [
    line("pull request", facts.pullRequest, (found) => ({
      found: `#${found.number} ${found.state}${found.draft ? ", a draft" : ""}, ${found.headBranch} onto ${found.baseBranch}`,
      ageMs: null,
    })),
    ...(facts.checks.kind === "known" && facts.checks.value === null
      ? []
      : [
          line("checks", facts.checks, (found) => ({
            found: `${found.state} at ${found.sha.slice(0, 9)}${found.failed.length > 0 ? `: ${plainLine(found.failed.map(({ name }) => name).join(", "), 80)} failed` : ""}`,
            ageMs: null,
          })),
        ]),
    line("git", facts.git, (found) => ({
      found: [
        `${found.branch} at ${found.headSha.slice(0, 9)}`,
        found.worktreeReady ? `${found.commitsAhead} commits ahead` : "no worktree of its own",
        ...(found.astray === null ? [] : [astrayLine(found.astray)]),
        found.dirtyFiles.length === 0
          ? "clean"
          : `${found.dirtyFiles.length} files not committed (${plainLine(found.dirtyFiles.join(", "), 80)})`,
        found.touched === null
          ? "very many files touched"
          : `${found.touched.length} files touched`,
        found.remoteSha === found.headSha ? "pushed" : "not pushed",
      ].join(", "),
      ageMs: since(found.lastCommitAtMs),
    })),
    line("launch", facts.launch, (found) => ({
      found: `attempt ${found.attempt}, ${found.kind} of ${found.agent}`,
      ageMs: since(found.startedAtMs),
    })),
    line("exit record", facts.exit, (found) => ({
      found: `${found.stage} ended with exit code ${found.code}; last line: ${plainLine(found.tail.findLast((text) => text.trim() !== "") ?? "", 80)}`,
      ageMs: since(found.atMs),
    })),
    line("verify", facts.verify, (found) => ({
      found: `${found.sha.slice(0, 9)} ${found.running ? "is being verified" : `ended with exit code ${found.code}`}`,
      ageMs: since(found.startedAtMs),
    })),
    ...(facts.signals.kind === "known"
      ? facts.signals.value.slice(-3).map(({ kind, text, atMs }) => ({
          source: "signal",
          found: `${kind}${text === "" ? "" : `: ${plainLine(text, 100)}`}`,
          ageMs: since(atMs),
        }))
      : [{ source: "signal", found: `unknown: ${facts.signals.reason}`, ageMs: null }]),
    line("session", facts.session, (found) => ({
      found: `${found.name}, process ${found.panePid}${found.attached > 0 ? ", a person is looking" : ""}${found.cpuSeconds === null ? "" : `, ${Math.round(found.cpuSeconds)} s of processor time`}`,
      ageMs: since(found.createdAtMs),
    })),
    line("screen", facts.screen, (found) => ({
      found: [
        `${found.currentCommand} in front`,
        `title ${JSON.stringify(plainLine(found.title, 60))}`,
        ...(found.paneDead ? ["its program has ended"] : []),
        ...(found.inMode ? ["scrolled back"] : []),
        `last line: ${plainLine(found.lines.findLast((text) => text.trim() !== "") ?? "", 80)}`,
      ].join(", "),
      ageMs: found.silentSeconds === null ? null : found.silentSeconds * 1000,
    })),
  ];
}

/** Work of others with which the task's own does not merge. */
const collisionLines = (
  collisions: readonly CollisionFact[],
  taskId: TaskId,
): readonly EvidenceLine[] =>
  collisions
    .filter(({ left, right }) => left === taskId || right === taskId)
    .map(({ left, right, files }) => ({
      source: "merge",
      found: `does not merge with ${left === taskId ? right : left}: ${plainLine(files.map(({ path }) => path).join(", "), 100)}`,
      ageMs: null,
    }));

function line<T>(
  source: string,
  probe: Probe<T | null>,
  tell: (found: T) => Pick<EvidenceLine, "found" | "ageMs">,
): EvidenceLine {
  if (probe.kind === "unknown") return { source, found: `unknown: ${probe.reason}`, ageMs: null };
  return probe.value === null
    ? { source, found: "none", ageMs: null }
    : { source, ...tell(probe.value) };
}
