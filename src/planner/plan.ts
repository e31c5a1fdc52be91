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
import { type FilePredictor, fileIndex, mentionedFiles, type PredictedFile } from "./files.ts";
import type { Issue } from "./issue.ts";
import type { PlanNote } from "./note.ts";
import { PHASES, type Placement, placements } from "./phases.ts";
import type { Forecast } from "./predict/predict.ts";

/** Everything that a plan is made of; the planner reads nothing else. */
export interface PlanInput {
  /** The issues to plan, in any order. Each becomes a task, a closed one too: it was asked for. */
  readonly issues: readonly Issue[];
  /** States of other issues that these wait for; `referencedIssues` says which. */
  readonly known: ReadonlyMap<number, "open" | "closed">;
  /** Paths of the repository's files, `/` between folders; may be empty. */
  readonly files: readonly string[];
  /** Tasks of this repository that are delivered: they tell how long others take. Default: none. */
  readonly finished?: readonly FinishedTask[];
  readonly settings: PlanSettings;
  /** What the issues will probably touch. Without it every file that an issue mentions counts as named. */
  readonly forecast?: Forecast | undefined;
}

export interface PlanSettings {
  /** The manifest's own fields; those left out keep their default. */
  readonly header: PlanHeader;
  /** Drop the weakest edge of each cycle instead of refusing. */
  readonly breakCycles: boolean;
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
  const { header, breakCycles } = input.settings;
  const { issues, notes: repeated } = uniqueIssues(input.issues);
  const index = fileIndex(input.files);
  const { forecast } = input;
  const predictFiles: FilePredictor =
    forecast === undefined ? mentionedFiles : ({ number }) => forecast.files.get(number) ?? [];
  const drafts = issues.map((issue) =>
    draftOf(issue, index, predictFiles, header.repo, input.finished ?? []),
  );
  const numbers = issues.map((issue) => issue.number);
  const targets = sortTargets(drafts, input.known);
  const settled = settleEdges(numbers, targets.planned, breakCycles);
  if (settled.kind === "cycle") return cycleOf(settled.cycle, issues);
  const edges = byTask(settled.edges);
  const satisfied = byTask(targets.satisfied);
  const dropped = byTask(settled.dropped.map(({ edge }) => edge));
  const placed = placements(
    drafts.map((draft) => ({
      draft,
      number: draft.issue.number,
      priority: draft.priority?.priority ?? "medium",
      dependsOn: (edges.get(draft.issue.number) ?? []).map((edge) => edge.dependsOn),
    })),
  );
  const tasks = placed.map((placement) => {
    const { number, draft } = placement.item;
    const own = edges.get(number) ?? [];
    const reasons = [
      phaseReason(placement),
      ...own.map((edge) => `Waits for ${taskIdOf(edge.dependsOn)}: ${whyOf(edge)}.`),
      ...(satisfied.get(number) ?? []).map(
        (edge) => `Does not wait for #${edge.dependsOn}, which is closed: ${whyOf(edge)}.`,
      ),
      ...(dropped.get(number) ?? []).map(
        (edge) => `Does not wait for #${edge.dependsOn}, to break a cycle: ${whyOf(edge)}.`,
      ),
      ...(draft.estimate === null
        ? []
        : [`Takes ${draft.estimate.value} of an ordinary task, by ${draft.estimate.why}.`]),
      ...namedFiles(draft, forecast).map(({ path, why }) => `${path}: ${why}.`),
    ];
    return { phase: placement.phase, task: taskOf(draft, own, reasons, forecast) };
  });
  const phases = PHASES.map((name, phase) => ({
    name,
    tasks: tasks.filter((entry) => entry.phase === phase).map(({ task }) => task),
  }));
  const notes = [
    ...repeated,
    ...drafts.flatMap((draft) => draft.notes),
    ...targets.notes,
    ...settled.dropped.map(droppedNote),
  ];
  return {
    kind: "planned",
    manifest: { ...headerJson(header), phases: phases.filter((phase) => phase.tasks.length > 0) },
    notes: notes.toSorted((a, b) => a.issue - b.issue),
    edges: placed.flatMap(({ item }) => (edges.get(item.number) ?? []).map(planEdge)),
    minutesPerTask: minutesPerTask(input.finished ?? []),
    forecast,
  };
}

