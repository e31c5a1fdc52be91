import type { JsonObject } from "../manifest/json.ts";
import { plainLine } from "../manifest/plain-text.ts";
import { TaskId } from "../manifest/task.ts";
import type { Statement } from "./dependencies.ts";
import type { Draft } from "./draft.ts";
import type { PredictedFile } from "./files.ts";
import type { Issue } from "./issue.ts";
import { newFileFolder } from "./new-folder.ts";
import type { Placement } from "./phases.ts";
import type { PresentTask } from "./plan.ts";
import type { Triage } from "./triage.ts";

/** Which tasks stand for an issue. */
export interface TaskNames {
  /** Its only task, or those of its parts in their order. */
  readonly partsOf: (issue: number) => readonly TaskId[];
  /** Those that wait for what the issue waits for. */
  readonly firstOf: (issue: number) => readonly TaskId[];
  /** Those that whoever waits for the issue waits for. */
  readonly endsOf: (issue: number) => readonly TaskId[];
}

/** What was found out about the issues of a plan, by number. */
export interface TaskFacts {
  readonly names: TaskNames;
  readonly edges: ReadonlyMap<number, readonly Statement[]>;
  /** Statements that are met already. */
  readonly satisfied: ReadonlyMap<number, readonly Statement[]>;
  /** Statements that gave way to break a cycle. */
  readonly dropped: ReadonlyMap<number, readonly Statement[]>;
  readonly fateOf: (issue: Issue) => Triage;
  /** A forecast weighs what issues only mention; without one that counts as named. */
  readonly isForecast: boolean;
}

/** Issues that the manifest holds keep their tasks' names; others are called after their number and part. */
export function taskNames(
  drafts: readonly Draft[],
  present: ReadonlyMap<number, PresentTask>,
  taken: ReadonlySet<string>,
): TaskNames {
  const free = (name: string): TaskId =>
    TaskId.parse(taken.has(`t${name}`) ? `issue-${name}` : `t${name}`);
  const lists = new Map(drafts.map(({ issue, list }) => [issue.number, list]));
  const partsOf = (issue: number): readonly TaskId[] =>
    present.get(issue)?.ids ??
    lists.get(issue)?.parts.map((part) => free(`${issue}-${part.number}`)) ?? [free(`${issue}`)];
  const inOrder = (issue: number): boolean => (lists.get(issue)?.order ?? null) !== null;
  return {
    partsOf,
    firstOf: (issue) => (inOrder(issue) ? partsOf(issue).slice(0, 1) : partsOf(issue)),
    endsOf: (issue) => (inOrder(issue) ? partsOf(issue).slice(-1) : partsOf(issue)),
  };
}

/** The tasks of an issue as they are written: one, or one for each part. */
export function tasksOf(
  placement: Placement<{ readonly draft: Draft }>,
  facts: TaskFacts,
): readonly JsonObject[] {
  const { draft } = placement.item;
  const { issue, list, files } = draft;
  const fate = facts.fateOf(issue);
  const own = facts.edges.get(issue.number) ?? [];
  const waits = own.flatMap((edge) => facts.names.endsOf(edge.dependsOn));
  const reasons = [...stateReasons(fate), ...reasonsOf(placement, own, facts)];
  const common = { draft, isDraft: fate.kind === "draft", isForecast: facts.isForecast };
  if (list === null) {
    const [id = TaskId.parse(`t${issue.number}`)] = facts.names.partsOf(issue.number);
    return [taskOf({ ...common, id, issue, files, waits, reasons, part: undefined })];
  }
  const { order } = list;
  const ids = facts.names.partsOf(issue.number);
  const idOf = (number: number) => ids[number - 1] ?? TaskId.parse(`t${issue.number}-${number}`);
  return list.parts.map((part) => {
    const before = order === null || part.number === 1 ? [] : [idOf(part.number - 1)];
    const place = `Part ${part.number} of ${list.parts.length} of #${issue.number}, by its task list.`;
    const after = before.map((id) => `Waits for ${id}: ${order}.`);
    return taskOf({
      ...common,
      id: idOf(part.number),
      issue: part.issue,
      files: part.files,
      waits: before.length > 0 ? before : waits,
      reasons: [place, ...after, ...reasons],
      part: part.number,
    });
  });
}

