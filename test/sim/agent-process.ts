/** One step of a simulated agent. */
export type Step =
  /** Works and writes a line every ten seconds. */
  | { readonly kind: "work"; readonly seconds: number }
  /** Works without a word, as inside a long tool call. */
  | { readonly kind: "silence"; readonly seconds: number }
  /** Says that it works and never does anything again. */
  | { readonly kind: "hang" }
  | { readonly kind: "commit" }
  /** Changes a file and does not commit it. */
  | { readonly kind: "edit" }
  /** Merges the base as it is now into its branch and settles every conflict. */
  | { readonly kind: "merge" }
  /** Writes words, which prove nothing. */
  | { readonly kind: "say"; readonly text: string }
  /** Writes a signal file, which proves nothing either. */
  | { readonly kind: "signal"; readonly signal: "done" | "fail" }
  /** The turn is over; the next step begins when words are typed. */
  | { readonly kind: "idle" }
  /** The same, with a question as the last words, */
  | { readonly kind: "ask"; readonly question: string }
  /** … with a broken connection, */
  | { readonly kind: "disconnected" }
  /** … with the provider's limit. */
  | { readonly kind: "limited" }
  /** A dialog that waits for a choice. Only the first option lets the agent go on, the other ends it. */
  | { readonly kind: "dialog"; readonly dialog: DialogName }
  | { readonly kind: "exit"; readonly code: number }
  /** Killed together with its wrapper: the pane is dead and no exit record says why. */
  | { readonly kind: "vanish" };

/** A step that takes no time. */
type Deed = Extract<
  Step,
  { kind: "commit" | "edit" | "merge" | "say" | "signal" | "exit" | "vanish" }
>;

/** Trusting the worktree is allowed by default; running a command is the person's to allow. */
export type DialogName = "trust" | "approval";

/** What an agent is really doing, whatever its screen says. */
export type Truth = "working" | "hanging" | "dialog" | "idle" | "ended";

/** What the agent does to the world. Times are true milliseconds. */
export interface AgentEffects {
  commit(atMs: number): void;
  edit(): void;
  merge(atMs: number): void;
  signal(kind: "done" | "fail", atMs: number): void;
  /** The program ended; `code` is null when nothing could record it. */
  ended(code: number | null, atMs: number): void;
}

/** Words with which Coppice asks an agent to merge the base. */
export const ASKS_TO_MERGE = /\bgit merge [0-9a-f]{40}\b/;

/** Words with which Coppice tells an agent of failed checks. */
export const TELLS_OF_CHECKS = /^Your work is pushed and its pull request #\d+ is open, but /m;

const LINE_EVERY_MS = 10_000;

/** A running simulated agent. Time comes in by `advance`, in true (unskewed) milliseconds. */
export class AgentProcess {
  readonly lines: string[] = [];
  /** When it last wrote, committed or was spoken to. */
  activeAtMs: number;
  /** Words that arrived without Enter. */
  draft = "";
  /** The highlighted option of an open dialog, from 0. */
  highlighted = 0;
  #steps: Step[];
  readonly #settling: readonly Step[];
  readonly #effects: AgentEffects;
  #stepSinceMs: number;
  #ended: boolean;

  /** `settling`: its steps when it idles and is asked to merge the base. */
  constructor(
    steps: readonly Step[],
    atMs: number,
    effects: AgentEffects,
    settling: readonly Step[] = [],
  ) {
    this.#steps = [...steps];
    this.#settling = settling;
    this.#effects = effects;
    this.#stepSinceMs = atMs;
    this.activeAtMs = atMs;
    this.#ended = false;
  }

  get step(): Step {
    return this.#steps[0] ?? { kind: "idle" };
  }

