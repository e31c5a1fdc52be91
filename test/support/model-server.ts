import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { unreachable } from "../../src/manifest/errors.ts";
import { chatWire } from "./chat-wire.ts";
import { geminiErrandWire, geminiWire } from "./gemini-wire.ts";
import { messagesWire } from "./messages-wire.ts";
import type { ModelRequest, Wire } from "./model-wire.ts";
import { responsesWire } from "./responses-wire.ts";

export type { ModelRequest } from "./model-wire.ts";

/** One answer of the model. */
export type ModelStep = ModelAnswer & {
  /** Waited for before the answer begins: a delay, or a door that the test opens. */
  readonly after?: () => Promise<unknown>;
  /** Sent with the answer, e.g. rate limit figures; made when it begins. */
  readonly headers?: () => Readonly<Record<string, string>>;
};

type ModelAnswer =
  | {
      readonly kind: "say";
      readonly text: string;
      readonly reasoning?: string;
      /** Waited for when all words are said and the answer is still open. */
      readonly pause?: () => Promise<unknown>;
      /** A tool call that follows in the same answer. */
      readonly call?: ToolCall;
    }
  | ({ readonly kind: "call"; readonly say?: string } & ToolCall)
  /** The free-form tool `apply_patch`. */
  | { readonly kind: "patch"; readonly patch: string; readonly say?: string }
  | {
      readonly kind: "http-error";
      readonly status: number;
      readonly message: string;
      /** The API's own name for the kind of error. */
      readonly type?: string;
      readonly more?: Readonly<Record<string, unknown>>;
    }
  /** The stream begins well and then reports that the answer failed. */
  | { readonly kind: "stream-error"; readonly code: string; readonly message: string }
  /** The connection breaks off after `text`. */
  | { readonly kind: "drop"; readonly text: string }
  /** No answer until the agent goes away or the server closes. */
  | { readonly kind: "hang" };

interface ToolCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Steps for the requests that `matches` accepts, one after the other. */
export interface ModelScript {
  readonly matches: (request: ModelRequest) => boolean;
  readonly steps: readonly ModelStep[];
}

/** A request and what became of it. Times are Unix milliseconds. */
export interface Exchange {
  readonly request: ModelRequest;
  readonly beganMs: number;
  /** Null while the answer is under way. */
  readonly endedMs: number | null;
  /** The answer called a tool: the agent is at work until its next request. */
  readonly calledTool: boolean;
}

export interface ModelServer {
  /** `http://127.0.0.1:<port>`; the agent's base URL is `<url>/<lane>` or `<url>/<lane>/v1`. */
  readonly url: string;
  /** Everything that was asked, oldest first. */
  readonly requests: readonly ModelRequest[];
  /** The same without errands, with times. */
  readonly exchanges: readonly Exchange[];
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

/**
 * A scripted model on 127.0.0.1 that speaks, as streams, OpenAI's Responses and Chat Completions APIs, Anthropic's Messages
 * API and Gemini's.
 */
export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const respond = options.respond ?? (() => ({ kind: "say", text: "Done." }) as const);
  const requests: ModelRequest[] = [];
  const exchanges: { -readonly [Field in keyof Exchange]: Exchange[Field] }[] = [];
  const scripts: { matches: ModelScript["matches"]; steps: ModelStep[] }[] = [];
  const waiting = new Set<(request: ModelRequest) => void>();

  const stepFor = (request: ModelRequest): ModelStep => {
    const script = scripts.find((it) => it.steps.length > 0 && it.matches(request));
    return script?.steps.shift() ?? respond(request);
  };

  const server = createServer(async (incoming, response) => {
    const given = await readRequest(incoming).catch((error: unknown) => String(error));
    if (typeof given === "string") return sendJson(response, 400, { error: { message: given } });
    const { wire, request } = given;
    requests.push(request);
    for (const look of [...waiting]) look(request);
    if (request.errand) return answer(wire, response, request, ERRAND);
    const step = stepFor(request);
    const calledTool = step.kind === "call" || step.kind === "patch" || "call" in step;
    const exchange = { request, beganMs: Date.now(), endedMs: null as number | null, calledTool };
    exchanges.push(exchange);
    response.once("close", () => {
      exchange.endedMs = Date.now();
    });
    return answer(wire, response, request, step);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    exchanges,
    get inFlight() {
      return exchanges.filter((exchange) => exchange.endedMs === null).length;
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

const WIRES: readonly Wire[] = [
  responsesWire,
  messagesWire,
  chatWire,
  geminiWire,
  geminiErrandWire,
];

/** Titles, and Gemini's question which of its models is to work. */
const ERRAND: ModelStep = {
  kind: "say",
  text: JSON.stringify({ title: "Work on the task", reasoning: "short", model_choice: "flash" }),
};

async function readRequest(
  incoming: IncomingMessage,
): Promise<{ readonly wire: Wire; readonly request: ModelRequest }> {
  const url = incoming.url ?? "";
  const wire = WIRES.find((one) => one.path.test(url));
  const lane = wire?.path.exec(url)?.[1];
  if (incoming.method !== "POST" || wire === undefined || lane === undefined) {
    throw new Error(`${incoming.method} ${url} is not served here`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  return { wire, request: { lane, ...wire.read(body) } };
}

async function answer(
  wire: Wire,
  response: ServerResponse,
  request: ModelRequest,
  step: ModelStep,
): Promise<void> {
  await step.after?.();
  if (response.destroyed) return;
  for (const [name, value] of Object.entries(step.headers?.() ?? {}))
    response.setHeader(name, value);
  if (step.kind === "hang") return;
  if (step.kind === "http-error") {
    const { status, message, type = "error", more = {} } = step;
    return sendJson(response, status, wire.refusal({ message, type, more }));
  }
  const stream = wire.open(response, request);
  switch (step.kind) {
    case "say":
      if (step.reasoning !== undefined) stream.reason(step.reasoning);
      stream.say(step.text, { end: false });
      await step.pause?.();
      if (response.destroyed) return;
      stream.endSaying();
      if (step.call !== undefined) stream.call(step.call.tool, step.call.args);
      return stream.complete();
    case "call":
      if (step.say !== undefined) stream.say(step.say);
      stream.call(step.tool, step.args);
      return stream.complete();
    case "patch":
      if (step.say !== undefined) stream.say(step.say);
      stream.patch(step.patch);
      return stream.complete();
    case "stream-error":
      return stream.fail(step.code, step.message);
    case "drop":
      stream.say(step.text, { end: false });
      response.socket?.end();
      return;
    default:
      return unreachable(step);
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
