import Table from "cli-table3";
import { median, quantile } from "./statistics.ts";

/** One claim: what was measured beside its floor, both in `unit`. */
export interface Figure {
  readonly name: string;
  readonly unit: "ms" | "s" | "%" | "MB" | "a minute";
  readonly value: number;
  /** Smallest and largest of the measured values. */
  readonly range?: readonly [number, number];
  readonly floor?: { readonly name: string; readonly value: number };
  /** `value` by the floor, where that says something. */
  readonly ratio?: number;
  /** What we want to reach, in words. */
  readonly aim?: string;
  readonly samples: number;
}

/** A figure from samples: their median and range, beside the median of the floor's samples. */
export function figure(
  facts: Pick<Figure, "name" | "unit" | "aim">,
  samples: readonly number[],
  floor?: { readonly name: string; readonly samples: readonly number[] },
): Figure {
  const value = median(samples);
  const least = floor === undefined ? undefined : median(floor.samples);
  return {
    ...facts,
    value,
    range: [Math.min(...samples), Math.max(...samples)],
    samples: samples.length,
    ...(floor === undefined || least === undefined
      ? {}
      : { floor: { name: floor.name, value: least }, ratio: value / least }),
  };
}

/** The 50th, 95th and 99th percentile of latencies, as three figures; the aim is for the 95th. */
export function percentiles(
  facts: Pick<Figure, "name" | "unit" | "aim">,
  samples: readonly number[],
): readonly Figure[] {
  const { aim: _, ...unaimed } = facts;
  return [
    { ...unaimed, name: `${facts.name}, p50`, value: median(samples), samples: samples.length },
    {
      ...facts,
      name: `${facts.name}, p95`,
      value: quantile(samples, 0.95),
      samples: samples.length,
    },
    {
      ...unaimed,
      name: `${facts.name}, p99`,
      value: quantile(samples, 0.99),
      samples: samples.length,
    },
  ];
}

export function tableOf(figures: readonly Figure[]): string {
  const table = new Table({
    head: ["what", "measured", "range", "floor", "ratio", "aim", "n"],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [42, 14, 17, 34, 8, 26, 5],
  });
  for (const { name, unit, value, range, floor, ratio, aim, samples } of figures) {
    table.push([
      name,
      `${number(value)} ${unit}`,
      range === undefined ? "" : `${number(range[0])} – ${number(range[1])}`,
      floor === undefined ? "" : `${number(floor.value)} ${unit} ${floor.name}`,
      ratio === undefined ? "" : `${ratio.toFixed(2)}x`,
      aim ?? "",
      String(samples),
    ]);
  }
  return table.toString();
}

const number = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
