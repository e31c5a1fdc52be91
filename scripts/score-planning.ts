import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { learnedModel } from "../src/planner/predict/model.ts";
import { forecast } from "../src/planner/predict/predict.ts";
import { readPlanningData } from "./planning-data.ts";

// Predicts the files of every issue of a data folder and has the folder's own scorer judge them; further options are
// the scorer's:
//   npm run score:planning -- DATA [--per-repo] [--gold textual] …

const [given, ...options] = process.argv.slice(2);
if (given === undefined) {
  process.stderr.write("usage: npm run score:planning -- DATA [options of score.mjs]\n");
  process.exit(2);
}
const data = resolve(given);
const scorer = [join(data, "score.mjs"), join(data, "../score.mjs"), join(data, "../../score.mjs")]
  .map((path) => resolve(path))
  .find((path) => existsSync(path));
if (scorer === undefined) throw new Error(`no score.mjs in ${data} or in the two folders above`);
const model = learnedModel();
const predictions = readPlanningData(data).map(({ name, issues, index }) => [
  name,
  Object.fromEntries(forecast(issues, index, model).files),
]);
const folder = mkdtempSync(join(tmpdir(), "coppice-score-"));
try {
  const file = join(folder, "predictions.json");
  writeFileSync(file, JSON.stringify(Object.fromEntries(predictions)));
  const args = [scorer, "--data", data, "--pred", file, ...options];
  process.exitCode = spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
