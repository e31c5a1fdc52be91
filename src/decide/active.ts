import type { Dialog } from "../agents/agent.ts";
import { agentByName } from "../agents/catalog.ts";
import { answerFor, askedBy } from "../agents/dialogs.ts";
import type { Astray, PullRequestFact, TaskEvidence } from "../classify/evidence.ts";
import { responseFor } from "../classify/response.ts";
import type { Verdict } from "../classify/verdict.ts";
import { branchOf } from "../manifest/branch.ts";
import { unreachable } from "../manifest/errors.ts";
import { plainLine } from "../manifest/plain-text.ts";
import { settingsOf } from "../manifest/settings.ts";
import type { Task } from "../manifest/task.ts";
import { fromIso, toIso } from "../manifest/time.ts";
import { openAsBefore } from "./checks.ts";
import { notedCollisions, tellOfRivals } from "./collide.ts";
import { deliverStep } from "./deliver.ts";
import { heal, lastHealMs, type Trouble } from "./heal.ts";
import { triedWith } from "./ladder.ts";
import { launchedPatch } from "./launched.ts";
import { askToMerge } from "./merge-base.ts";
import { limitEnd, pausedUntil } from "./pause.ts";
import { progressKey, shownWork } from "./progress.ts";
import { proofOf } from "./proof.ts";
import { readingOf, SECOND_READING_MS } from "./reading.ts";
import { joined, type Step, waitsFor, waitsForPerson } from "./step.ts";
import type { Survey } from "./survey.ts";
import type { BeatView, PlacedTask } from "./view.ts";

/** After this time at an untouched composer the launch prompt is taken as lost. */
const FRESH_GRACE_MS = 30_000;
/** How often the screen of an agent with a composer is looked at. */
const COMPOSER_LOOK_MS = 1500;
/** Progress is noted at most this often. */
const PROGRESS_STEP_MS = 10_000;

/** What to do about a task that has, or had, a session. */
export function decideActive(view: Survey, placed: PlacedTask): Step {
  const { task } = placed;
  const evidence = view.evidence.get(task.id);
  const verdict = view.verdicts.get(task.id);
  if (evidence === undefined || verdict === undefined) {
    return { wait: waitsFor("was not looked at in this beat") };
  }
  const unnoted = takenOver(view, task, evidence);
  if (unnoted) return unnoted;
  const launched = evidence.launch.kind === "known" ? evidence.launch.value : null;
  if (evidence.launch.kind === "known" && launched === null) return neverLaunched(task, evidence);
  const open = evidence.launch.kind === "known" ? openAsBefore(view, task) : undefined;
  if (open) return open;
  const noted = joined(notes(view, task, evidence, verdict), notedCollisions(view, task));
  const reading = readingOf(view, task, verdict);
  // What moved since the last beat is at work, however long ago that beat was.
  const moved = verdict.kind === "stalled" && noted.set?.lastProgress !== undefined;
  const believed = reading.believed && !moved;
  if (!believed && verdict.kind !== "working" && verdict.kind !== "unknown") {
    return joined(noted, {
      wait: waitsFor(`seems ${verdict.kind}: ${verdict.why}; looking again`),
      wakeAtMs: moved ? view.nowMs + SECOND_READING_MS : reading.dueMs,
    });
  }
  return joined(noted, respond(view, placed, evidence, verdict, reading.sinceMs));
}

/** A launch that a crash, or a run that lost its lock, left unrecorded is this task's newest attempt. */
export function takenOver(view: BeatView, task: Task, { launch }: TaskEvidence): Step | undefined {
  const found = launch.kind === "known" ? launch.value : null;
  if (found === null || found.attempt <= (task.attempts ?? 0)) return undefined;
  return {
    ...launchedPatch(task, found),
    wait: waitsFor("was started before and is taken over"),
    wakeAtMs: view.nowMs,
  };
}

