import type { z } from "zod";
import { CoppiceError } from "../manifest/errors.ts";
import type { FinishedTask } from "../manifest/finished-task.ts";
import { isJsonObject, type JsonObject } from "../manifest/json.ts";
import { Manifest } from "../manifest/manifest.ts";
import { plainLine } from "../manifest/plain-text.ts";
import { TaskId } from "../manifest/task.ts";
import { type Statement, statedDependencies } from "./dependencies.ts";
import { type Draft, draftOf, plainIssue } from "./draft.ts";
import { type DroppedEdge, settleEdges, strongest } from "./edges.ts";
import { minutesPerTask } from "./estimate.ts";
import { type FilePredictor, fileIndex, mentionedFiles } from "./files.ts";
import type { Issue } from "./issue.ts";
import type { PlanNote } from "./note.ts";
import type { OpenPullRequest } from "./open-pull-request.ts";
import { type PhaseRule, placements } from "./phases.ts";
import { type TaskFacts, type TaskNames, taskNames, tasksOf, whyOf } from "./planned-task.ts";
import type { Forecast } from "./predict/predict.ts";
import { namedOriginals, type Triage, triage } from "./triage.ts";

/** Everything that a plan is made of; the planner reads nothing else. */
export interface PlanInput {
  /** The issues to plan, in any order; also closed ones, which were asked for. */
  readonly issues: readonly Issue[];
  /** States of other issues that these wait for; `referencedIssues` says which. */
  readonly known: ReadonlyMap<number, "open" | "closed">;
  /** Paths of the repository's files, `/` between folders; may be empty. */
  readonly files: readonly string[];
  /** Tasks of this repository that are delivered: they tell how long others take. Default: none. */
  readonly finished?: readonly FinishedTask[];
  /** Those that wait for review: what they are to close is in work. Default: none. */
  readonly pullRequests?: readonly OpenPullRequest[];
  /** Issues that a person named by number: they become tasks whatever they look like. Default: none. */
  readonly asked?: ReadonlySet<number>;
  /** What the manifest that is updated holds of issues. Default: nothing. */
  readonly present?: ReadonlyMap<number, PresentTask>;
  /** Ids of its other tasks, in lower case: they are no names for new ones. Default: none. */
  readonly taken?: ReadonlySet<string>;
  readonly settings: PlanSettings;
  /** What the issues will probably touch. Without it every file that an issue mentions counts as named. */
  readonly forecast?: Forecast | undefined;
}

/** What a manifest holds of an issue already. */
export interface PresentTask {
  /** Its task, or those of its parts. */
  readonly ids: readonly TaskId[];
  /** It has begun, or a person split it: it is not planned again, but others may wait for it. */
  readonly isSettled: boolean;
}

/** An issue that becomes no task. */
export interface SkippedIssue {
  readonly issue: number;
  readonly title: string;
  /** Goes on after `#<issue>`. */
  readonly why: string;
}

export interface PlanSettings {
  /** The manifest's own fields; those left out keep their default. */
  readonly header: PlanHeader;
  /** Drop the weakest edge of each cycle instead of refusing. */
  readonly breakCycles: boolean;
  /** Default: priority. */
  readonly phaseBy?: PhaseRule;
  /** Issues that say too little become tasks, not drafts. Default: false. */
  readonly allowVague?: boolean;
  /** Large issues become a task for each item of their task list. Default: false. */
  readonly split?: boolean;
}

export type PlanHeader = Readonly<
  Pick<z.input<typeof Manifest>, Exclude<keyof typeof Manifest.shape, "phases" | "pausedAgents">>
>;

export type PlanOutcome = Plan | PlanCycle;

/** A manifest as JSON, ready to be written, and how it came about. */
export interface Plan {
  readonly kind: "planned";
  readonly manifest: JsonObject;
  /** By ascending issue number. */
  readonly notes: readonly PlanNote[];
  /** By ascending number. */
  readonly skipped: readonly SkippedIssue[];
  /** Every dependency with the words that made it, in manifest order. */
  readonly edges: readonly PlanEdge[];
  /** Minutes that an ordinary task took so far; null when too few are known. */
  readonly minutesPerTask: number | null;
  readonly forecast: Forecast | undefined;
}

/** Issues that wait for each other. */
export interface PlanCycle {
  readonly kind: "cycle";
  /** E.g. `["t1", "t2", "t1"]`: each waits for the next. */
  readonly path: readonly TaskId[];
  /** For each step of the path: who says so, in which words, and where that was read. */
  readonly sentences: readonly string[];
}

/** `task` waits for `dependsOn`. */
export interface PlanEdge {
  readonly task: TaskId;
  readonly dependsOn: TaskId;
  /** The words and their place. */
  readonly why: string;
}

