import { z } from "zod";
import { closedObject } from "./closed-object.ts";

/** Part of a command line in which `*` stands for any text. */
const CommandPattern = z.string().trim().min(1);

/** What agents may do without a person, and who decides the rest. */
export const Permissions = closedObject({
  mode: z
    .enum(["bypass", "ask"])
    .default("bypass")
    .describe(
      "`bypass`: agents do what they think fit; `ask`: they edit files and ask before commands.",
    ),
  allow: z
    .array(CommandPattern)
    .default([])
    .describe(
      "Commands that are approved when an agent asks, e.g. `npm test *`; all parts of a line must be.",
    ),
  deny: z
    .array(CommandPattern)
    .default([])
    .describe("Commands that only a person approves, anywhere in a line; wins over `allow`."),
});
export type Permissions = z.infer<typeof Permissions>;
