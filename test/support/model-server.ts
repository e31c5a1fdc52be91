import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { unreachable } from "../../src/manifest/errors.ts";

/** One answer of the model. */
export type ModelStep = ModelAnswer & {
  /** Waited for before the answer begins: a delay, or a door that the test opens. */
  readonly after?: () => Promise<unknown>;
  /** Sent with the answer, e.g. rate limit figures. */
  readonly headers?: Readonly<Record<string, string>>;
};

type ModelAnswer =
  | { readonly kind: "say"; readonly text: string; readonly reasoning?: string }
  | {
      readonly kind: "call";
      readonly tool: string;
      readonly args: Readonly<Record<string, unknown>>;
      readonly say?: string;
    }
  /** The free-form tool `apply_patch`. */
  | { readonly kind: "patch"; readonly patch: string; readonly say?: string }
  | { readonly kind: "http-error"; readonly status: number; readonly message: string }
  /** The stream begins well and then reports that the answer failed. */
  | { readonly kind: "stream-error"; readonly code: string; readonly message: string }
  /** The connection breaks off after `text`. */
  | { readonly kind: "drop"; readonly text: string }
  /** No answer until the agent goes away or the server closes. */
  | { readonly kind: "hang" };

/** A request of the agent, with the parts that a script needs. */
export interface ModelRequest {
  /** First part of the path: `/<lane>/v1/responses`. */
  readonly lane: string;
  /** Stays the same for one conversation of the agent. */
  readonly threadId: string;
  readonly model: string;
  readonly effort: string | null;
  /** The words of the person, oldest first; the agent's own context among them. */
  readonly userTexts: readonly string[];
  /** What the tools answered so far, oldest first. */
  readonly toolOutputs: readonly string[];
  /** An inner errand of the agent, such as naming the conversation; it takes no step of a script. */
  readonly errand: boolean;
}

/** Steps for the requests that `matches` accepts, one after the other. */
export interface ModelScript {
  readonly matches: (request: ModelRequest) => boolean;
  readonly steps: readonly ModelStep[];
}

export interface ModelServer {
  /** `http://127.0.0.1:<port>`; the agent's base URL is `<url>/<lane>/v1`. */
  readonly url: string;
  /** Everything that was asked, oldest first. */
  readonly requests: readonly ModelRequest[];
  /** Answers that are under way, errands not counted. */
  readonly inFlight: number;
  /** Adds a script; the first script that matches and has steps left answers. */
  play(script: ModelScript): void;
  /** Resolves with the first request, past or future, that `matches` accepts. */
  asked(matches: (request: ModelRequest) => boolean): Promise<ModelRequest>;
  close(): Promise<void>;
}

export interface ModelServerOptions {
  /** Answers what no script answers; by default the model says that it is done. */
  readonly respond?: (request: ModelRequest) => ModelStep;
}

/** A scripted model on 127.0.0.1 that speaks OpenAI's Responses API as a stream, as far as Codex uses it. */
export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const respond = options.respond ?? (() => ({ kind: "say", text: "Done." }) as const);
  const requests: ModelRequest[] = [];
  const scripts: { matches: ModelScript["matches"]; steps: ModelStep[] }[] = [];
  const waiting = new Set<(request: ModelRequest) => void>();
  let inFlight = 0;

  const stepFor = (request: ModelRequest): ModelStep => {
    const script = scripts.find((it) => it.steps.length > 0 && it.matches(request));
    return script?.steps.shift() ?? respond(request);
  };

  const server = createServer(async (incoming, response) => {
    const request = await readRequest(incoming).catch((error: unknown) => String(error));
    if (typeof request === "string") return sendError(response, 400, request);
    requests.push(request);
    for (const look of [...waiting]) look(request);
    if (request.errand) return answer(response, request, ERRAND);
    inFlight += 1;
    response.once("close", () => {
      inFlight -= 1;
    });
    return answer(response, request, stepFor(request));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get inFlight() {
      return inFlight;
    },
    play: (script) => void scripts.push({ matches: script.matches, steps: [...script.steps] }),
    asked: (matches) =>
      new Promise((resolve) => {
        const seen = requests.find(matches);
        if (seen !== undefined) return resolve(seen);
        const look = (request: ModelRequest): void => {
          if (!matches(request)) return;
          waiting.delete(look);
          resolve(request);
        };
        waiting.add(look);
      }),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const ERRAND: ModelStep = { kind: "say", text: JSON.stringify({ title: "Work on the task" }) };

const Content = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]);
const Item = z.looseObject({
  type: z.string(),
  role: z.string().optional(),
  content: Content.nullish(),
  output: Content.nullish(),
});
const Body = z.looseObject({
  model: z.string(),
  stream: z.literal(true),
  input: z.array(Item),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
  prompt_cache_key: z.string().default(""),
  text: z.looseObject({ format: z.looseObject({ type: z.string() }).nullish() }).nullish(),
});

