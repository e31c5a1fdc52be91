import pLimit from "p-limit";
import type { Action } from "../decide/action.ts";
import { machineTrouble } from "../manifest/machine-trouble.ts";
import type { TaskId } from "../manifest/task.ts";

/** The actions that run beside the beats, a few at a time; a task has one at a time. */
export interface Hands<Order extends { readonly action: Action }> {
  /** The tasks whose action has not ended yet. Throws what broke one since the last call, and then begins none. */
  underWay(): ReadonlyMap<TaskId, Action>;
  /** Returns at once; `ended` is told of each one that has ended. */
  begin(orders: readonly Order[], ended: () => void): void;
  /** Waits until all have ended. Throws what broke one of them. */
  settle(): Promise<void>;
  /** Like `settle`, but what still waits for its turn is not begun any more. */
  stop(): Promise<void>;
}

/** Starts use the processor, deliveries the network: enough for a few of each. */
const AT_ONCE = 8;

/**
 * `act` carries out one action and returns how its outcome is noted, for which it gives its turn to the next one. What either
 * throws ends the run.
 */
export function createHands<Order extends { readonly action: Action }>(
  act: (order: Order) => Promise<() => Promise<void>>,
): Hands<Order> {
  const limit = pLimit(AT_ONCE);
  const running = new Map<TaskId, { readonly action: Action; readonly end: Promise<void> }>();
  let errors: unknown[] = [];
  let stopping = false;

  async function carryOut(order: Order): Promise<void> {
    const note = await limit(() =>
      stopping || errors.length > 0 ? undefined : unlessBroken(() => act(order)),
    );
    if (note !== undefined) await unlessBroken(note);
  }

  async function unlessBroken<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      errors.push(error);
      return undefined;
    }
  }

  /** Our bugs before the machine's troubles. */
  function check(): void {
    const thrown = errors;
    errors = [];
    if (thrown.length > 0)
      throw thrown.find((one) => machineTrouble(one) === undefined) ?? thrown[0];
  }

  async function settle(): Promise<void> {
    await Promise.all([...running.values()].map(({ end }) => end));
    check();
  }

  return {
    underWay() {
      check();
      return new Map([...running].map(([taskId, { action }]) => [taskId, action]));
    },
    begin(orders, ended) {
      for (const order of orders) {
        const { action } = order;
        const end = carryOut(order).finally(() => {
          running.delete(action.taskId);
          ended();
        });
        running.set(action.taskId, { action, end });
      }
    },
    settle,
    async stop() {
      stopping = true;
      await settle();
    },
  };
}
