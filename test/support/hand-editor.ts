import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

interface EditOrder {
  readonly path: string;
  readonly edits: number;
  readonly pauseMs: number;
}

/** A person who gives task after task of a manifest a title, saving in place. */
const { path, edits, pauseMs } = JSON.parse(process.argv[2] ?? "{}") as EditOrder;
for (let edit = 0; edit < edits; edit++) {
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  manifest.phases[0].tasks[edit].title = `edit ${edit}`;
  writeFileSync(path, `${JSON.stringify(manifest, null, 4)}\n`);
  await wait(pauseMs * (0.5 + Math.random()));
}
