import { z } from "zod";
import { lastLines } from "../../classify/checks.ts";
import type { CheckRun } from "./commit-checks.ts";
import { unlessRefused } from "./errors.ts";
import type { Place } from "./pull-requests.ts";
import { remember } from "./remember.ts";

const REMEMBERED_MAX = 500;

/**
 * Finds the last lines of a run that failed: of its job's log, else of what it says of itself, with its annotations. Each end
 * of a run is asked for once. Throws GitHubError, and then asks again the next time.
 */
export function checkTails(place: Place) {
  const tails = new Map<string, readonly string[]>();
  return async (run: CheckRun): Promise<readonly string[]> => {
    // An app may begin a run anew under its old id.
    const end = `${run.id} ${run.completed_at}`;
    const found = tails.get(end) ?? (await tailOfRun(place, run));
    remember(tails, end, found, REMEMBERED_MAX);
    return found;
  };
}

async function tailOfRun(place: Place, run: CheckRun): Promise<readonly string[]> {
  const log = run.app?.slug === "github-actions" ? await logOf(place, run) : null;
  const lines = lastLines(log ?? "");
  if (lines.length > 0) return lines;
  const { title, summary, text } = run.output;
  const said = [title, summary, text].filter((part) => part !== null);
  return lastLines([...said, ...(await failuresNoted(place, run))].join("\n"));
}

/** What the job printed until it failed, or null where there is no log, or none for this token. */
async function logOf({ client, repository }: Place, { id }: CheckRun): Promise<string | null> {
  const { owner, repo } = await repository();
  const route = "GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs";
  const log = await unlessRefused(client.tail(route, { owner, repo, job_id: id }));
  return log === null ? null : untilFailure(log.split(/\r?\n/)).map(withoutMarks).join("\n");
}

/** What is tidied up after the step that failed only hides what it said. */
function untilFailure(lines: readonly string[]): readonly string[] {
  const exit = lines.findLastIndex((line) => line.includes("##[error]Process completed with exit"));
  const last = exit === -1 ? lines.findLastIndex((line) => line.includes("##[error]")) : exit;
  return last === -1 ? lines : lines.slice(0, last + 1);
}

/** Without the time before each line, and the marks by which GitHub folds and colours them. */
const withoutMarks = (line: string): string =>
  line
    .replace(/^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?/, "")
    .replace(/^##\[(?:end)?(?:group|section|command|debug)\]/, "")
    .replace(/^##\[(\w+)\]/, "$1: ");

const Annotation = z.object({
  path: z.string(),
  start_line: z.int(),
  annotation_level: z.string().nullable(),
  message: z.string().nullable(),
});

/** The first hundred notes on lines of files, as far as they are failures. */
async function failuresNoted(
  { client, repository }: Place,
  run: CheckRun,
): Promise<readonly string[]> {
  if (run.output.annotations_count === 0) return [];
  const { owner, repo } = await repository();
  const route = "GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations";
  const asked = { owner, repo, check_run_id: run.id, per_page: 100 };
  const notes = await unlessRefused(client.get(route, asked, z.array(Annotation)));
  return (notes?.data ?? [])
    .filter((note) => note.annotation_level === "failure")
    .map((note) => `${note.path}:${note.start_line} ${note.message ?? ""}`);
}
