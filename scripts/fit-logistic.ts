import type { LogisticModel } from "../src/planner/predict/logistic.ts";
import { chanceOf, logOdds } from "../src/planner/predict/logistic.ts";

/** What happened (`true`) beside the values that should have foretold it. */
export interface Observation {
  readonly row: Float64Array;
  readonly happened: boolean;
  readonly weight: number;
  /** Log-odds by what is known already; what is learned adds to it. Default 0. */
  readonly offset?: number;
}

const STEPS_MAX = 20;
const STEP_MIN = 1e-4;

/** The likeliest logistic model with a normal prior on its weights (`penalty`: its precision), by Newton's method. */
export function fitLogistic(
  observations: readonly Observation[],
  penalty: number,
  biasPenalty = 1e-6,
): LogisticModel {
  const width = (observations[0]?.row.length ?? 0) + 1;
  const model = new Float64Array(width);
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const slope = new Float64Array(width);
    const curve = Array.from({ length: width }, () => new Float64Array(width));
    const current = modelOf(model);
    for (const { row, happened, weight, offset = 0 } of observations) {
      const chance = chanceOf(offset + logOdds(current, row));
      const values = [{ place: 0, value: 1 }];
      row.forEach((value, place) => {
        if (value !== 0) values.push({ place: place + 1, value });
      });
      for (const { place, value } of values) {
        slope[place] = at(slope, place) + weight * ((happened ? 1 : 0) - chance) * value;
        const line = curve[place];
        if (line === undefined) continue;
        for (const other of values) {
          if (other.place > place) break;
          line[other.place] =
            at(line, other.place) + weight * chance * (1 - chance) * value * other.value;
        }
      }
    }
    for (let place = 0; place < width; place += 1) {
      const prior = place === 0 ? biasPenalty : penalty;
      slope[place] = at(slope, place) - prior * at(model, place);
      const line = curve[place];
      if (line === undefined) continue;
      line[place] = at(line, place) + prior;
      for (let other = 0; other < place; other += 1) {
        const mirrored = curve[other];
        if (mirrored !== undefined) mirrored[place] = at(line, other);
      }
    }
    const move = solve(curve, slope);
    move.forEach((by, place) => {
      model[place] = at(model, place) + by;
    });
    if (move.every((by) => Math.abs(by) < STEP_MIN)) break;
  }
  return modelOf(model);
}

const modelOf = (values: Float64Array): LogisticModel => ({
  bias: at(values, 0),
  weights: [...values.slice(1)],
});

const at = (values: Float64Array, place: number): number => values[place] ?? 0;

/** Solves `matrix × x = right` by elimination; both are used up. */
function solve(matrix: Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const cell = (row: number, column: number) => matrix[row]?.[column] ?? 0;
  for (let pivot = 0; pivot < size; pivot += 1) {
    let best = pivot;
    for (let row = pivot + 1; row < size; row += 1) {
      if (Math.abs(cell(row, pivot)) > Math.abs(cell(best, pivot))) best = row;
    }
    const [first, second] = [matrix[pivot], matrix[best]];
    if (first === undefined || second === undefined) continue;
    [matrix[pivot], matrix[best]] = [second, first];
    [right[pivot], right[best]] = [at(right, best), at(right, pivot)];
    for (let row = pivot + 1; row < size; row += 1) {
      const line = matrix[row];
      const factor = cell(row, pivot) / cell(pivot, pivot);
      if (line === undefined || factor === 0) continue;
      for (let column = pivot; column < size; column += 1) {
        line[column] = at(line, column) - factor * cell(pivot, column);
      }
      right[row] = at(right, row) - factor * at(right, pivot);
    }
  }
  const answer = new Float64Array(size);
  for (let row = size - 1; row >= 0; row -= 1) {
    let rest = at(right, row);
    for (let column = row + 1; column < size; column += 1) {
      rest -= cell(row, column) * at(answer, column);
    }
    answer[row] = rest / cell(row, row);
  }
  return answer;
}