  get truth(): Truth {
    if (this.#ended) return "ended";
    switch (this.step.kind) {
      case "idle":
      case "ask":
      case "disconnected":
      case "limited":
        return "idle";
      case "hang":
        return "hanging";
      case "dialog":
        return "dialog";
      default:
        return "working";
    }
  }

  /** Lets it live until `nowMs`. */
  advance(nowMs: number): void {
    while (!this.#ended) {
      const step = this.step;
      switch (step.kind) {
        case "work":
        case "silence": {
          const endMs = this.#stepSinceMs + step.seconds * 1000;
          if (step.kind === "work") this.#write(Math.min(endMs, nowMs));
          if (endMs > nowMs) return;
          this.#next(endMs);
          break;
        }
        case "hang":
        case "idle":
        case "ask":
        case "disconnected":
        case "limited":
        case "dialog":
          return;
        default:
          this.#perform(step, this.#stepSinceMs);
      }
    }
  }

  /** Words arrive, and nobody presses Enter. */
  paste(text: string): void {
    this.draft = text.split("\n")[0] ?? "";
  }

  /** Words arrive in place of a draft, followed by Enter: they begin a turn, are queued by a busy agent, or confirm an open dialog. */
  type(text: string, nowMs: number): void {
    this.advance(nowMs);
    this.draft = "";
    this.activeAtMs = nowMs;
    if (this.truth === "dialog") {
      this.press("Enter", nowMs);
      return;
    }
    this.lines.push(`› ${text.split("\n")[0] ?? ""}`);
    if (this.truth === "idle" && ASKS_TO_MERGE.test(text) && this.#settling.length > 0) {
      this.#steps = [{ kind: "idle" }, ...this.#settling];
    }
    if (this.truth === "idle" && this.#steps.length > 1) {
      this.#next(nowMs);
      this.advance(nowMs);
    }
  }

  /** A key arrives, by its tmux name. Only a dialog listens. */
  press(key: string, nowMs: number): void {
    this.advance(nowMs);
    if (this.truth !== "dialog") return;
    this.activeAtMs = nowMs;
    switch (key) {
      case "Up":
        this.highlighted = 0;
        return;
      case "Down":
        this.highlighted = 1;
        return;
      case "Enter":
        this.#choose(this.highlighted, nowMs);
        return;
      case "1":
      case "y":
        this.#choose(0, nowMs);
        return;
      case "2":
      case "Escape":
        this.#choose(1, nowMs);
    }
  }

  /** A signal ends it; the wrapper records what it can. */
  kill(recorded: number | null, nowMs: number): void {
    this.advance(nowMs);
    if (!this.#ended) this.#end(recorded, nowMs);
  }

  #choose(option: number, nowMs: number): void {
    this.highlighted = 0;
    if (option !== 0) {
      this.#end(1, nowMs);
      return;
    }
    this.#next(nowMs);
    this.advance(nowMs);
  }

  #perform(step: Deed, atMs: number): void {
    switch (step.kind) {
      case "commit":
        this.lines.push("• Committed the change.");
        this.#effects.commit(atMs);
        break;
      case "edit":
        this.lines.push("• Edited a file.");
        this.#effects.edit();
        break;
      case "merge":
        this.lines.push("• Merged the base.");
        this.#effects.merge(atMs);
        break;
      case "say":
        this.lines.push(`• ${step.text}`);
        break;
      case "signal":
        this.#effects.signal(step.signal, atMs);
        break;
      case "exit":
        this.#end(step.code, atMs);
        return;
      case "vanish":
        this.#end(null, atMs);
        return;
    }
    this.activeAtMs = atMs;
    this.#next(atMs);
  }

  #next(atMs: number): void {
    this.#steps.shift();
    this.#stepSinceMs = atMs;
    this.activeAtMs = Math.max(this.activeAtMs, atMs);
  }

  #end(code: number | null, atMs: number): void {
    this.#ended = true;
    this.activeAtMs = atMs;
    this.#effects.ended(code, atMs);
  }

  #write(untilMs: number): void {
    const lines = Math.floor((untilMs - this.#stepSinceMs) / LINE_EVERY_MS);
    const lastMs = this.#stepSinceMs + lines * LINE_EVERY_MS;
    if (lastMs <= this.activeAtMs) return;
    this.activeAtMs = lastMs;
    this.lines.push(`• Read ${inLetters(lastMs / LINE_EVERY_MS)}.`);
  }
}

/** A number as letters: digits that change are not progress to anyone who reads a screen. */
const inLetters = (value: number): string =>
  value.toString().replace(/\d/g, (digit) => "abcdefghij".charAt(Number(digit)));
