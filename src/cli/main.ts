#!/usr/bin/env node
import { CommanderError } from "commander";
import { CoppiceError, EXIT_CODES } from "../manifest/errors.ts";
import { machineTrouble } from "../manifest/machine-trouble.ts";
import { createProgram } from "./program.ts";

process.stdout.on("error", leaveOnClosedPipe);
try {
  const fault = process.env["COPPICE_FAULT_POINT"];
  if (fault !== undefined) (await import("./compose-manifest.ts")).armFaultPoints(fault);
  const program = await createProgram(process.argv[2]);
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = tell(error);
}

/** Says what went wrong and what to do, and gives the exit code. */
function tell(error: unknown): number {
  // Commander has printed its own words for people.
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const message = error.message.replace(/^error: /, "");
    tellScripts({ code: "usage", kind: "usage", message, hint: "coppice --help" });
    return EXIT_CODES.usage;
  }
  const known = machineTrouble(error) ?? (error instanceof CoppiceError ? error : asBug(error));
  tellScripts(known);
  process.stderr.write(`coppice: ${known.message}\n${known.hint}\n`);
  if (known.kind === "bug" || process.env["COPPICE_DEBUG"]) {
    process.stderr.write(`${known.stack ?? ""}\n`);
    if (known.cause instanceof Error) process.stderr.write(`${known.cause.stack ?? ""}\n`);
  }
  return EXIT_CODES[known.kind];
}

function tellScripts(error: Pick<CoppiceError, "code" | "kind" | "message" | "hint">): void {
  if (!process.argv.includes("--json")) return;
  const { code, kind, message, hint } = error;
  process.stdout.write(`${JSON.stringify({ error: { code, kind, message, hint } })}\n`);
}

function asBug(error: unknown): CoppiceError {
  return new CoppiceError({
    code: "unexpected",
    kind: "bug",
    message: error instanceof Error ? error.message : String(error),
    hint: "This is a bug of Coppice: please report it with the lines below. Nothing is lost; the same command can be given again.",
    cause: error,
  });
}

/** `coppice … | head` ends quietly. */
function leaveOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}
