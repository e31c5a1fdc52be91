import { readManifest } from "../src/app/read-manifest.ts";
import { known, type TaskEvidence } from "../src/classify/evidence.ts";
import type { Verdict } from "../src/classify/verdict.ts";
import { decide } from "../src/decide/decide.ts";
import type { BeatView } from "../src/decide/view.ts";
import { taskGraph } from "../src/graph/task-graph.ts";
import type { Manifest } from "../src/manifest/manifest.ts";
import type { TaskId } from "../src/manifest/task.ts";
import { type Figure, figure } from "./report.ts";
import { inTurn, timed } from "./statistics.ts";

/** Decisions over ten times as many tasks: ten times as long, or the run does not scale. */
export async function decisions(options: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const [small, large] = [simulated(1000), simulated(10_000)];
  for (let warmUp = 0; warmUp < 3; warmUp += 1) think(small);
  const { ours, floor } = await inTurn(
    options.quick ? 3 : 7,
    () => timed(() => think(large)),
    () => timed(() => think(small)),
  );
  const facts = { name: "graph and decision, 10,000 tasks", unit: "ms", aim: "near 10x" } as const;
  return [figure(facts, ours, { name: "1,000 tasks", samples: floor })];
}

/** Reading with every check against the bare parser. */
export async function reading(options: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const text = manifestText(1000);
  const read = () => readManifest(text, "manifest.json");
  for (let warmUp = 0; warmUp < 3; warmUp += 1) read();
  const { ours, floor } = await inTurn(
    options.quick ? 5 : 15,
    () => timed(read),
    () => timed(() => JSON.parse(text)),
  );
  const facts = { name: "reading a manifest of 1,000 tasks", unit: "ms" } as const;
  return [figure(facts, ours, { name: "JSON.parse", samples: floor })];
}

function think({ manifest, view }: { manifest: Manifest; view: Omit<BeatView, "graph"> }): void {
  const { actions } = decide({ ...view, graph: taskGraph(manifest) });
  if (actions.length === 0) throw new Error("a decision was expected to start tasks");
}

/**
 * Phases of 100 tasks; each task waits for the one ten before it and shares a file with the one fifty
 * before it. Some are merged, five run, five may start. */
function manifestText(count: number): string {
  const merged = count / 10 + 10;
  const tasks = Array.from({ length: count }, (_, index) => ({
    id: `t${index}`,
    title: `Task number ${index} of many`,
    files: [`src/part-${index}.ts`, `src/shared-${index % 50}-${Math.floor(index / 100)}.ts`],
    dependsOn: index % 100 < 10 ? [] : [`t${index - 10}`],
    status: index < merged ? "merged" : index < merged + 5 ? "running" : "pending",
  }));
  const phases = Array.from({ length: Math.ceil(count / 100) }, (_, phase) => ({
    name: `phase ${phase}`,
    tasks: tasks.slice(100 * phase, 100 * (phase + 1)),
  }));
  return JSON.stringify({ project: "many", maxParallel: 100, phases }, null, 2);
}

function simulated(count: number): { manifest: Manifest; view: Omit<BeatView, "graph"> } {
  const outcome = readManifest(manifestText(count), "manifest.json");
  if (outcome.kind === "invalid") throw new Error(outcome.problems[0]?.message);
  const { manifest } = outcome;
  const nowMs = Date.parse("2026-01-01T00:00:00Z");
  const tasks = manifest.phases.flatMap((phase) => phase.tasks);
  const evidence = new Map<TaskId, TaskEvidence>(
    tasks.map((task) => [
      task.id,
      {
        taskId: task.id,
        takenAtMs: nowMs,
        pullRequest: known(null),
        checks: known(null),
        git: known(null),
        launch: known(null),
        exit: known(null),
        verify: known(null),
        session: known(null),
        screen: known(null),
        signals: known([]),
      },
    ]),
  );
  const working: Verdict = {
    kind: "working",
    why: "its screen says so",
    confidence: 1,
    fact: false,
  };
  const running = tasks.filter(({ status }) => status === "running");
  const verdicts = new Map(running.map(({ id }) => [id, working]));
  return {
    manifest,
    view: {
      manifest,
      evidence,
      verdicts,
      unseen: new Set(),
      collisions: [],
      untried: [],
      base: "main",
      maxParallel: 100,
      nowMs,
      cleanup: false,
      watchedMs: Number.POSITIVE_INFINITY,
      strays: [],
      underWay: new Map(),
    },
  };
}
