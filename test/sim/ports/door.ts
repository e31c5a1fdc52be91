import { CoppiceError } from "../../../src/manifest/errors.ts";
import type { World } from "../world.ts";

/** One call of a port: what it does to the world, and what it answers when it could not, or when its answer is lost. */
export interface Call<T> {
  readonly method: string;
  /** The task that the call is about; null: all of them, or none. */
  readonly taskId: string | null;
  effect(): T;
  /** What is done to the world when the process dies in the midst of it. */
  half?(): void;
  /** May throw, as an adapter throws what it could not ask. */
  failed(reason: string): T;
}

/** The one way from a process of Coppice into the simulated world. */
export interface Door {
  readonly world: World;
  readonly pid: number;
  /** Throws what `failed` throws; never answers once the process is dead. */
  pass<T>(call: Call<T>): Promise<T>;
}

/** "Could not ask", as an adapter says it. */
export function couldNot(reason: string): never {
  throw new CoppiceError({
    code: "simulated-failure",
    kind: "machine",
    message: reason,
    hint: "It will pass.",
  });
}
