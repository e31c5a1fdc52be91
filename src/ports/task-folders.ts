import type { ExitFact, LaunchFact, Probe, SignalFact, VerifyFact } from "../classify/evidence.ts";

import type { TaskId } from "../manifest/task.ts";

/** A task's folder: prompts, launch and exit records, logs. Survives tmux and the orchestrator. */
export interface TaskFolders {
  /** Absolute folder of a task, created with mode 0700. */
  folder(taskId: string): Promise<string>;
  /** The tasks that were launched here, also those that the manifest does not have any more. */
  launched(): Promise<readonly TaskId[]>;
  writePrompt(taskId: string, attempt: number, text: string): Promise<string>;
  /** Written before the session is started, so that a crash in between is seen. */
  recordLaunch(taskId: string, launch: LaunchFact): Promise<void>;
  /**
   * The newest launch. One after attempt `noted` of which nobody knows yet counts only if its session ever began. Unknown
   * also when it is that of another manifest, which is at work on a task of the same id.
   */
  launch(taskId: string, noted: number): Promise<Probe<LaunchFact | null>>;
  exit(taskId: string, attempt: number): Promise<Probe<ExitFact | null>>;
  recordVerifyStart(taskId: string, sha: string, atMs: number): Promise<string>;
  verify(taskId: string, sha: string): Promise<Probe<VerifyFact | null>>;
  signals(taskId: string, attempt: number): Promise<Probe<readonly SignalFact[]>>;
  /** The terminal log of an attempt, escape sequences removed, last `lines` lines. */
  log(taskId: string, attempt: number, lines: number): Promise<readonly string[]>;
  /** Absolute path of the raw log. */
  logPath(taskId: string, attempt: number): Promise<string>;
}
