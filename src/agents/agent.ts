import type { VerdictKind } from "../manifest/verdict-kind.ts";
import type { Screen } from "./screen.ts";

/** What a launch needs to know. Paths are absolute. */
export interface LaunchRequest {
  readonly taskId: string;
  readonly branch: string;
  readonly worktree: string;
  readonly promptFile: string;
  /** The folder of the programs that every session has, e.g. an agent's plugin. */
  readonly programsDir: string;
  readonly model: string | undefined;
  readonly modelTier: string | undefined;
  /** The program's own words for its version; undefined where it does not tell: then the newest known is meant. */
  readonly version: string | undefined;
  /** It edits files by itself but asks before commands; else it does as it thinks fit. */
  readonly asks: boolean;
  /** Parts of commands, `*` for any text, that it asks about also where it would run them unasked. */
  readonly deny: readonly string[];
  /** The manifest's own program: only the agent `command` uses it. */
  readonly command: readonly string[] | undefined;
}

/**
 * How to start the program. The word `{prompt}` stands for the text of the prompt file and is filled in by the
 * session wrapper, so that the text never passes through a shell or tmux. No word may hold a line break.
 */
export interface LaunchPlan {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * How an agent is run without a composer: it reads its words from the standard input, tells what it does as JSON, one event
 * a line, and ends with its turn.
 */
export interface Headless {
  launch(request: LaunchRequest): LaunchPlan;
  /** Continues a conversation. */
  resume(request: LaunchRequest, conversation: string): LaunchPlan;
  /** Events that `signals` understands, by `type` or by `type` and `subtype` or the item's own type: `item.completed agent_message`. */
  readonly events: readonly string[];
}

/** An option of a dialog on the screen. */
export interface DialogOption {
  readonly label: string;
  readonly highlighted: boolean;
  /** Keys that choose this option at once (tmux key names), where the dialog has such keys. */
  readonly keys?: readonly string[];
}

/** A dialog or question that waits for a person. `id` is stable across versions, e.g. `codex/trust-folder`. */
export interface Dialog {
  readonly id: string;
  /** The question on one line. */
  readonly title: string;
  /** All its text but the options, e.g. the command to be approved. */
  readonly body?: string;
  /** The command that is to be approved, in the rows that it takes: only one row is sure to be the whole of it, word by word. */
  readonly command?: readonly string[];
  /** None: it waits for typed words. */
  readonly options: readonly DialogOption[];
}

/**
 * The agent's turn: it is `running` (also while the agent retries by itself), it has `ended` with the agent's own last
 * words, or it is `broken-off`: interrupted, declined, compacted, announced and not done, killed, or left by a person.
 */
export type Turn = "running" | "ended" | "broken-off";

/** What the text of one screen says, before any other evidence. */
export interface ScreenReading {
  readonly kind: VerdictKind;
  /** 0 to 1. */
  readonly confidence: number;
  readonly why: string;
  readonly turn?: Turn;
  /** Waiting does not help and nothing may be typed: a log-in, a payment, a secret. */
  readonly needsPerson?: boolean;
  readonly dialog?: Dialog;
  /** The text of a question that waits for typed words. */
  readonly question?: string;
  /** When a limit ends, as the screen words it, e.g. `11:31 AM`; resolved by the classifier. */
  readonly resetText?: string;
  /** The composer holds text that was not sent. */
  readonly draft?: boolean;
}

/**
 * What an agent, or its hooks, says of itself: its turn began, ended by its own word or by a failed request, it asks for
 * approval, tries a request again, it is done, it cannot go on; words that may be its last; or the id of its conversation.
 */
export type SignalKind =
  | "turn-started"
  | "said"
  | "retrying"
  | "turn-ended"
  | "turn-failed"
  | "approval"
  | "done"
  | "fail"
  | "conversation";

export interface Signal {
  readonly kind: SignalKind;
  /** The agent's last words, its error, what it asks for, or the conversation's id. */
  readonly text: string;
  /** The command that is to be approved. */
  readonly command?: string;
}

/** Versions of a CLI, as `1.2` or `1.2.3`: those from `oldest` to `newest` were seen at work. An older one is not started. */
export interface KnownVersions {
  readonly oldest: string;
  readonly newest: string;
}

/** A run in which an agent reads its question from the standard input, looks, answers, and can change nothing. */
export interface Consultation {
  /** `{schemaFile}` in it stands for the file with the answer's JSON Schema. */
  argv(request: Pick<LaunchRequest, "version"> & { readonly folder: string }): readonly string[];
  /** The answer's text, from all that it wrote to its standard output; undefined: there is none. */
  answer(output: string): string | undefined;
}

/** One coding CLI: how it is found, started, resumed and read. Pure data and functions. */
export interface Agent {
  readonly name: string;
  readonly title: string;
  /** Program names looked up on PATH; empty for the agent `command`. */
  readonly binaries: readonly string[];
  /** Arguments that print the version. */
  readonly versionArgv: readonly string[];
  /** Undefined: any will do. */
  readonly versions: KnownVersions | undefined;
  /** Keys (tmux names) that end a running turn and leave its composer; none: it has no such keys. */
  readonly interrupt: readonly string[];
  /** Environment variables that it may inherit, e.g. its model key and its own home. */
  readonly environment: readonly string[];
  /** Interactive agents keep a composer open after the turn; others end by exiting. */
  readonly interactive: boolean;
  /** How to install it, for `coppice doctor`. */
  readonly install: string;
  launch(request: LaunchRequest): LaunchPlan;
  /** Continues a conversation; the prompt file holds the words to go on with. `undefined`: cannot. */
  resume(request: LaunchRequest, conversation: string | undefined): LaunchPlan | undefined;
  readonly headless?: Headless;
  /** Undefined: it has no mode in which it surely changes nothing. */
  readonly consult?: Consultation;
  /** What a notice of its hooks, or an event of a headless run, means; none for what says nothing. */
  signals?(notice: unknown): readonly Signal[];
  /** Reads the text of a live pane. */
  read(screen: Screen): ScreenReading;
}
