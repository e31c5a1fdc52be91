import type { Permissions } from "../manifest/permissions.ts";
import { isDenied } from "./denied.ts";

/** What the lists say of a command. */
export type Approval = "allowed" | "denied" | "not-named";

/**
 * Whether the lists approve a command line. Each part of it, e.g. both sides of `&&`, must be allowed; a line that redirects,
 * substitutes, runs on in the background, has a program run what it is given or is not shown whole is never allowed: a pattern
 * cannot say what it does.
 */
export function approvalOf(command: string, { allow, deny }: Permissions): Approval {
  if (isDenied(command) || deny.some((pattern) => within(pattern).test(command))) return "denied";
  const parts = command.split(/&&|\|\||[;|]/).map((part) => part.trim());
  const plain =
    !/[`<>…\n\r\\]|\$[({'"]|(?<!&)&(?!&)/.test(command) &&
    !RUNS_ANYTHING.test(command.replace(/["']/g, ""));
  const allowed = parts.every((part) => part !== "" && allow.some((one) => whole(one).test(part)));
  return plain && allowed ? "allowed" : "not-named";
}

/** Programs that run what they are given: a word of theirs is a program of its own. */
const RUNS_ANYTHING =
  /\b(?:xargs|parallel|eval|watch)\b|\s-(?:exec|execdir|ok|okdir|delete)\b|\b(?:\w*sh|python[\d.]*|node|perl|ruby|php|deno|bun)\s+(?:-\S+\s+)*(?:-\w*[cep]\b|--eval|--print)|\brebase\b.*\s(?:-x|--exec)|\bbisect\s+run\b|\bsubmodule\s+foreach\b/;

const whole = (pattern: string): RegExp =>
  new RegExp(`^${glob(pattern).replace(/ \.\*$/, "(?: .*)?")}$`);
const within = (pattern: string): RegExp => new RegExp(glob(pattern), "i");

const glob = (pattern: string): string =>
  pattern
    .split("*")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
