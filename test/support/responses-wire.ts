import { z } from "zod";
import { freshId, openEvents, pieces, type Wire } from "./model-wire.ts";

/** OpenAI's Responses API, as Codex uses it. */
export const responsesWire: Wire = {
  path: /^\/([^/]+)\/v1\/responses$/,
  read(given) {
    const body = Body.parse(given);
    return {
      threadId: body.prompt_cache_key,
      model: body.model,
      effort: body.reasoning?.effort ?? null,
      userTexts: body.input
        .filter((item) => item.role === "user")
        .map((item) => plain(item.content)),
      toolOutputs: body.input
        .filter((item) => item.type.endsWith("_call_output"))
        .map((item) => plain(item.output)),
      errand: isErrand(body.text?.format),
    };
  },
  refusal: ({ message, type, more }) => ({ error: { message, type, code: null, ...more } }),
  open(response, request) {
    const output: object[] = [];
    const shell = { id: freshId("resp"), object: "response", created_at: 0, model: request.model };
    const send = openEvents(response);
    const begin = (prefix: string, fields: object): string => {
      const itemId = freshId(prefix);
      const item = { id: itemId, ...fields };
      send("response.output_item.added", { output_index: output.length, item });
      return itemId;
    };
    const end = (itemId: string, fields: object): void => {
      const item = { id: itemId, ...fields };
      send("response.output_item.done", { output_index: output.length, item });
      output.push(item);
    };
    const item = (prefix: string, fields: object): void =>
      end(begin(prefix, fields), { ...fields, status: "completed" });
    let open: { readonly itemId: string; readonly text: string } | undefined;
    send("response.created", { response: { ...shell, status: "in_progress", output: [] } });
    return {
      reason(text) {
        const part = { type: "summary_text", text: "" };
        const itemId = begin("rs", { type: "reasoning", summary: [] });
        const at = { item_id: itemId, output_index: output.length, summary_index: 0 };
        send("response.reasoning_summary_part.added", { ...at, part });
        send("response.reasoning_summary_text.delta", { ...at, delta: text });
        send("response.reasoning_summary_text.done", { ...at, text });
        end(itemId, { type: "reasoning", summary: [{ ...part, text }] });
      },
      say(text, more) {
        const itemId = begin("msg", { type: "message", role: "assistant", content: [] });
        const at = { item_id: itemId, output_index: output.length, content_index: 0 };
        send("response.content_part.added", { ...at, part: { type: "output_text", text: "" } });
        for (const delta of pieces(text)) send("response.output_text.delta", { ...at, delta });
        open = { itemId, text };
        if (more === undefined) this.endSaying();
      },
      endSaying() {
        if (open === undefined) return;
        const content = [{ type: "output_text", text: open.text, annotations: [] }];
        end(open.itemId, { type: "message", role: "assistant", content });
        open = undefined;
      },
      call: (tool, args) =>
        item("fc", {
          type: "function_call",
          call_id: freshId("call"),
          name: tool,
          arguments: JSON.stringify(args),
        }),
      patch: (input) =>
        item("ctc", {
          type: "custom_tool_call",
          call_id: freshId("call"),
          name: "apply_patch",
          input,
        }),
      complete() {
        const usage = {
          input_tokens: 1200,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: 60,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 1260,
        };
        send("response.completed", { response: { ...shell, status: "completed", output, usage } });
        response.end();
      },
      fail(code, message) {
        const error = { code, message };
        send("response.failed", { response: { ...shell, status: "failed", output: [], error } });
        response.end();
      },
    };
  },
};

const Content = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]);
const Item = z.looseObject({
  type: z.string(),
  role: z.string().optional(),
  content: Content.nullish(),
  output: Content.nullish(),
});
const Format = z.looseObject({
  type: z.string(),
  schema: z.looseObject({ properties: z.record(z.string(), z.unknown()) }).nullish(),
});
const Body = z.looseObject({
  model: z.string(),
  stream: z.literal(true),
  input: z.array(Item),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
  prompt_cache_key: z.string().default(""),
  text: z.looseObject({ format: Format.nullish() }).nullish(),
});

/** Codex asks for a title in a form; a task, too, may have a form for its answer. */
const isErrand = (format: z.infer<typeof Format> | null | undefined): boolean =>
  format?.type === "json_schema" &&
  Object.keys(format.schema?.properties ?? {}).every((name) => name === "title");

function plain(content: z.infer<typeof Content> | null | undefined): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("");
}
