import { z } from "zod";
import { freshId, openData, pieces, type Wire } from "./model-wire.ts";

/** OpenAI's Chat Completions API, as opencode uses it for a provider of the user's own. */
export const chatWire: Wire = {
  path: /^\/([^/]+)\/v1\/chat\/completions$/,
  read(given) {
    const body = Body.parse(given);
    const texts = (role: string) =>
      body.messages.filter((message) => message.role === role).map(({ content }) => plain(content));
    return {
      threadId: "",
      model: body.model,
      effort: body.reasoning_effort ?? null,
      userTexts: texts("user"),
      toolOutputs: texts("tool"),
      // Titles are asked for without tools.
      errand: body.tools.length === 0,
    };
  },
  refusal: ({ message, type, more }) => ({ error: { message, type, code: null, ...more } }),
  open(response, request) {
    const send = openData(response);
    const shell = { id: freshId("chat"), object: "chat.completion.chunk", created: 0 };
    let calls = 0;
    const chunk = (delta: object, finish: string | null = null, more: object = {}): void =>
      send({
        ...shell,
        model: request.model,
        choices: [{ index: 0, delta, finish_reason: finish }],
        ...more,
      });
    const call = (name: string, args: object): void => {
      const tool = { name, arguments: JSON.stringify(args) };
      chunk({
        tool_calls: [{ index: calls, id: freshId("call"), type: "function", function: tool }],
      });
      calls += 1;
    };
    chunk({ role: "assistant", content: "" });
    return {
      reason: (text) => chunk({ reasoning_content: text }),
      say(text) {
        for (const content of pieces(text)) chunk({ content });
      },
      endSaying: () => undefined,
      call,
      patch: (patch) => call("apply_patch", { patch }),
      complete() {
        const usage = { prompt_tokens: 1200, completion_tokens: 60, total_tokens: 1260 };
        chunk({}, calls > 0 ? "tool_calls" : "stop", { usage });
        send("[DONE]");
        response.end();
      },
      fail(code, message) {
        send({ error: { code, message } });
        response.end();
      },
    };
  },
};

const Content = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]);
const Body = z.looseObject({
  model: z.string(),
  stream: z.literal(true),
  messages: z.array(z.looseObject({ role: z.string(), content: Content.nullish() })),
  tools: z.array(z.unknown()).default([]),
  reasoning_effort: z.string().nullish(),
});

function plain(content: z.infer<typeof Content> | null | undefined): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("");
}
