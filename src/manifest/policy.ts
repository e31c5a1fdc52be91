import { z } from "zod";
import { closedObject } from "./closed-object.ts";

/** A question that a person allows to be answered, and the answer. */
export const KnownAnswer = closedObject({
  /** Text that the question contains, compared without regard to case. */
  question: z.string().min(3),
  /** The label of the option to choose, or the text to type. */
  answer: z.string().min(1),
});
export type KnownAnswer = z.infer<typeof KnownAnswer>;

const minutes = (fallback: number, max: number) => z.number().positive().max(max).default(fallback);
const count = (fallback: number, max: number) => z.number().int().min(0).max(max).default(fallback);

/** Every limit of a run, each with its unit in its name. */
export const Policy = closedObject({
  /** Minutes without commit, output or progress until a working task counts as stalled. */
  stallAfterMinutes: minutes(20, 24 * 60),
  /** Starts per task, the first included. */
  attemptsMax: z.number().int().min(1).max(20).default(3),
  /** Answers to dialogs and questions per attempt. */
  answersMax: count(5, 50),
  /** Nudges per attempt. */
  nudgesMax: count(2, 20),
  /** Resumed conversations per task. */
  resumesMax: count(1, 20),
  backoffSeconds: z.number().positive().max(3600).default(10),
  backoffMaxSeconds: z.number().positive().max(86_400).default(300),
  setupTimeoutMinutes: minutes(15, 24 * 60),
  verifyTimeoutMinutes: minutes(30, 24 * 60),
  /** Megabytes of terminal log kept per attempt. */
  logMegabytesMax: z.number().positive().max(1024).default(8),
  /** Lines of the failed attempt that go into the next prompt. */
  contextLines: z.number().int().min(0).max(500).default(60),
  /** Seconds between two looks at the forge. */
  forgePollSeconds: z.number().positive().max(3600).default(30),
  /** Minutes to pause a provider whose limit names no reset time. */
  rateLimitPauseMinutes: minutes(15, 24 * 60),
  /** Pushes and pull requests that fail in a row until a person is asked. */
  deliveryAttemptsMax: z.number().int().min(1).max(100).default(5),
  /** New pull requests an hour. */
  pullRequestsPerHourMax: z.number().int().min(1).max(500).default(100),
  /** Questions that may be answered without asking a person. */
  answers: z.array(KnownAnswer).default([]),
});
export type Policy = z.infer<typeof Policy>;
