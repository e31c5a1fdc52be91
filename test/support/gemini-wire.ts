import type { ServerResponse } from "node:http";
import { z } from "zod";
import { type AnswerStream, freshId, openData, pieces, type Wire } from "./model-wire.ts";

/** Gemini's streamed API, as Gemini CLI uses it to work. */
export const geminiWire: Wire = {
  path: /^\/([^/]+)\/v1beta\/models\/[^/:]+:streamGenerateContent(?:\?.*)?$/,
  read: (given) => requestOf(given, false),
  refusal,
  open: (response) => {
    const send = openData(response);
    return answerOf(send, (last) => {
      send(last);
      response.end();
    });
  },
};

/** The same API without a stream: Gemini CLI asks so which model is to work, or for a summary. */
export const geminiErrandWire: Wire = {
  path: /^\/([^/]+)\/v1beta\/models\/[^/:]+:generateContent(?:\?.*)?$/,
  read: (given) => requestOf(given, true),
  refusal,
  open: (response) => wholeAnswer(response),
};

function requestOf(given: unknown, errand: boolean): ReturnType<Wire["read"]> {
  const { contents, tools } = Body.parse(given);
  const parts = contents.filter(({ role }) => role !== "model").flatMap((one) => one.parts);
  return {
    threadId: "",
    model: "gemini",
    effort: null,
    userTexts: parts.flatMap(({ text }) => text ?? []),
    toolOutputs: parts.flatMap(({ functionResponse: output }) =>
      output === undefined ? [] : [JSON.stringify(output)],
    ),
    errand: errand || tools.length === 0,
  };
}

function refusal({ message, type, more }: Parameters<Wire["refusal"]>[0]): object {
  return { error: { message, status: type, ...more } };
}

function answerOf(send: (data: object) => void, end: (last: object) => void): AnswerStream {
  const responseId = freshId("gemini");
  const chunk = (parts: readonly object[], more: object = {}): object =>
    chunkOf(responseId, parts, more);
  const call = (name: string, args: object): void =>
    send(chunk([{ functionCall: { name, args } }]));
  return {
    reason: (text) => send(chunk([{ text, thought: true }])),
    say(text) {
      for (const piece of pieces(text)) send(chunk([{ text: piece }]));
    },
    endSaying: () => undefined,
    call,
    patch: (patch) => call("apply_patch", { patch }),
    complete: () => end(chunk([{ text: "" }], { finishReason: "STOP" })),
    fail: (status, message) => end({ error: { status, message } }),
  };
}

/** The same in one piece. */
function wholeAnswer(response: ServerResponse): AnswerStream {
  let said = "";
  const end = (body: object): void => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const stream = answerOf(() => undefined, end);
  return {
    ...stream,
    say: (text) => {
      said += text;
    },
    complete: () => end(chunkOf(freshId("gemini"), [{ text: said }], { finishReason: "STOP" })),
  };
}

const chunkOf = (responseId: string, parts: readonly object[], more: object = {}): object => ({
  candidates: [{ content: { role: "model", parts }, index: 0, ...more }],
  usageMetadata: { promptTokenCount: 1200, candidatesTokenCount: 60, totalTokenCount: 1260 },
  modelVersion: "scripted",
  responseId,
});

const Part = z.looseObject({
  text: z.string().optional(),
  functionResponse: z.unknown().optional(),
});
const Body = z.looseObject({
  contents: z.array(z.looseObject({ role: z.string().optional(), parts: z.array(Part) })),
  tools: z.array(z.unknown()).default([]),
});
