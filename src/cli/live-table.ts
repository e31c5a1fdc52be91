import { createLogUpdate } from "log-update";
import type { StatusReport } from "../app/status.ts";
import type { Output } from "./output.ts";
import { statusTable } from "./status-table.ts";

/** A table that redraws itself on a terminal; elsewhere only the lines above it are printed. */
export interface LiveTable {
  draw(report: StatusReport): void;
  /** Prints a line that stays. */
  above(line: string): void;
  clear(): void;
}

export function createLiveTable(output: Output): LiveTable {
  if (!output.live) {
    const above = (line: string) => output.story(`${timeOfDay(new Date())} ${line}`);
    return { draw: () => undefined, above, clear: () => undefined };
  }
  const update = createLogUpdate(process.stderr);
  let shown = "";
  return {
    draw(report) {
      shown = statusTable(report, Date.now(), output.paint, {
        columns: process.stderr.columns,
        lines: process.stderr.rows,
      });
      update(shown);
    },
    above(line) {
      update.clear();
      output.story(line);
      if (shown) update(shown);
    },
    clear() {
      update.clear();
      update.done();
      shown = "";
    },
  };
}

/** Lines that end in a file are read the next morning. */
const timeOfDay = (now: Date): string => now.toTimeString().slice(0, 8);
