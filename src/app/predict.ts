import { indexRepository } from "../planner/index/repository-index.ts";
import type { Issue } from "../planner/issue.ts";
import { learnedModel } from "../planner/predict/model.ts";
import type { Prediction } from "../planner/predict/predict.ts";
import type { RepositoryFactsSource } from "../ports/repository-facts.ts";
import { type Refiner, refinedForecast } from "./refine.ts";

export interface PredictPorts {
  readonly readIssues: () => Promise<readonly Issue[]>;
  readonly facts: RepositoryFactsSource;
  /** Asked about each issue; undefined: nobody is. */
  readonly refiner?: Refiner | undefined;
}

/** The files that each issue, open or closed, will probably touch, by its number; the likeliest first. */
export async function predict(
  ports: PredictPorts,
  ref: string,
): Promise<Readonly<Record<string, Prediction>>> {
  const issues = await ports.readIssues();
  const index = indexRepository(await ports.facts.read(ref));
  const refined = await refinedForecast(ports.refiner, issues, index, learnedModel());
  return Object.fromEntries(refined.files);
}
