import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { known, unknown } from "../../classify/evidence.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { plainLine } from "../../manifest/plain-text.ts";
import type { Consultant } from "../../ports/consultant.ts";
import { type ExecResult, exec } from "../exec.ts";

const REASON_CHARACTERS_MAX = 200;

/** Runs agents as child processes, which end with their time limit. */
export function createConsultant(): Consultant {
  return {
    async ask({ argv, schema, env, folder, words, timeoutMs }) {
      const room = await mkdtemp(join(tmpdir(), "coppice-ask-"));
      try {
        const schemaFile = join(room, "schema.json");
        await writeFile(schemaFile, JSON.stringify(schema), { mode: 0o600 });
        const [program = "", ...args] = argv.map((word) =>
          word.replaceAll("{schemaFile}", schemaFile),
        );
        const result = await exec(program, args, {
          cwd: folder,
          env,
          bareEnv: true,
          input: words,
          timeoutMs,
        });
        return result.code === 0 ? known(result.stdout) : unknown(reasonOf(result));
      } catch (error) {
        if (error instanceof CoppiceError && error.kind === "machine")
          return unknown(error.message);
        throw error;
      } finally {
        await rm(room, { recursive: true, force: true });
      }
    },
  };
}

function reasonOf({ code, stdout, stderr }: ExecResult): string {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return `it ended with exit code ${code}: ${plainLine(lines.at(-1) ?? "no word", REASON_CHARACTERS_MAX)}`;
}