/** Turns issues into the manifest of a run. The order in which the issues are given does not matter. */
export function plan(input: PlanInput): PlanOutcome {
  const { settings } = input;
  const { repo } = settings.header;
  const { issues: given, notes: repeated } = uniqueIssues(input.issues);
  const present = input.present ?? new Map<number, PresentTask>();
  const sorted = triage(
    given.map((issue) => plainIssue(issue).issue),
    {
      repo,
      pullRequests: input.pullRequests ?? [],
      asked: input.asked ?? new Set(),
      allowVague: settings.allowVague ?? false,
      isOpen: (number) => input.known.get(number) === "open" || present.has(number),
    },
  );
  const fateOf = (issue: Issue): Triage => sorted.get(issue.number) ?? { kind: "task" };
  const issues = given.filter(
    (issue) => fateOf(issue).kind !== "skipped" && present.get(issue.number)?.isSettled !== true,
  );
  const drafts = draftsOf(issues, input);
  const numbers = issues.map((issue) => issue.number);
  const targets = sortTargets(drafts, { known: input.known, sorted, present });
  const settled = settleEdges(numbers, targets.planned, settings.breakCycles);
  if (settled.kind === "cycle") return cycleOf(settled.cycle, issues);
  const edges = byTask(settled.edges);
  const { phases, placed } = placements(
    drafts.map((draft) => ({
      draft,
      number: draft.issue.number,
      priority: draft.priority?.priority ?? "medium",
      milestone: draft.issue.milestone,
      milestoneDue: draft.issue.milestoneDue,
      dependsOn: (edges.get(draft.issue.number) ?? []).map((edge) => edge.dependsOn),
    })),
    settings.phaseBy ?? "priority",
  );
  const names = taskNames(drafts, present, input.taken ?? new Set());
  const facts: TaskFacts = {
    names,
    edges,
    satisfied: byTask(targets.satisfied),
    dropped: byTask(settled.dropped.map(({ edge }) => edge)),
    fateOf,
    isForecast: input.forecast !== undefined,
  };
  const tasks = placed.map((placement) => ({
    phase: placement.phase,
    tasks: tasksOf(placement, facts),
  }));
  const notes = [
    ...repeated,
    ...drafts.flatMap((draft) => draft.notes),
    ...drafts.flatMap(({ issue }) => draftNote(issue, fateOf(issue))),
    ...targets.notes,
    ...settled.dropped.map(droppedNote),
  ];
  return {
    kind: "planned",
    manifest: {
      ...headerJson(settings.header),
      phases: phases.map((name) => ({
        name,
        tasks: tasks.flatMap((entry) => (entry.phase === name ? entry.tasks : [])),
      })),
    },
    notes: notes.toSorted((a, b) => a.issue - b.issue),
    skipped: given.flatMap((issue) => skippedOf(issue, fateOf(issue))),
    edges: placed.flatMap(({ item }) =>
      (edges.get(item.number) ?? []).flatMap((edge) => planEdges(edge, names)),
    ),
    minutesPerTask: minutesPerTask(input.finished ?? []),
    forecast: input.forecast,
  };
}

/** The numbers that the issues wait for, or call their originals, and that are not among them, ascending. */
export function referencedIssues(issues: readonly Issue[], repo: string | undefined): number[] {
  const plain = issues.map((issue) => plainIssue(issue).issue);
  const given = new Set(issues.map((issue) => issue.number));
  const outside = plain
    .flatMap((issue) => statedDependencies(issue, repo).statements)
    .filter(({ task, dependsOn }) => given.has(task) && !given.has(dependsOn));
  const named = [...outside.map(({ dependsOn }) => dependsOn), ...namedOriginals(plain, repo)];
  return [...new Set(named)].toSorted((a, b) => a - b);
}

function draftsOf(issues: readonly Issue[], input: PlanInput): Draft[] {
  const { header, split } = input.settings;
  const { forecast } = input;
  const predictFiles: FilePredictor =
    forecast === undefined ? mentionedFiles : ({ number }) => forecast.files.get(number) ?? [];
  const reading = {
    index: fileIndex(input.files),
    predictFiles,
    repo: header.repo,
    finished: input.finished ?? [],
  };
  return issues.map((issue) =>
    // What stands in the manifest as a whole stays one task.
    draftOf(issue, { ...reading, split: split === true && !input.present?.has(issue.number) }),
  );
}

function draftNote({ number }: Issue, fate: Triage): PlanNote[] {
  return fate.kind === "draft" ? [{ kind: "draft", issue: number, text: fate.why }] : [];
}

function skippedOf({ number, title }: Issue, fate: Triage): SkippedIssue[] {
  return fate.kind === "skipped"
    ? [{ issue: number, title: plainLine(title, 256), why: fate.why }]
    : [];
}

