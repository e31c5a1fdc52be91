import { execFileSync } from "node:child_process";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unreachable } from "../src/manifest/errors.ts";
import type { CoppiceEvent } from "../src/ports/journal.ts";
import { journal, startRun, until } from "./coppice.ts";
import { type Ground, onGround } from "./ground.ts";
import { cpuSeconds } from "./process.ts";
import { type Figure, percentiles } from "./report.ts";

const SCREENS = resolve(import.meta.dirname, "../fixtures/screens/codex");
const WATCH_SECONDS = 15;
/** Longer than every interval of the heartbeat, and no multiple of one: events fall anywhere between two beats. */
const STEP_MS = 730;

/**
 * An agent that shows recorded screens of Codex and does what its pipe says. While it works, spinner and seconds move.
 * It starts no process by itself, so that what is measured is the watching.
 */
const actor = (stampsDir: string): string => `#!/bin/bash
[ "\${1:-}" = --version ] && { echo "codex-cli 0.169.0"; exit 0; }
screens=${SCREENS} stamps=${stampsDir}
draw() {
  local text; text=$(<"$screens/$1"); text=\${text/(6s/("$2"s}
  printf '\\033]0;%s\\007\\033[?1049h\\033[H\\033[2J%s\\033[33;3H' "$3" "$text"
}
stamp() { printf '%s' "\${EPOCHREALTIME/./}" >"$stamps/$COPPICE_TASK.$1"; }
exec 3<>"$stamps/$COPPICE_TASK.pipe"
seconds=0 word=
while :; do
  seconds=$((seconds + 1))
  draw 005-working-reasoning.txt "$seconds" "\u2827 codex1"
  # A time limit in the middle of a word leaves its beginning in part.
  read -r -t 1 part <&3
  whole=$? word+=$part
  [ "$whole" = 0 ] || continue
  case $word in
    exit) stamp exit; exit 7 ;;
    signal)
      draw 008-turn-done-simple.txt "" codex1
      stamp signal
      "$COPPICE_REPORT" codex '{"type":"agent-turn-complete","thread-id":"01a2b3c4-d5e6","last-assistant-message":"Done."}' ;;
    composer) draw 008-turn-done-simple.txt "" codex1; stamp composer ;;
    dialog)
      printf '\\033[?25l'
      draw 051-approval-command.txt "" "[ ! ] Action Required | codex1"; stamp dialog ;;
  esac
  break
done
while :; do read -r -t 60 word <&3; done
`;

type Happening = "exit" | "signal" | "composer" | "dialog";

const TOLD: Readonly<Record<Happening, { readonly name: string; readonly aim: string }>> = {
  exit: { name: "an agent's exit", aim: "p95 at most 100 ms" },
  signal: { name: "an agent's own signal", aim: "p95 at most 100 ms" },
  composer: { name: "a still composer, by its screen", aim: "p95 at most 2.5 s" },
  dialog: { name: "a dialog, by its screen", aim: "p95 at most 2.5 s" },
};

/** How soon a verdict follows what happens in a session, among many that work, and what the watching costs. */
export async function detection(options: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const each = options.quick ? 5 : 20;
  const size = options.quick ? 60 : 100;
  return onGround(async (ground) => {
    const ids = Array.from({ length: size }, (_, index) => `t${index + 1}`);
    await stage(ground, ids);
    const run = startRun(ground, ["--interval", "30"]);
    await until(`${size} agents work`, 300_000, async () => {
      const events = (await journal(ground)).map(({ event }) => event);
      return ids.every((id) => events.some((event) => isVerdict(event, id, ["working"])));
    });
    const before = await cpuSeconds(run.pid);
    await sleep(WATCH_SECONDS * 1000);
    const share = (100 * ((await cpuSeconds(run.pid)) - before)) / WATCH_SECONDS;
    const kinds = Object.keys(TOLD) as Happening[];
    const scripted = kinds.flatMap((kind, index) =>
      ids.slice(index * each, (index + 1) * each).map((id) => ({ id, kind })),
    );
    for (const { id, kind } of scripted) {
      await tell(ground, id, kind);
      await sleep(STEP_MS);
    }
    const missing = async (): Promise<readonly string[]> => {
      const lines = await journal(ground);
      return scripted
        .filter(({ id, kind }) => !lines.some(({ event }) => isNoticed(event, id, kind)))
        .map(({ id, kind }) => `${id} ${kind}`);
    };
    for (let left = await missing(); left.length > 0; left = await missing()) {
      const what = `a verdict of ${left.join(", ")}`;
      await until(what, 60_000, async () => (await missing()).length < left.length);
    }
    await run.stop();
    const lines = await journal(ground);
    const after = async (kind: Happening): Promise<number[]> => {
      const own = scripted.filter((one) => one.kind === kind);
      return Promise.all(
        own.map(async ({ id }) => {
          const line = lines.find(({ event }) => isNoticed(event, id, kind));
          return Date.parse(line?.at ?? "") - (await happenedAt(ground, id, kind));
        }),
      );
    };
    const figures: Figure[] = [];
    for (const kind of kinds) {
      const { name, aim } = TOLD[kind];
      figures.push(
        ...percentiles({ name: `${name} to its verdict`, unit: "ms", aim }, await after(kind)),
      );
    }
    return [
      ...figures,
      {
        name: `share of a core, ${size} sessions that work`,
        unit: "%",
        value: share,
        aim: "at most 10 %",
        samples: 1,
      },
    ];
  });
}

/** Actors under the name of Codex, and a manifest in which nothing is healed: what they did stays to be seen. */
async function stage(ground: Ground, ids: readonly string[]): Promise<void> {
  const bin = join(ground.folder, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "codex"), actor(ground.stampsDir), { mode: 0o755 });
  process.env["PATH"] = `${bin}${delimiter}${process.env["PATH"] ?? ""}`;
  for (const id of ids) execFileSync("mkfifo", [join(ground.stampsDir, `${id}.pipe`)]);
  const manifest = {
    project: "bench",
    repoDir: ground.root,
    workdir: ground.workdir,
    socket: ground.socketPath,
    agent: "codex",
    maxParallel: ids.length,
    policy: { attemptsMax: 1, nudgesMax: 0, resumesMax: 0 },
    phases: [{ name: "all", tasks: ids.map((id) => ({ id, title: `Add ${id}` })) }],
  };
  await writeFile(ground.manifestPath, JSON.stringify(manifest, null, 2));
}

const tell = async (ground: Ground, id: string, word: Happening): Promise<void> => {
  const pipe = await open(join(ground.stampsDir, `${id}.pipe`), "w");
  await pipe.write(`${word}\n`);
  await pipe.close();
};

/** Unix milliseconds, by the agent's own clock. */
const happenedAt = async (ground: Ground, id: string, kind: Happening): Promise<number> =>
  Number(await readFile(join(ground.stampsDir, `${id}.${kind}`), "utf8")) / 1000;

function isVerdict(event: CoppiceEvent, id: string, verdicts: readonly string[]): boolean {
  return (
    event.kind === "verdict-changed" && event.taskId === id && verdicts.includes(event.verdict)
  );
}

/** Facts count at once; what a screen seems to say counts when the task's status follows it. */
function isNoticed(event: CoppiceEvent, id: string, kind: Happening): boolean {
  switch (kind) {
    case "exit":
      return isVerdict(event, id, ["exited-error"]);
    case "signal":
      return isVerdict(event, id, ["idle-done"]);
    case "composer":
    case "dialog":
      return event.kind === "status-changed" && event.taskId === id && event.from === "running";
    default:
      return unreachable(kind);
  }
}
