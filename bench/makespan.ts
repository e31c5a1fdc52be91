import {
  type BenchTask,
  begins,
  journal,
  runToEnd,
  stamp,
  timeOf,
  writeManifest,
} from "./coppice.ts";
import { onGround } from "./ground.ts";
import { type Figure, figure } from "./report.ts";

const TASKS = 100;
const PLACES = 16;
const SECONDS = 2;
const WIDTH = 25;

/** How long a graph of tasks takes against the best that any schedule can do. */
export async function makespan(options: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const graph = layeredGraph(
    options.quick ? TASKS / 4 : TASKS,
    options.quick ? WIDTH / 2.5 : WIDTH,
  );
  const least = SECONDS * bestRounds(graph, PLACES);
  const measured: number[] = [];
  for (let repetition = 0; repetition < (options.quick ? 1 : 2); repetition += 1) {
    measured.push(
      await onGround(async (ground) => {
        await writeManifest(ground, graph, PLACES);
        await runToEnd(ground);
        const lines = await journal(ground);
        const first = Math.min(...graph.map(({ id }) => timeOf(lines, begins("start", id))));
        const ends = await Promise.all(graph.map(({ id }) => stamp(ground, id, "ended")));
        return (Math.max(...ends) - first) / 1000;
      }),
    );
  }
  const name = `${graph.length} dependent tasks of ${SECONDS} s, ${PLACES} places`;
  const floor = { name: "best schedule, no overhead", samples: [least] };
  return [figure({ name, unit: "s", aim: "within 1.1x" }, measured, floor)];
}

/** Layers of that width; every task but those of the first layer waits for one or two of the layer before. Always the same. */
function layeredGraph(count: number, width: number): readonly BenchTask[] {
  return Array.from({ length: count }, (_, index) => {
    const layer = Math.floor(index / width);
    const before = [index * 7 + 3, ...(index % 3 === 0 ? [index * 3 + 1] : [])];
    const parents = before.map((pick) => `t${(layer - 1) * width + (pick % width) + 1}`);
    return {
      id: `t${index + 1}`,
      seconds: SECONDS,
      dependsOn: layer === 0 ? [] : [...new Set(parents)],
    };
  });
}

/** Rounds of a schedule that always runs what has the most work behind it; throws when it is not provably the best. */
function bestRounds(graph: readonly BenchTask[], places: number): number {
  const heightOf = heights(graph);
  const byHeight = graph.toSorted((a, b) => heightOf(b.id) - heightOf(a.id));
  const done = new Set<string>();
  let rounds = 0;
  for (; done.size < graph.length; rounds += 1) {
    const ready = byHeight.filter(
      ({ id, dependsOn = [] }) => !done.has(id) && dependsOn.every((parent) => done.has(parent)),
    );
    for (const { id } of ready.slice(0, places)) done.add(id);
  }
  // No schedule is shorter: what is at least h rounds from the end has to fit before the last h - 1 rounds.
  const bounds = byHeight.map(
    ({ id }, index) => Math.ceil((index + 1) / places) + heightOf(id) - 1,
  );
  if (Math.max(...bounds) !== rounds) throw new Error("the schedule is not known to be the best");
  return rounds;
}

/** How many tasks the longest way from a task to the end has. */
function heights(graph: readonly BenchTask[]): (id: string) => number {
  const known = new Map<string, number>();
  const heightOf = (id: string): number => {
    const last = known.get(id);
    if (last !== undefined) return last;
    const after = graph.filter(({ dependsOn = [] }) => dependsOn.includes(id));
    const height = 1 + Math.max(0, ...after.map((task) => heightOf(task.id)));
    known.set(id, height);
    return height;
  };
  return heightOf;
}
