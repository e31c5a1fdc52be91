import { z } from "zod";
import { freshId, openEvents, pieces, type Wire } from "./model-wire.ts";

/** Anthropic's Messages API, as Claude Code uses it. */
export const messagesWire: Wire = {
  path: /^\/([^/]+)\/v1\/messages(?:\?.*)?$/,
  read(given) {
    const body = Body.parse(given);
    const parts = body.messages
      .filter((message) => message.role === "user")
      .flatMap(({ content }): readonly z.infer<typeof Part>[] =>
        typeof content === "string" ? [{ type: "text", text: content }] : content,
      );
    return {
      threadId: SESSION.exec(body.metadata?.user_id ?? "")?.[0] ?? "",
      model: body.model,
      effort: body.output_config?.effort ?? null,
      userTexts: parts.filter((part) => part.type === "text").map((part) => part.text ?? ""),
      toolOutputs: parts
        .filter((part) => part.type === "tool_result")
        .map((part) => JSON.stringify(part.content)),
      // Titles and summaries are asked for without tools.
      errand: body.tools.length === 0,
    };
  },
  refusal: ({ message, type, more }) => ({ type: "error", error: { type, message, ...more } }),
  open(response, request) {
    const send = openEvents(response);
    let blocks = 0;
    let stopReason = "end_turn";
    const begin = (block: object): void =>
      send("content_block_start", { index: blocks, content_block: block });
    const grow = (delta: object): void => send("content_block_delta", { index: blocks, delta });
    const end = (): void => {
      send("content_block_stop", { index: blocks });
      blocks += 1;
    };
    const call = (name: string, input: object): void => {
      stopReason = "tool_use";
      begin({ type: "tool_use", id: freshId("toolu"), name, input: {} });
      grow({ type: "input_json_delta", partial_json: JSON.stringify(input) });
      end();
    };
    let open = false;
    send("message_start", {
      message: {
        id: freshId("msg"),
        type: "message",
        role: "assistant",
        model: request.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 1200, output_tokens: 1 },
      },
    });
    return {
      reason(text) {
        begin({ type: "thinking", thinking: "", signature: "" });
        grow({ type: "thinking_delta", thinking: text });
        grow({ type: "signature_delta", signature: "c2lnbmVk" });
        end();
      },
      say(text, more) {
        begin({ type: "text", text: "" });
        for (const piece of pieces(text)) grow({ type: "text_delta", text: piece });
        open = true;
        if (more === undefined) this.endSaying();
      },
      endSaying() {
        if (open) end();
        open = false;
      },
      call,
      patch: (patch) => call("apply_patch", { patch }),
      complete() {
        const delta = { stop_reason: stopReason, stop_sequence: null };
        send("message_delta", { delta, usage: { output_tokens: 60 } });
        send("message_stop", {});
        response.end();
      },
      fail(type, message) {
        send("error", { error: { type, message } });
        response.end();
      },
    };
  },
};

const SESSION = /[0-9a-f]{8}-[0-9a-f-]{27}/;

const Part = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  content: z.unknown().optional(),
});
const Body = z.looseObject({
  model: z.string(),
  stream: z.literal(true),
  messages: z.array(
    z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Part)]) }),
  ),
  tools: z.array(z.unknown()).default([]),
  metadata: z.looseObject({ user_id: z.string().optional() }).optional(),
  output_config: z.looseObject({ effort: z.string().optional() }).optional(),
});
