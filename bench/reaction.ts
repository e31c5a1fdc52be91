import { begins, journal, runToEnd, stamp, timeOf, writeManifest } from "./coppice.ts";
import { onGround } from "./ground.ts";
import { type Figure, percentiles } from "./report.ts";

const STAGGER_SECONDS = 0.7;

/** How soon an agent's end is followed by the delivery of its work and by the start of what waited for it. */
export async function reaction(options: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const pairs = Array.from({ length: options.quick ? 6 : 20 }, (_, index) => ({
    parent: `p${index + 1}`,
    child: `c${index + 1}`,
    seconds: 2 + STAGGER_SECONDS * index,
  }));
  return onGround(async (ground) => {
    const tasks = pairs.flatMap(({ parent, child, seconds }) => [
      { id: parent, seconds },
      { id: child, seconds: 0, dependsOn: [parent] },
    ]);
    await writeManifest(ground, tasks, 2 * pairs.length);
    await runToEnd(ground);
    const lines = await journal(ground);
    const ends = await Promise.all(pairs.map(({ parent }) => stamp(ground, parent, "ended")));
    const begun = await Promise.all(pairs.map(({ child }) => stamp(ground, child, "begun")));
    const after = (times: readonly number[]) =>
      times.map((time, index) => time - (ends[index] ?? 0));
    const delivery = pairs.map(({ parent }) => timeOf(lines, begins("deliver", parent)));
    const opened = pairs.map(({ parent }) =>
      timeOf(lines, (event) => event.kind === "pull-request" && event.taskId === parent),
    );
    const started = pairs.map(({ child }) => timeOf(lines, begins("start", child)));
    const name = "agent's exit to";
    return [
      ...percentiles({ name: `${name} delivery begun`, unit: "ms" }, after(delivery)),
      ...percentiles(
        { name: `${name} pull request open`, unit: "ms", aim: "under 500 ms plus the push" },
        after(opened),
      ),
      ...percentiles(
        { name: `${name} start of the dependent`, unit: "ms", aim: "p95 under 400 ms" },
        after(started),
      ),
      ...percentiles({ name: `${name} dependent's agent running`, unit: "ms" }, after(begun)),
    ];
  });
}