/** The manifest comes from elsewhere, or the task's folder is gone. */
function neverLaunched(task: Task, { session }: TaskEvidence): Step {
  if (session.kind === "unknown")
    return { wait: waitsFor(`tmux did not answer: ${session.reason}`) };
  if (session.value === null) {
    return {
      set: { status: "pending" },
      wait: waitsFor("was never started here; is to be started"),
    };
  }
  return {
    set: { status: "stuck" },
    wait: waitsForPerson(
      `has a session, but no record of its start: coppice attach ${task.id} shows it, coppice retry ${task.id} begins anew`,
    ),
  };
}

/** What is remembered for the next beat: the verdict since when, progress, and the agent's conversation. */
export function notes(view: BeatView, task: Task, evidence: TaskEvidence, verdict: Verdict): Step {
  const key = progressKey(evidence);
  const notedMs = task.state?.progressKey && task.lastProgress ? fromIso(task.lastProgress) : 0;
  const moved =
    key !== null && key !== task.state?.progressKey && view.nowMs - notedMs >= PROGRESS_STEP_MS;
  const changed = verdict.kind !== task.state?.verdict;
  const said = evidence.signals.kind === "known" ? evidence.signals.value : [];
  const conversation = said.findLast(({ kind }) => kind === "conversation")?.text;
  return {
    set: moved ? { lastProgress: toIso(view.nowMs) } : {},
    state: {
      ...shownWork(task, evidence),
      ...(moved ? { progressKey: key } : {}),
      ...(conversation === undefined ? {} : { conversation }),
      ...(changed
        ? { verdict: verdict.kind, verdictSince: toIso(view.nowMs), why: verdict.why }
        : {}),
    },
  };
}