/** The numbers that the issues say they wait for and that are not among them, ascending. */
export function referencedIssues(issues: readonly Issue[], repo: string | undefined): number[] {
  const given = new Set(issues.map((issue) => issue.number));
  const outside = issues
    .flatMap((issue) => statedDependencies(plainIssue(issue).issue, repo).statements)
    .filter(({ task, dependsOn }) => given.has(task) && !given.has(dependsOn));
  return [...new Set(outside.map(({ dependsOn }) => dependsOn))].toSorted((a, b) => a - b);
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

/** Tells the statements on issues of this plan from those on closed ones, and notes all others. */
function sortTargets(drafts: readonly Draft[], known: PlanInput["known"]) {
  const numbers = new Set(drafts.map(({ issue }) => issue.number));
  const planned: Statement[] = [];
  const satisfied: Statement[] = [];
  const notes = new Map<string, PlanNote>();
  for (const statement of drafts.flatMap((draft) => draft.statements)) {
    const { task, dependsOn } = statement;
    if (!numbers.has(task)) continue;
    const state = known.get(dependsOn);
    const note = (kind: PlanNote["kind"], text: string) =>
      notes.set(`${task} ${dependsOn}`, {
        kind,
        issue: task,
        text: `${text}: ${whyOf(statement)}`,
      });
    if (task === dependsOn) note("self-dependency", "is said to wait for itself");
    else if (numbers.has(dependsOn)) planned.push(statement);
    else if (state === "closed") satisfied.push(statement);
    else if (state === "open") {
      note("open-outside", `does not wait for #${dependsOn}, which is open but not in this plan`);
    } else note("unknown-issue", `names #${dependsOn}, which was not found`);
  }
  return { planned, satisfied: strongest(satisfied), notes: [...notes.values()] };
}

function cycleOf(cycle: readonly Statement[], issues: readonly Issue[]): PlanCycle {
  const originOf = new Map(issues.map((issue) => [issue.number, issue.origin]));
  const path = cycle.map((edge) => taskIdOf(edge.task));
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

function phaseReason({ item, phase, raisedBy }: Placement<{ draft: Draft }>): string {
  const name = PHASES[phase];
  if (raisedBy !== null) return `${name}, because ${taskIdOf(raisedBy)} waits for it.`;
  const { priority } = item.draft;
  return priority === null
    ? `${name}, as no label gives a priority.`
    : `${name}, by ${priority.why}.`;
}

function whyOf(edge: Statement): string {
  const place =
    edge.place === "relation" ? "relation on the forge" : `#${edge.source}, ${edge.place}`;
  return `“${edge.sentence}” (${place})`;
}

const planEdge = (edge: Statement): PlanEdge => ({
  task: taskIdOf(edge.task),
  dependsOn: taskIdOf(edge.dependsOn),
  why: whyOf(edge),
});

/** What the issue names itself. A forecast weighs what is only mentioned; without one that counts as named. */
function namedFiles({ files }: Draft, forecast: Forecast | undefined): readonly PredictedFile[] {
  return forecast === undefined ? files : files.filter(({ confidence }) => confidence === 1);
}

/** A task as it is written: fields that a person may want to edit, in the order of the specification, then the rest. */
function taskOf(
  draft: Draft,
  edges: readonly Statement[],
  reasons: readonly string[],
  forecast: Forecast | undefined,
): JsonObject {
  const { issue, priority, estimate } = draft;
  const named = namedFiles(draft, forecast);
  const predicted = draft.files.filter((file) => !named.includes(file));
  const labels = issue.labels.map((label) => plainLine(label, LABEL_LENGTH_MAX));
  return {
    id: taskIdOf(issue.number),
    issue: issue.number,
    title: issue.title,
    files: named.map(({ path }) => path),
    ...(predicted.length === 0
      ? {}
      : { predicted: predicted.map(({ path, confidence, why }) => ({ path, confidence, why })) }),
    dependsOn: edges.map((edge) => taskIdOf(edge.dependsOn)),
    status: "pending",
    ...(issue.body === "" ? {} : { body: issue.body }),
    ...(priority === null ? {} : { priority: priority.priority }),
    ...(labels.length === 0 ? {} : { labels }),
    ...(estimate === null ? {} : { estimate: estimate.value }),
    reasons,
  };
}

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

const taskIdOf = (issue: number): TaskId => TaskId.parse(`t${issue}`);

const LABEL_LENGTH_MAX = 100;
