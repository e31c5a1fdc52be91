import { z } from "zod";
import { closedObject } from "./closed-object.ts";

/** A question that a person allows to be answered, and the answer. */
export const KnownAnswer = closedObject({
  question: z
    .string()
    .min(3)
    .describe("Text that the question contains, compared without regard to case."),
  answer: z.string().min(1).describe("The label of the option to choose, or the text to type."),
});
export type KnownAnswer = z.infer<typeof KnownAnswer>;

const minutes = (fallback: number, max: number) => z.number().positive().max(max).default(fallback);
const count = (fallback: number, max: number) => z.number().int().min(0).max(max).default(fallback);

/** Every limit of a run, each with its unit in its name. */
export const Policy = closedObject({
  stallAfterMinutes: minutes(20, 24 * 60).describe(
    "Minutes without commit, output or progress until a working task counts as stalled.",
  ),
  attemptsMax: z
    .number()
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe("Starts per task, the first included."),
  answersMax: count(5, 50).describe("Answers to dialogs and questions per attempt."),
  nudgesMax: count(2, 20).describe("Nudges per attempt."),
  resumesMax: count(1, 20).describe("Resumed conversations per task."),
  backoffSeconds: z
    .number()
    .positive()
    .max(3600)
    .default(10)
    .describe("Seconds to wait before the first retry; doubled for each further one."),
  backoffMaxSeconds: z
    .number()
    .positive()
    .max(86_400)
    .default(300)
    .describe("Seconds to wait at most."),
  retryDeadlineMinutes: minutes(15, 24 * 60).describe(
    "Minutes that an agent may retry by itself, e.g. while it waits for the network.",
  ),
  setupTimeoutMinutes: minutes(15, 24 * 60).describe("Minutes that `setup` may take."),
  verifyTimeoutMinutes: minutes(30, 24 * 60).describe("Minutes that `verify` may take."),
  logMegabytesMax: z
    .number()
    .positive()
    .max(1024)
    .default(8)
    .describe("Megabytes of terminal log kept per attempt."),
  contextLines: z
    .number()
    .int()
    .min(0)
    .max(500)
    .default(60)
    .describe("Lines of the failed attempt that go into the next prompt."),
  forgePollSeconds: z
    .number()
    .positive()
    .max(3600)
    .default(30)
    .describe("Seconds between two looks at the forge."),
  rateLimitPauseMinutes: minutes(15, 24 * 60).describe(
    "Minutes to pause a provider whose limit names no reset time.",
  ),
  deliveryAttemptsMax: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe("Pushes and pull requests that fail in a row until a person is asked."),
  pullRequestsPerHourMax: z
    .number()
    .int()
    .min(1)
    .max(500)
    .default(100)
    .describe("New pull requests an hour."),
  releaseBelow: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe(
      "A predicted file keeps no other task waiting any more when the work so far makes it less likely than this; 0: never.",
    ),
  collisions: z
    .enum(["tell", "hold", "rebase"])
    .default("tell")
    .describe(
      "When finished work does not merge with another task's: tell its agent once and then deliver it; hold the delivery until the other pull request is merged or given up; or hold it, and then have its own agent merge the base into it.",
    ),
  mergesMax: count(2, 20).describe(
    "Times that an agent is asked to merge the base into its work, per start of a task.",
  ),
  checks: z
    .enum(["ignore", "tell"])
    .default("ignore")
    .describe(
      "When checks of an open pull request fail: leave it to people, or tell the task's agent, which mends it; a run then goes on until the checks have ended.",
    ),
  checksBeginSeconds: z
    .number()
    .min(0)
    .max(3600)
    .default(60)
    .describe(
      "Seconds after a push until what has not begun to check it never will, and what has passed is all.",
    ),
  checkTriesMax: count(2, 20).describe(
    "Times that an agent is told of failed checks, per start of a task; then a person is asked.",
  ),
  answers: z
    .array(KnownAnswer)
    .default([])
    .describe("Questions that may be answered without asking a person."),
});
export type Policy = z.infer<typeof Policy>;
