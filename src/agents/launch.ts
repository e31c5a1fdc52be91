import { z } from "zod";

/** Names of the environment by which programs find a proxy and its certificates. */
export const PROXY_ENVIRONMENT: readonly string[] = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
  "NODE_EXTRA_CA_CERTS",
];

/** `--model M`, where a model is named. */
export const modelFlag = (model: string | undefined): string[] =>
  model === undefined ? [] : ["--model", model];

/**
 * Shell words that report a notice of this agent; it is read from the standard input, or is the first word after `$0`. They
 * are constant, since the session's environment names the program.
 */
export const reportFromInput = (agent: string): string => `exec "$COPPICE_REPORT" ${agent}`;
export const reportFromWord = (agent: string): string => `exec "$COPPICE_REPORT" ${agent} "$1"`;

/** The id of a conversation as an agent names it: a word of an argument list, so never one that begins with a dash. */
export const ConversationId = z.string().regex(/^[0-9A-Za-z][\w-]{7,99}$/);

/** The value of a line of output; undefined where it is no JSON. */
export function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
