import { awaitedOf, lastLines, stateOfChecks } from "../../classify/checks.ts";
import type { ChecksFact } from "../../classify/evidence.ts";
import type { PullRecord } from "./records.ts";

/** What the checks in a record say of a commit: the last of each name. */
export function checksIn(record: PullRecord, sha: string): ChecksFact {
  const ofCommit = (record.checks ?? []).filter((check) => check.sha === sha);
  const checks = [...new Map(ofCommit.map((check) => [check.name, check])).values()];
  const failed = checks
    .filter(({ state }) => state === "failed")
    .map(({ name, log }) => ({ name, tail: lastLines(log ?? "") }));
  return {
    sha,
    state: stateOfChecks(checks.map(({ state }) => state)),
    awaited: awaitedOf(checks),
    failed,
  };
}