function respond(
  view: Survey,
  placed: PlacedTask,
  evidence: TaskEvidence,
  verdict: Verdict,
  sinceMs: number,
): Step {
  const { task } = placed;
  const agent = task.state?.agent ?? settingsOf(view.manifest, task).agents[0] ?? "";
  // It has conversations; whether it keeps a composer open for one, its launch says.
  const interactive = agentByName(agent)?.interactive ?? false;
  const headless = evidence.launch.kind === "known" && evidence.launch.value?.mode === "headless";
  const nudgeBy = headless ? "resume" : "words";
  const retryDeadlineMs = view.manifest.policy.retryDeadlineMinutes * 60_000;
  const attended = isAttended(evidence);
  const watched = attended && isLive(evidence);
  const tellBy = interactive && isLive(evidence) !== headless ? nudgeBy : null;
  const isWatched = waitsFor(`a person is attached (${verdict.kind}: ${verdict.why})`);
  const trouble = (why: string, words: string, more: Partial<Trouble> = {}): Step =>
    watched
      ? { wait: isWatched }
      : heal(view, task, evidence, {
          why,
          words,
          nudgeBy: tellBy,
          mayResume: interactive,
          sinceMs,
          ...more,
        });
  const asked = askToMerge(view, task, { by: tellBy ?? "resume", sinceMs });
  const tells = asked ?? tellOfRivals(view, task, tellBy, sinceMs);
  // Its work was proved before its session went.
  const merges = task.state?.baseConflict === undefined ? undefined : asked;
  const told = watched && tells?.actions ? { wait: isWatched } : tells;
  // Somebody who looks may be about to type: nothing is typed, ended or delivered over their head.
  if (attended && !verdict.fact) return { wait: isWatched };
  if (verdict.needsPerson && verdict.kind !== "auth-error") {
    return asksPerson(task, verdict.dialog?.title ?? verdict.question ?? verdict.why);
  }
  if (verdict.dialog) return watched ? { wait: isWatched } : reply(view, task, verdict.dialog);
  switch (verdict.kind) {
    case "working":
      // A composer that falls idle tells nobody: agents that keep one open are looked at again soon.
      return {
        set: { status: "running", error: null },
        wait: waitsFor(`${agent} is working`),
        ...(interactive && !headless ? { wakeAtMs: view.nowMs + COMPOSER_LOOK_MS } : {}),
      };
    case "unknown":
      return { wait: waitsFor(`cannot tell: ${verdict.why}`) };
    case "exited-ok":
    case "idle-done":
      return responseFor(verdict) === "finish"
        ? finish(view, placed, evidence, verdict, trouble, told)
        : verdict.question === undefined
          ? trouble(`its turn broke off: ${verdict.why}`, BROKEN_OFF)
          : trouble(`ended with a question: ${verdict.question}`, DECIDE_YOURSELF);
    case "idle-fresh":
      if (view.nowMs - sinceMs < FRESH_GRACE_MS) {
        return {
          wait: waitsFor(`${agent} is ready and has not begun`),
          wakeAtMs: sinceMs + FRESH_GRACE_MS,
        };
      }
      // There is no conversation to go on with.
      return trouble("the task never reached the agent", "@task", { mayResume: false });
    case "waiting-input":
      if (responseFor(verdict) !== "nudge" || !interactive)
        return asksPerson(task, verdict.question ?? verdict.why);
      // Agents like to close with an offer: once nudges have not helped, the facts decide.
      return (task.state?.nudges ?? 0) < view.manifest.policy.nudgesMax
        ? trouble(`asks: ${verdict.question ?? verdict.why}`, DECIDE_YOURSELF)
        : finish(view, placed, evidence, { ...verdict, kind: "idle-done" }, trouble, told);
    case "waiting-approval":
    case "onboarding":
    case "shell-prompt":
      return asksPerson(task, verdict.why);
    case "rate-limited":
      return pause(view, task, agent, verdict, trouble);
    case "auth-error":
      if (verdict.turn === "running" && view.nowMs - sinceMs < retryDeadlineMs) {
        return retries(agent, verdict, sinceMs + retryDeadlineMs);
      }
      return {
        set: { status: "stuck", error: verdict.why },
        wait: waitsForPerson(
          `${agent} is not logged in: ${verdict.why}; log in, then coppice retry ${task.id}`,
        ),
      };
    case "error-transient":
      if (responseFor(verdict) === "wait-until" && view.nowMs - sinceMs < retryDeadlineMs) {
        return retries(agent, verdict, sinceMs + retryDeadlineMs);
      }
      // Words typed to a turn that still runs would only wait behind it.
      return trouble(
        verdict.why,
        "The connection failed. Please go on with the task.",
        verdict.turn === "running" ? { nudgeBy: null } : {},
      );
    case "context-full":
      return trouble("the agent's context is full", GO_ON, { nudgeBy: null, mayResume: false });
    case "exited-error":
      return adoptOr(
        view,
        task,
        evidence,
        () =>
          merges ??
          // Killed in its turn: its conversation is whole and is worth going on with.
          trouble(verdict.why, GO_ON, {
            nudgeBy: null,
            mayResume: interactive && verdict.turn === "broken-off",
          }),
      );
    case "dead":
      return adoptOr(
        view,
        task,
        evidence,
        () => merges ?? trouble(`the session ended: ${verdict.why}`, GO_ON, { nudgeBy: null }),
      );
    case "stalled":
      return trouble(`no progress for ${view.manifest.policy.stallAfterMinutes} minutes`, GO_ON, {
        nudgeBy: null,
      });
    case "editor":
    case "pager":
      return {
        set: { status: "stuck" },
        wait: waitsForPerson(
          `an ${verdict.kind} is open in the session: coppice attach ${task.id}`,
        ),
      };
    default:
      return unreachable(verdict.kind);
  }
}

/** A person looks at its session. */
export const isAttended = ({ session }: TaskEvidence): boolean =>
  session.kind === "known" && session.value !== null && session.value.attached > 0;

/** A session whose agent has not ended: a dead pane stays for a look at it. */
const isLive = ({ session, exit, screen }: TaskEvidence): boolean =>
  session.kind === "known" &&
  session.value !== null &&
  !(exit.kind === "known" && exit.value !== null) &&
  !(screen.kind === "known" && screen.value?.paneDead === true);

const BROKEN_OFF =
  "Your last turn broke off before its end. Please go on with the task, finish it and commit. If all is done and committed, just say so.";

const GO_ON =
  "The previous session ended before the task was finished. Look at what is there (git status, git log), finish the task and commit.";

const DECIDE_YOURSELF =
  "Nobody is here to answer. Decide yourself, note the decision in the commit message, finish the task and commit. If all is done and committed, just say so.";

