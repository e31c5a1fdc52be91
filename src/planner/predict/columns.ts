/** Names of numbers that stand side by side in a row. */
export type Columns<Name extends string> = Readonly<Record<Name, number>>;

export function columnsOf<Name extends string>(names: readonly Name[]): Columns<Name> {
  return Object.fromEntries(names.map((name, place) => [name, place])) as Record<Name, number>;
}

/** A value of a row; rows are as long as their list of names. */
export const valueAt = (row: Float64Array, place: number): number => row[place] ?? 0;