/** By ascending number, each number once. */
function uniqueIssues(given: readonly Issue[]): { issues: Issue[]; notes: PlanNote[] } {
  const first = new Map<number, Issue>();
  const notes: PlanNote[] = [];
  for (const issue of given) {
    const other = first.get(issue.number);
    if (other === undefined) first.set(issue.number, issue);
    else {
      const text = `was given twice: ${other.origin} counts, ${issue.origin} does not`;
      notes.push({ kind: "duplicate-issue", issue: issue.number, text });
    }
  }
  return { issues: [...first.values()].toSorted((a, b) => a.number - b.number), notes };
}

/** What is known of the issues that others wait for. */
interface Targets {
  readonly known: PlanInput["known"];
  readonly sorted: ReadonlyMap<number, Triage>;
  readonly present: ReadonlyMap<number, PresentTask>;
}

/** Tells the statements on issues of this plan from those on closed ones, and notes all others. */
function sortTargets(drafts: readonly Draft[], { known, sorted, present }: Targets) {
  const numbers = new Set(drafts.map(({ issue }) => issue.number));
  const planned: Statement[] = [];
  const satisfied: Statement[] = [];
  const notes = new Map<string, PlanNote>();
  for (const said of drafts.flatMap((draft) => draft.statements)) {
    const { task } = said;
    if (!numbers.has(task)) continue;
    const dependsOn = originalOf(said.dependsOn, sorted);
    if (task === dependsOn && said.dependsOn !== dependsOn) continue;
    const statement = { ...said, dependsOn };
    const state = known.get(dependsOn);
    const fate = sorted.get(dependsOn);
    const note = (kind: PlanNote["kind"], text: string) =>
      notes.set(`${task} ${dependsOn}`, {
        kind,
        issue: task,
        text: `${text}: ${whyOf(statement)}`,
      });
    if (task === dependsOn) note("self-dependency", "is said to wait for itself");
    else if (numbers.has(dependsOn) || present.has(dependsOn)) planned.push(statement);
    else if (fate?.kind === "skipped") {
      note("open-outside", `does not wait for #${dependsOn}, which ${fate.why}`);
    } else if (state === "closed") satisfied.push(statement);
    else if (state === "open") {
      note("open-outside", `does not wait for #${dependsOn}, which is open but not in this plan`);
    } else note("unknown-issue", `names #${dependsOn}, which was not found`);
  }
  return { planned, satisfied: strongest(satisfied), notes: [...notes.values()] };
}

/** What waits for a duplicate waits for its original. */
function originalOf(number: number, sorted: ReadonlyMap<number, Triage>): number {
  const seen = new Set<number>();
  for (let at = number; ; ) {
    const fate = sorted.get(at);
    const original = fate?.kind === "skipped" ? fate.duplicateOf : null;
    if (original === null || seen.has(original)) return at;
    seen.add(at);
    at = original;
  }
}

function cycleOf(cycle: readonly Statement[], issues: readonly Issue[]): PlanCycle {
  const originOf = new Map(issues.map((issue) => [issue.number, issue.origin]));
  const path = cycle.map((edge) => TaskId.parse(`t${edge.task}`));
  return {
    kind: "cycle",
    path: [...path, ...path.slice(0, 1)],
    sentences: cycle.map(
      (edge) =>
        `#${edge.task} waits for #${edge.dependsOn}: ${whyOf(edge)}; read from ${originOf.get(edge.source)}`,
    ),
  };
}

function droppedNote({ edge, cycle }: DroppedEdge): PlanNote {
  const path = [...cycle, ...cycle.slice(0, 1)].map(({ task }) => `#${task}`).join(" → ");
  const text = `does not wait for #${edge.dependsOn}, to break the cycle ${path}: ${whyOf(edge)}`;
  return { kind: "dropped-edge", issue: edge.task, text };
}

const planEdges = (edge: Statement, names: TaskNames): PlanEdge[] =>
  names
    .firstOf(edge.task)
    .flatMap((task) =>
      names.endsOf(edge.dependsOn).map((dependsOn) => ({ task, dependsOn, why: whyOf(edge) })),
    );

/** The header's fields in the order in which the manifest lists them. */
function headerJson(header: PlanHeader): JsonObject {
  const given = new Map(Object.entries(header));
  const fields = Object.keys(Manifest.shape).map((key) => [key, given.get(key)]);
  const json: unknown = JSON.parse(JSON.stringify(Object.fromEntries(fields)));
  if (isJsonObject(json)) return json;
  throw new CoppiceError({
    code: "header-no-object",
    kind: "bug",
    message: "the header of the plan is no JSON object",
    hint: "Please report this with the command that you ran.",
  });
}

function byTask(edges: readonly Statement[]): Map<number, Statement[]> {
  const groups = new Map<number, Statement[]>();
  for (const edge of edges.toSorted((a, b) => a.dependsOn - b.dependsOn)) {
    const group = groups.get(edge.task);
    if (group === undefined) groups.set(edge.task, [edge]);
    else group.push(edge);
  }
  return groups;
}
