import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { CoppiceError } from "../../manifest/errors.ts";
import { PlanRecord } from "../../planner/plan-record.ts";
import type { PlanRecords } from "../../ports/plan-records.ts";
import { effect } from "../fault-point.ts";

/** The record of one manifest as a file, written whole. */
export function createPlanRecords({ path }: { readonly path: string }): PlanRecords {
  return {
    async read() {
      const text = await readFile(path, "utf8").catch((error: unknown) => {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
        throw error;
      });
      if (text === null) return null;
      const parsed = PlanRecord.safeParse(parseJson(text));
      if (parsed.success) return parsed.data;
      throw invalid(path, z.prettifyError(parsed.error));
    },
    async write(record) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const text = `${JSON.stringify(record)}\n`;
      await effect("plan-record", () => writeFileAtomic(path, text, { mode: 0o600 }));
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const invalid = (path: string, why: string): CoppiceError =>
  new CoppiceError({
    code: "plan-record-invalid",
    kind: "machine",
    message: `the record of the last plan cannot be read: ${path}: ${why}`,
    hint: "Remove the file: then everything that the manifest says counts as yours and stays.",
  });
