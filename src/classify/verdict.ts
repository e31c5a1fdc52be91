import type { Dialog, Turn } from "../agents/agent.ts";
import type { VerdictKind } from "../manifest/verdict-kind.ts";

/** What a session is doing, why we think so, and what that rests on. */
export interface Verdict {
  readonly kind: VerdictKind;
  readonly why: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** Rests on a fact (exit record, dead pane, signal): one reading is enough. Others need two equal ones. */
  readonly fact: boolean;
  readonly turn?: Turn;
  /** Waiting does not help and nothing may be typed: a log-in, a payment, a secret. */
  readonly needsPerson?: boolean;
  readonly dialog?: Dialog;
  readonly question?: string;
  readonly draft?: boolean;
  /** When a limit ends; Unix milliseconds. */
  readonly waitUntilMs?: number;
}
