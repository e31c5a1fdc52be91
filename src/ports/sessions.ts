import type { Screen } from "../agents/screen.ts";
import type { Probe, SessionFact } from "../classify/evidence.ts";

/** What a session is started with. The wrapper reads everything else from `taskDir`. */
export interface SessionSpec {
  /** `task-<id>`, or `task-<id>-verify`. */
  readonly name: string;
  readonly taskId: string;
  readonly attempt: number;
  /** The task's folder below the workdir; the launch files of `attempt` are in it. Absolute. */
  readonly taskDir: string;
  readonly worktree: string;
  /** Argument words; a word `{prompt}` stands for the text of `promptFile`. No line breaks. */
  readonly argv: readonly string[];
  /** The program is headless: it is given `promptFile` on its standard input, and its events of these kinds are reported. */
  readonly events: { readonly agent: string; readonly kinds: readonly string[] } | null;
  readonly promptFile: string | undefined;
  /** Run by `sh -c` (string) or as a program (array) before the agent; once per worktree. */
  readonly setup: string | readonly string[] | undefined;
  readonly setupTimeoutSeconds: number;
  /** The environment of the agent, to which the session adds `COPPICE_REPORT`, the program that its hooks call, and what that needs. */
  readonly env: Readonly<Record<string, string>>;
  readonly cols: number;
  readonly rows: number;
  readonly logBytesMax: number;
}

export type StartOutcome =
  | { readonly kind: "started"; readonly session: SessionFact }
  /** The same task and attempt runs already: taken over. */
  | { readonly kind: "adopted"; readonly session: SessionFact }
  /** The name is taken by another attempt or by something that is not ours. */
  | { readonly kind: "taken"; readonly by: string };

/** Whether typed words arrived. `refused`: nothing was typed, and why. */
export type InjectOutcome =
  | { readonly kind: "sent" }
  | { readonly kind: "unproven"; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

/** A turn that is to end before words are typed: the keys that end one, and whether a screen shows one. */
export interface RunningTurn {
  readonly keys: readonly string[];
  readonly runs: (screen: Screen) => boolean;
}

export interface Observation {
  readonly session: SessionFact;
  /** Known when the pane was captured in this call or did not change since the last capture. */
  readonly screen: Probe<Screen>;
}

/** The terminals of one run, on a server of their own. */
export interface Sessions {
  /**
   * All sessions of this run with their screens: one listing, one chained capture of the changed panes. With `unread`, the
   * screens of the sessions with these names are not read: they are unknown.
   */
  observe(unread?: ReadonlySet<string>): Promise<Probe<readonly Observation[]>>;
  start(spec: SessionSpec): Promise<StartOutcome>;
  /** One fresh capture, with up to `historyLines` lines above the screen. */
  capture(name: string, historyLines: number): Promise<Probe<Screen | null>>;
  /**
   * Types `text` and presses Enter: leaves copy mode, refuses when a modal is open (`expect` says what the screen must
   * still be), clears a draft, pastes, presses Enter, proves that the screen moved, presses Enter once more if not. `turn`:
   * one that runs is ended first; nothing is pressed where none does.
   */
  inject(
    name: string,
    text: string,
    still: (screen: Screen) => boolean,
    turn?: RunningTurn,
  ): Promise<InjectOutcome>;
  /** Presses keys by their tmux names, one after the other, as long as `still` holds before each. */
  press(
    name: string,
    keys: readonly string[],
    still: (screen: Screen) => boolean,
  ): Promise<InjectOutcome>;
  /** A person is attached to the session now, and its program has not ended. Throws CoppiceError when tmux cannot tell. */
  isAttended(name: string): Promise<boolean>;
  /** Ends the session and every process that it started; nothing else. True when it is gone. */
  stop(name: string): Promise<boolean>;
  /** The command a person types to look at the session. */
  attachCommand(name: string): readonly string[];
  /** Ends the server when no session of this run is left on it. */
  shutDown(): Promise<void>;
}