/** The words that make an edge, and their place. */
export function whyOf(edge: Statement): string {
  const place =
    edge.place === "relation" ? "relation on the forge" : `#${edge.source}, ${edge.place}`;
  return `“${edge.sentence}” (${place})`;
}

const stateReasons = (fate: Triage): string[] =>
  fate.kind === "draft" ? [`A draft, for it ${fate.why}${fate.why.endsWith("?") ? "" : "."}`] : [];

function reasonsOf(
  placement: Placement<{ readonly draft: Draft }>,
  own: readonly Statement[],
  { names, satisfied, dropped, isForecast }: TaskFacts,
): string[] {
  const { issue, estimate, files } = placement.item.draft;
  const folder = isForecast ? newFileFolder(issue.title, files) : undefined;
  return [
    phaseReason(placement, names),
    ...own.flatMap((edge) =>
      names.endsOf(edge.dependsOn).map((id) => `Waits for ${id}: ${whyOf(edge)}.`),
    ),
    ...(satisfied.get(issue.number) ?? []).map(
      (edge) => `Does not wait for #${edge.dependsOn}, which is closed: ${whyOf(edge)}.`,
    ),
    ...(dropped.get(issue.number) ?? []).map(
      (edge) => `Does not wait for #${edge.dependsOn}, to break a cycle: ${whyOf(edge)}.`,
    ),
    ...(estimate === null
      ? []
      : [`Takes ${estimate.value} of an ordinary task's time, by ${estimate.why}.`]),
    ...(folder === undefined
      ? []
      : [
          `May make a new file in ${folder.path} (${Math.round(100 * folder.confidence)} %), as its title asks for something new; this orders nothing.`,
        ]),
  ];
}

function phaseReason(
  { item, phase, raisedBy }: Placement<{ readonly draft: Draft }>,
  names: TaskNames,
): string {
  if (raisedBy !== null) {
    return `${phase}, because ${names.firstOf(raisedBy).join(", ")} waits for it.`;
  }
  const { priority, issue } = item.draft;
  if (phase === issue.milestone) return `${phase}, by its milestone.`;
  return priority === null
    ? `${phase}, as no label gives a priority.`
    : `${phase}, by ${priority.why}.`;
}

/** What makes one task. */
interface Making {
  readonly draft: Draft;
  readonly id: TaskId;
  /** Title and text. */
  readonly issue: Issue;
  readonly files: readonly PredictedFile[];
  readonly waits: readonly TaskId[];
  readonly reasons: readonly string[];
  readonly part: number | undefined;
  readonly isDraft: boolean;
  readonly isForecast: boolean;
}

/** A task as it is written: fields that a person may want to edit, in the order of the specification, then the rest. */
function taskOf(making: Making): JsonObject {
  const { draft, id, issue, files, waits, reasons, part, isDraft, isForecast } = making;
  const named = isForecast ? files.filter(({ confidence }) => confidence === 1) : files;
  const predicted = files.filter((file) => !named.includes(file));
  const { priority, estimate } = draft;
  const labels = issue.labels.map((label) => plainLine(label, LABEL_LENGTH_MAX));
  return {
    id,
    issue: issue.number,
    ...(part === undefined ? {} : { part }),
    title: issue.title,
    files: named.map(({ path }) => path),
    ...(predicted.length === 0
      ? {}
      : { predicted: predicted.map(({ path, confidence, why }) => ({ path, confidence, why })) }),
    dependsOn: [...new Set(waits)],
    status: isDraft ? "draft" : "pending",
    ...(issue.body === "" ? {} : { body: issue.body }),
    ...(priority === null ? {} : { priority: priority.priority }),
    ...(labels.length === 0 ? {} : { labels }),
    ...(estimate === null ? {} : { estimate: estimate.value }),
    reasons: [...reasons, ...named.map(({ path, why }) => `${path}: ${why}.`)],
  };
}

const LABEL_LENGTH_MAX = 100;
