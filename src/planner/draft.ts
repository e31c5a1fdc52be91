import { filePath } from "../manifest/files.ts";
import type { FinishedTask } from "../manifest/finished-task.ts";
import { plainLine, plainText } from "../manifest/plain-text.ts";
import { type Statement, statedDependencies } from "./dependencies.ts";
import { type Estimate, estimateOf } from "./estimate.ts";
import { type FileIndex, type FilePredictor, mentionedFiles, type PredictedFile } from "./files.ts";
import type { Issue } from "./issue.ts";
import type { PlanNote } from "./note.ts";
import { type StatedPriority, statedPriority } from "./priority.ts";
import { type TaskList, taskListOf } from "./split.ts";

/** What one issue says, read by itself. */
export interface Draft {
  /** With title and body as plain text. */
  readonly issue: Issue;
  readonly priority: StatedPriority | null;
  readonly estimate: Estimate | null;
  /** Inside the repository, each once, the surest first. */
  readonly files: readonly PredictedFile[];
  /** The items of its task list as tasks of their own; null: it is one task. */
  readonly list: {
    /** What says that each comes after the one before; null: nothing does. */
    readonly order: string | null;
    readonly parts: readonly {
      readonly number: number;
      /** Its title and text. */
      readonly issue: Issue;
      readonly files: readonly PredictedFile[];
    }[];
  } | null;
  readonly statements: readonly Statement[];
  readonly notes: readonly PlanNote[];
}

/** Files of one task beyond which a list is rather a listing; the surest stay. */
const FILES_MAX = 50;
const TITLE_LENGTH_MAX = 256;

/** What issues are read with. */
export interface Reading {
  readonly index: FileIndex;
  readonly predictFiles: FilePredictor;
  /** `owner/name`. */
  readonly repo: string | undefined;
  /** Tasks that tell how long others take. */
  readonly finished: readonly FinishedTask[];
  /** Take large issues apart. */
  readonly split: boolean;
}

/** Reads one issue. */
export function draftOf(given: Issue, reading: Reading): Draft {
  const { index, predictFiles, repo } = reading;
  const { issue, removed } = plainIssue(given);
  const { statements, foreign } = statedDependencies(issue, repo);
  const { files, notes: fileNotes } = safeFiles(issue, predictFiles(issue, index));
  const taskList = taskListOf(issue);
  const note = (kind: PlanNote["kind"], text: string): PlanNote => ({
    kind,
    issue: issue.number,
    text,
  });
  const notes = [
    ...(issue.state === "closed" ? [note("closed-issue", "is closed, but was asked for")] : []),
    ...(removed > 0
      ? [note("invisible-text", `held ${removed} invisible characters, which were removed`)]
      : []),
    ...foreign.map(({ reference, sentence, place }) =>
      note(
        "foreign-dependency",
        `names ${reference} of another repository, which is not waited for: “${sentence}” (${place})`,
      ),
    ),
    ...fileNotes,
    ...(taskList === null || reading.split ? [] : [note("large-issue", largeText(taskList))]),
  ];
  return {
    issue,
    priority: statedPriority(issue),
    estimate: estimateOf(issue, reading.finished),
    files,
    list:
      taskList === null || !reading.split
        ? null
        : {
            order: taskList.order,
            parts: taskList.parts.map(({ number, issue: part, item }) => ({
              number,
              issue: part,
              files: safeFiles(item, mentionedFiles(item, index)).files,
            })),
          },
    statements,
    notes,
  };
}

const largeText = ({ parts }: TaskList): string =>
  `holds a task list of ${parts.length} items: --split makes a task of each`;

/** The issue with title and body as plain text, the title on one line. */
export function plainIssue(issue: Issue): { readonly issue: Issue; readonly removed: number } {
  const title = plainText(issue.title);
  const body = plainText(issue.body);
  return {
    issue: { ...issue, title: plainLine(title.text, TITLE_LENGTH_MAX), body: body.text },
    removed: title.removed + body.removed,
  };
}

/** The predictions that may stand in a manifest. */
function safeFiles(
  issue: Issue,
  predicted: readonly PredictedFile[],
): { files: PredictedFile[]; notes: PlanNote[] } {
  const files = new Map<string, PredictedFile>();
  const notes: PlanNote[] = [];
  for (const file of predicted) {
    const outcome = filePath(file.path);
    if (outcome.kind === "refused") {
      const text = `names the file ${JSON.stringify(file.path)}, which ${outcome.why}: left out`;
      notes.push({ kind: "file-refused", issue: issue.number, text });
    } else {
      const path = outcome.path === "" ? "." : outcome.path;
      if (!files.has(path)) files.set(path, { ...file, path });
    }
  }
  const kept = [...files.values()].slice(0, FILES_MAX);
  if (kept.length < files.size) {
    const text = `names ${files.size} files; the plan holds the first ${FILES_MAX}`;
    notes.push({ kind: "files-cut", issue: issue.number, text });
  }
  return { files: kept, notes };
}
