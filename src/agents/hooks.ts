import { z } from "zod";
import { unreachable } from "../manifest/errors.ts";
import type { Signal } from "./agent.ts";
import { ConversationId, reportFromInput } from "./launch.ts";

/** Events of the hooks of Claude Code, which other agents have taken over. */
export const HookEvent = z.enum([
  "SessionStart",
  "UserPromptSubmit",
  "PermissionRequest",
  "Stop",
  "StopFailure",
]);
type HookEvent = z.infer<typeof HookEvent>;

const Notice = z.object({
  hook_event_name: HookEvent,
  session_id: ConversationId,
  tool_name: z.string().optional(),
  tool_input: z.looseObject({ command: z.string().optional() }).nullish(),
  last_assistant_message: z.string().nullish(),
  /** Commands that run on: their end begins a turn. */
  background_tasks: z.array(z.unknown()).nullish(),
  error: z.string().nullish(),
  error_details: z.string().nullish(),
});

/** The settings of hooks that report these events; `timeout` is in the agent's own unit. */
export const reportingHooks = (agent: string, events: readonly HookEvent[], timeout: number) => {
  const command = { type: "command", command: reportFromInput(agent), timeout };
  return Object.fromEntries(events.map((event) => [event, [{ hooks: [command] }]]));
};

/** What a notice of such a hook means. */
export function hookSignals(notice: unknown): readonly Signal[] {
  const parsed = Notice.safeParse(notice);
  if (!parsed.success) return [];
  const { data } = parsed;
  switch (data.hook_event_name) {
    case "SessionStart":
      return [{ kind: "conversation", text: data.session_id }];
    case "UserPromptSubmit":
      return [{ kind: "turn-started", text: "" }];
    case "PermissionRequest": {
      const command = data.tool_input?.command;
      const tool = data.tool_name ?? "a tool";
      return [
        command === undefined
          ? { kind: "approval", text: tool }
          : { kind: "approval", text: `${tool} ${command}`, command },
      ];
    }
    case "Stop":
      return data.background_tasks?.length
        ? []
        : [{ kind: "turn-ended", text: data.last_assistant_message ?? "" }];
    case "StopFailure":
      return [
        { kind: "turn-failed", text: [data.error, data.error_details].filter(Boolean).join(": ") },
      ];
    default:
      return unreachable(data.hook_event_name);
  }
}