async function readRequest(incoming: IncomingMessage): Promise<ModelRequest> {
  const path = /^\/([^/]+)\/v1\/responses$/.exec(incoming.url ?? "");
  if (incoming.method !== "POST" || path?.[1] === undefined) {
    throw new Error(`${incoming.method} ${incoming.url} is not served here`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Body.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
  return {
    lane: path[1],
    threadId: body.prompt_cache_key,
    model: body.model,
    effort: body.reasoning?.effort ?? null,
    userTexts: body.input.filter((item) => item.role === "user").map((item) => plain(item.content)),
    toolOutputs: body.input
      .filter((item) => item.type.endsWith("_call_output"))
      .map((item) => plain(item.output)),
    errand: body.text?.format?.type === "json_schema",
  };
}

function plain(content: z.infer<typeof Content> | null | undefined): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("");
}

async function answer(
  response: ServerResponse,
  request: ModelRequest,
  step: ModelStep,
): Promise<void> {
  await step.after?.();
  if (response.destroyed) return;
  for (const [name, value] of Object.entries(step.headers ?? {})) response.setHeader(name, value);
  if (step.kind === "hang") return;
  if (step.kind === "http-error") return sendError(response, step.status, step.message);
  const stream = openStream(response, request);
  switch (step.kind) {
    case "say":
      if (step.reasoning !== undefined) stream.reason(step.reasoning);
      stream.say(step.text);
      return stream.complete();
    case "call":
      if (step.say !== undefined) stream.say(step.say);
      stream.item("fc", {
        type: "function_call",
        call_id: stream.id("call"),
        name: step.tool,
        arguments: JSON.stringify(step.args),
      });
      return stream.complete();
    case "patch":
      if (step.say !== undefined) stream.say(step.say);
      stream.item("ctc", {
        type: "custom_tool_call",
        call_id: stream.id("call"),
        name: "apply_patch",
        input: step.patch,
      });
      return stream.complete();
    case "stream-error":
      return stream.fail(step.code, step.message);
    case "drop":
      return stream.drop(step.text);
    default:
      return unreachable(step);
  }
}

function sendError(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { message, type: "error", code: null } }));
}

let idsMade = 0;

/** The events of one streamed answer, in the order in which the API sends them. */
function openStream(response: ServerResponse, request: ModelRequest) {
  const id = (prefix: string): string => `${prefix}_${(++idsMade).toString().padStart(12, "0")}`;
  const output: object[] = [];
  const shell = { id: id("resp"), object: "response", created_at: 0, model: request.model };
  const send = (type: string, fields: object): void => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  };
  const begin = (prefix: string, fields: object): string => {
    const itemId = id(prefix);
    const item = { id: itemId, ...fields };
    send("response.output_item.added", { output_index: output.length, item });
    return itemId;
  };
  const end = (itemId: string, fields: object): void => {
    const item = { id: itemId, ...fields };
    send("response.output_item.done", { output_index: output.length, item });
    output.push(item);
  };
  const stream = (text: string): string => {
    const itemId = begin("msg", { type: "message", role: "assistant", content: [] });
    const at = { item_id: itemId, output_index: output.length, content_index: 0 };
    send("response.content_part.added", { ...at, part: { type: "output_text", text: "" } });
    for (const delta of text.match(/[\s\S]{1,16}/g) ?? []) {
      send("response.output_text.delta", { ...at, delta });
    }
    return itemId;
  };

  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  send("response.created", { response: { ...shell, status: "in_progress", output: [] } });

  return {
    id,
    say(text: string): void {
      end(stream(text), {
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text, annotations: [] }],
      });
    },
    reason(text: string): void {
      const part = { type: "summary_text", text: "" };
      const itemId = begin("rs", { type: "reasoning", summary: [] });
      const at = { item_id: itemId, output_index: output.length, summary_index: 0 };
      send("response.reasoning_summary_part.added", { ...at, part });
      send("response.reasoning_summary_text.delta", { ...at, delta: text });
      send("response.reasoning_summary_text.done", { ...at, text });
      end(itemId, { type: "reasoning", summary: [{ ...part, text }] });
    },
    item(prefix: string, fields: object): void {
      end(begin(prefix, fields), { ...fields, status: "completed" });
    },
    complete(): void {
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
    fail(code: string, message: string): void {
      const error = { code, message };
      send("response.failed", { response: { ...shell, status: "failed", output: [], error } });
      response.end();
    },
    drop(text: string): void {
      stream(text);
      response.socket?.end();
    },
  };
}
