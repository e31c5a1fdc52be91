import type { Permissions } from "../manifest/permissions.ts";

/** What the lists say of a command. */
export type Approval = "allowed" | "denied" | "not-named";

/**
 * Whether the lists approve a command line. Each part of it, e.g. both sides of `&&`, must be allowed; a line that redirects,
 * substitutes, runs on in the background or is not shown whole is never allowed: a pattern cannot say what it does.
 */
export function approvalOf(command: string, { allow, deny }: Permissions): Approval {
  if (deny.some((pattern) => within(pattern).test(command))) return "denied";
  const parts = command.split(/&&|\|\||[;|]/).map((part) => part.trim());
  const plain = !/[`<>…\n\r\\]|\$[({]|(?<!&)&(?!&)/.test(command);
  const allowed = parts.every((part) => part !== "" && allow.some((one) => whole(one).test(part)));
  return plain && allowed ? "allowed" : "not-named";
}

const whole = (pattern: string): RegExp =>
  new RegExp(`^${glob(pattern).replace(/ \.\*$/, "(?: .*)?")}$`);
const within = (pattern: string): RegExp => new RegExp(glob(pattern), "i");

const glob = (pattern: string): string =>
  pattern
    .split("*")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