/** The agent has ended its turn: deliver what is proved, or say what is missing. */
function finish(
  view: Survey,
  placed: PlacedTask,
  evidence: TaskEvidence,
  verdict: Verdict,
  trouble: (why: string, words: string, more?: Partial<Trouble>) => Step,
  told: Step | undefined,
): Step {
  const { task } = placed;
  const { verify } = settingsOf(view.manifest, task);
  const proof = proofOf(verdict, evidence, verify);
  switch (proof.kind) {
    case "proved":
      if (told) return told;
      return joined(
        {
          set: { status: "complete", completedAt: toIso(view.nowMs), error: null },
          state: { provedSha: proof.sha, notBefore: undefined, deliveryFailures: undefined },
        },
        deliverStep(view, placed, proof.sha, { notBeforeMs: 0 }),
      );
    case "unknown":
      return { wait: waitsFor(`git did not answer: ${proof.reason}`) };
    case "not-ended":
      return { wait: waitsFor(verdict.why) };
    case "no-worktree":
      return {
        set: {
          status: "error",
          error: "the worktree is gone or is not this repository's any more",
        },
        wait: waitsForPerson(
          `the worktree is gone or is not this repository's any more: coppice retry ${task.id}`,
        ),
      };
    case "astray":
      return trouble(...astrayWords(proof.astray, branchOf(view.manifest, task)));
    case "uncommitted":
      return trouble(
        `ended with uncommitted files (${proof.files.slice(0, 3).join(", ")}${proof.files.length > 3 ? ", …" : ""})`,
        `These files are not committed: ${proof.files.slice(0, 20).join(", ")}. Commit what belongs to the task, remove or ignore the rest.`,
      );
    case "no-commits":
      return adoptOr(view, task, evidence, () =>
        trouble(
          verdict.question ? "asks a question and has no commit yet" : "ended without a commit",
          "There is no commit on this branch yet. Nobody is here to answer: decide yourself, note the decision in the commit message, finish the task and commit.",
        ),
      );
    case "verify-due":
      return {
        actions: [{ kind: "verify", taskId: task.id, sha: proof.sha }],
        wait: waitsFor("the verify command starts"),
      };
    case "verify-running": {
      const endMs = proof.startedAtMs + view.manifest.policy.verifyTimeoutMinutes * 60_000;
      if (view.nowMs < endMs) return { wait: waitsFor("the verify command runs"), wakeAtMs: endMs };
      return trouble(
        `the verify command took more than ${view.manifest.policy.verifyTimeoutMinutes} minutes`,
        "The command that checks this task did not end in time. Find out why, mend it and commit.",
      );
    }
    case "verify-failed":
      return trouble(
        `the verify command failed with exit code ${proof.code ?? "unknown"}`,
        `The command that checks this task failed. Its last lines:\n${proof.tail.slice(-view.manifest.policy.contextLines).join("\n")}\nMend it and commit.`,
      );
    default:
      return unreachable(proof);
  }
}

/** Why its work is not done, and what its agent is told. The name of a branch is the agent's. */
function astrayWords(astray: Astray, own: string): [why: string, words: string] {
  if (astray.kind === "midst") {
    return [
      `ended in the midst of a git ${astray.of}`,
      `A git ${astray.of} was begun here and has not ended. Settle what conflicts and bring it to its end, or give it up with git ${astray.of} --abort; then finish the task on the branch ${own} and commit.`,
    ];
  }
  const other = astray.branch === null ? "no branch" : JSON.stringify(plainLine(astray.branch, 80));
  return [
    `ended with ${other} checked out instead of its own branch`,
    `This worktree is on ${other} instead of its branch ${own}, which alone is delivered. Switch to ${own}, bring over what belongs to the task, for instance with git merge, and leave nothing uncommitted.`,
  ];
}

