import type { ServerResponse } from "node:http";

/** A request of an agent, with the parts that a script needs. */
export interface ModelRequest {
  /** First part of the path, e.g. `/<lane>/v1/responses`. */
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

/** One model API as far as the agents use it. */
export interface Wire {
  /** The paths that it serves; the first group is the lane. */
  readonly path: RegExp;
  /** Throws when the body is no request. */
  read(body: unknown): Omit<ModelRequest, "lane">;
  refusal(refusal: Refusal): object;
  /** Begins a streamed answer. */
  open(response: ServerResponse, request: ModelRequest): AnswerStream;
}

export interface Refusal {
  readonly message: string;
  /** The API's own name for the kind of error. */
  readonly type: string;
  /** Further fields of the error, e.g. when a limit ends. */
  readonly more: Readonly<Record<string, unknown>>;
}

/** The events of one streamed answer, in the order in which the API sends them. */
export interface AnswerStream {
  reason(text: string): void;
  /** `end: false`: the message stays open. */
  say(text: string, more?: { readonly end: false }): void;
  /** Ends the message that stayed open. */
  endSaying(): void;
  call(tool: string, args: Readonly<Record<string, unknown>>): void;
  /** The free-form tool `apply_patch`. */
  patch(patch: string): void;
  complete(): void;
  fail(code: string, message: string): void;
}

let idsMade = 0;

/** An id that no other answer of this process has. */
export const freshId = (prefix: string): string =>
  `${prefix}_${(++idsMade).toString().padStart(12, "0")}`;

/** Begins a stream of server-sent events whose data repeat their own type. */
export function openEvents(response: ServerResponse): (type: string, fields: object) => void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  return (type, fields) => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  };
}

/** Begins a stream of server-sent events that are data only. */
export function openData(response: ServerResponse): (data: object | "[DONE]") => void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  return (data) => {
    response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  };
}

/** A text in the pieces in which models stream it. */
export const pieces = (text: string): readonly string[] => text.match(/[\s\S]{1,16}/g) ?? [];
