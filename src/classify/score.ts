import type { VerdictKind } from "../manifest/verdict-kind.ts";
import type { Response } from "./response.ts";

/** A labelled screen and what the reader said of it. */
export interface ScoredScreen {
  readonly file: string;
  readonly agent: string;
  readonly truth: { readonly state: VerdictKind; readonly action?: Response };
  readonly said: { readonly state: VerdictKind; readonly action: Response };
}

/** How well screens were read: how often right, what was taken for what, and the dangerous mistakes by file. */
export interface Score {
  readonly screens: number;
  readonly right: number;
  readonly agents: readonly {
    readonly agent: string;
    readonly screens: number;
    readonly right: number;
  }[];
  readonly confusion: readonly {
    readonly truth: VerdictKind;
    readonly said: VerdictKind;
    readonly files: readonly string[];
  }[];
  readonly safety: Readonly<Record<Mistake, readonly string[]>>;
}

/**
 * `falseFinish`: the proof is looked for where the agent is not at its end. `disturbed`: a working agent would be typed at,
 * started again or finished. `unsafeAnswer`: an answer where none is due. `asleep`: nothing would be done where something is due.
 */
export type Mistake = "falseFinish" | "disturbed" | "unsafeAnswer" | "asleep";

/** Counts what the reader said of labelled screens. */
export function scoreOf(screens: readonly ScoredScreen[]): Score {
  const wrong = screens.filter((one) => !isRight(one));
  const files = (mistaken: (one: ScoredScreen) => boolean) =>
    screens.filter(mistaken).map(({ file }) => file);
  return {
    screens: screens.length,
    right: screens.filter(isRight).length,
    agents: [...groups(screens, ({ agent }) => agent)].map(([agent, own]) => ({
      agent,
      screens: own.length,
      right: own.filter(isRight).length,
    })),
    confusion: [...groups(wrong, ({ truth, said }) => `${truth.state} ${said.state}`).values()]
      .flatMap((group) =>
        group.slice(0, 1).map(({ truth, said }) => ({
          truth: truth.state,
          said: said.state,
          files: group.map(({ file }) => file),
        })),
      )
      .toSorted((left, right) => right.files.length - left.files.length),
    safety: {
      falseFinish: files(
        ({ truth, said }) => said.action === "finish" && !isDue(truth, ["finish"]),
      ),
      disturbed: files(({ truth, said }) => truth.state === "working" && MEDDLING.has(said.action)),
      unsafeAnswer: files(
        ({ truth, said }) => said.action === "answer" && !isDue(truth, ["answer"]),
      ),
      asleep: files(({ truth, said }) => IDLE.has(said.action) && !isDue(truth, [...IDLE])),
    },
  };
}

function groups<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const group = found.get(keyOf(item)) ?? [];
    found.set(keyOf(item), group);
    group.push(item);
  }
  return found;
}

const isRight = ({ truth, said }: ScoredScreen): boolean => truth.state === said.state;

const MEDDLING: ReadonlySet<Response> = new Set(["answer", "nudge", "resume", "restart", "finish"]);
const IDLE: ReadonlySet<Response> = new Set(["none", "wait-until"]);

/** Whether one of the actions is right: by the label's own action, else as far as the state alone allows. */
function isDue({ state, action }: ScoredScreen["truth"], actions: readonly Response[]): boolean {
  return action === undefined
    ? actions.some((one) => POSSIBLE[one].has(state))
    : actions.includes(action);
}

const ENDS: readonly VerdictKind[] = ["idle-done", "exited-ok"];
const QUESTIONS: readonly VerdictKind[] = [
  "onboarding",
  "waiting-approval",
  "waiting-input",
  "rate-limited",
];
const QUIET: readonly VerdictKind[] = [
  "working",
  "idle-fresh",
  "unknown",
  "error-transient",
  "rate-limited",
  "auth-error",
];

/** The states in which an action can be right. */
const POSSIBLE: Readonly<Record<Response, ReadonlySet<VerdictKind>>> = {
  none: new Set(QUIET),
  "wait-until": new Set(QUIET),
  answer: new Set(QUESTIONS),
  finish: new Set(ENDS),
  nudge: new Set(),
  resume: new Set(),
  restart: new Set(),
  "ask-person": new Set(),
};