/** The answer that the policy allows, or a person. */
function reply(view: BeatView, task: Task, dialog: Dialog): Step {
  const { policy, permissions } = view.manifest;
  const answers = task.state?.answers ?? 0;
  const answer = answerFor(dialog, policy.answers, permissions);
  if (answer.kind === "ask-person") return asksPerson(task, `${dialog.title}: ${answer.why}`);
  if (answers >= policy.answersMax) {
    return asksPerson(task, `"${dialog.title}" came back after ${answers} answers`);
  }
  const typed = answer.kind === "type";
  return {
    actions: [
      {
        kind: "answer",
        taskId: task.id,
        dialogId: dialog.id,
        asked: askedBy(dialog),
        answer: typed ? answer.text : answer.label,
        typed,
      },
    ],
    set: { status: "stuck" },
    state: {
      answers: answers + 1,
      lastHealAt: toIso(view.nowMs),
      verdict: undefined,
      tried: triedWith(
        task,
        `answered "${typed ? answer.text : answer.label}" to "${dialog.title}"`,
      ),
    },
    wait: waitsFor(`answers "${dialog.title}"`),
    wakeAtMs: view.nowMs + SECOND_READING_MS,
  };
}

const asksPerson = (task: Task, question: string): Step => ({
  set: { status: "stuck", error: `waits for a person: ${question}` },
  wait: waitsForPerson(`${question} (answer it in coppice attach ${task.id})`),
});

/** Left alone until then. */
const retries = (agent: string, verdict: Verdict, untilMs: number): Step => ({
  wait: waitsFor(`${agent} retries by itself: ${verdict.why}`),
  wakeAtMs: untilMs,
});

/** A limit is a state of the provider: all its tasks wait, none is started. */
function pause(
  view: BeatView,
  task: Task,
  agent: string,
  verdict: Verdict,
  trouble: (why: string, words: string, more?: Partial<Trouble>) => Step,
): Step {
  const running = pausedUntil(view, agent);
  if (running?.until === null) {
    return {
      set: { status: "stuck" },
      wait: waitsForPerson(`${agent} is paused: ${running.why}`),
    };
  }
  const end = limitEnd(view, task, verdict);
  const runningMs = running === undefined ? 0 : fromIso(running.until);
  // What another session was told is better than a guess.
  const isTold = end.guessed && running !== undefined && running.guessed === undefined;
  const untilMs = isTold ? runningMs : Math.max(end.atMs, runningMs);
  // An agent that waits by itself goes on by itself.
  const goesOnMs =
    verdict.turn === "running"
      ? untilMs + view.manifest.policy.retryDeadlineMinutes * 60_000
      : untilMs;
  if (untilMs <= view.nowMs && view.nowMs < goesOnMs) {
    return retries(agent, verdict, goesOnMs);
  }
  if (view.nowMs >= untilMs) {
    // Its first words after the limit are nobody's failure; when they change nothing, the ladder begins.
    const isReminder = lastHealMs(task) < untilMs;
    return trouble(verdict.why, "The limit has been reset. Please go on with the task.", {
      isReminder,
    });
  }
  return {
    set: { status: "stuck" },
    // Its guess would hold the others after that time.
    state: {
      notBefore: toIso(isTold ? untilMs : end.atMs),
      limitGuessed: end.guessed && !isTold ? true : undefined,
    },
    wait: waitsFor(`${agent} has reached a limit until ${toIso(untilMs)}: ${verdict.why}`),
    wakeAtMs: untilMs,
  };
}

/** Before work is done again: the branch's open pull request may hold it all already. */
function adoptOr(view: BeatView, task: Task, evidence: TaskEvidence, otherwise: () => Step): Step {
  const { pullRequest, git } = evidence;
  if (pullRequest.kind === "unknown") {
    return { wait: waitsFor(`the forge did not answer: ${pullRequest.reason}`) };
  }
  if (git.kind === "unknown") return { wait: waitsFor(`git did not answer: ${git.reason}`) };
  const open = pullRequest.value;
  if (open?.state !== "open" || open.headBranch !== branchOf(view.manifest, task))
    return otherwise();
  if (git.value && open.headSha !== git.value.headSha) return otherwise();
  return adopted(open, view.nowMs);
}

/** The fields of a task whose pull request is open. */
export function adopted(pullRequest: PullRequestFact, nowMs: number): Step {
  return {
    set: {
      status: "pr_open",
      prNumber: pullRequest.number,
      prUrl: pullRequest.url,
      completedAt: toIso(nowMs),
      error: null,
    },
  };
}
