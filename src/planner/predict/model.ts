import { z } from "zod";
import { CONTEXT } from "./context.ts";
import { EVIDENCE } from "./evidence.ts";
import type { LogisticModel } from "./logistic.ts";
import { PAIR } from "./pairs.ts";
import weights from "./weights.json" with { type: "json" };

/** Three models: of the first look at a file, of the second one, and of two issues that touch a common file. */
export interface PredictionModel {
  readonly evidence: LogisticModel;
  readonly context: LogisticModel;
  readonly pair: LogisticModel;
  /** Two issues are put in order when they touch a common file with at least this chance. */
  readonly orderFrom: number;
}

const Weights = z.object({ bias: z.number(), weights: z.record(z.string(), z.number()) });
const WeightsFile = z.object({
  evidence: Weights,
  context: Weights,
  pair: Weights,
  orderFrom: z.number().gt(0).lt(1),
});

/** The weights that `npm run learn:weights` learned; a kind of evidence without a weight counts nothing. */
export function learnedModel(): PredictionModel {
  const file = WeightsFile.parse(weights);
  const model = (names: readonly string[], part: z.infer<typeof Weights>): LogisticModel => ({
    bias: part.bias,
    weights: names.map((name) => part.weights[name] ?? 0),
  });
  return {
    evidence: model(EVIDENCE, file.evidence),
    context: model(CONTEXT, file.context),
    pair: model(PAIR, file.pair),
    orderFrom: file.orderFrom,
  };
}
