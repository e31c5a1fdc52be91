import { stableOrder } from "../graph/order.ts";
import { BASES, type Statement } from "./dependencies.ts";

/** Edges without a cycle and those that had to go for it, or a cycle: each edge leads to the task of the next. */
export type EdgesOutcome =
  | {
      readonly kind: "acyclic";
      readonly edges: readonly Statement[];
      readonly dropped: readonly DroppedEdge[];
    }
  | { readonly kind: "cycle"; readonly cycle: readonly Statement[] };

/** The weakest edge of a cycle, left out to break it. */
export interface DroppedEdge {
  readonly edge: Statement;
  readonly cycle: readonly Statement[];
}

/**
 * One edge for each pair of issues, the strongest statement of it. With `breakCycles` the weakest edge of each cycle
 * goes: a relation of the forge holds longest, a task list gives way first, and of equals the later issue's goes.
 */
export function settleEdges(
  issues: readonly number[],
  statements: readonly Statement[],
  breakCycles: boolean,
): EdgesOutcome {
  let edges = strongest(statements);
  const dropped: DroppedEdge[] = [];
  for (;;) {
    const cycles = cyclesOf(issues, edges);
    const [cycle] = cycles;
    if (cycle === undefined) return { kind: "acyclic", edges, dropped };
    if (!breakCycles) return { kind: "cycle", cycle };
    const broken = cycles.flatMap((edgesOfCycle) => {
      const edge = edgesOfCycle.toSorted(byStrength).at(-1);
      return edge === undefined ? [] : [{ edge, cycle: edgesOfCycle }];
    });
    dropped.push(...broken);
    const gone = new Set(broken.map(({ edge }) => edge));
    edges = edges.filter((edge) => !gone.has(edge));
  }
}

/** The strongest statement for each pair, in order of strength. */
export function strongest(statements: readonly Statement[]): Statement[] {
  const first = new Map<string, Statement>();
  for (const edge of statements.toSorted(byStrength)) {
    const pair = `${edge.task} ${edge.dependsOn}`;
    if (!first.has(pair)) first.set(pair, edge);
  }
  return [...first.values()];
}

function byStrength(a: Statement, b: Statement): number {
  const rank = (statement: Statement) => BASES.indexOf(statement.basis);
  return rank(a) - rank(b) || a.source - b.source || a.task - b.task || a.dependsOn - b.dependsOn;
}

/** Some cycles without a common issue, as edges; none only when there is no cycle at all. */
function cyclesOf(issues: readonly number[], edges: readonly Statement[]): Statement[][] {
  const byTask = new Map<number, Map<number, Statement>>();
  for (const edge of edges) {
    const others = byTask.get(edge.task) ?? new Map<number, Statement>();
    byTask.set(edge.task, others.set(edge.dependsOn, edge));
  }
  const outcome = stableOrder(issues, (issue) => [...(byTask.get(issue)?.keys() ?? [])]);
  if (outcome.kind === "ordered") return [];
  return outcome.cycles.map((cycle) =>
    cycle.flatMap((issue, index) => {
      const next = cycle[(index + 1) % cycle.length];
      return (next === undefined ? undefined : byTask.get(issue)?.get(next)) ?? [];
    }),
  );
}
