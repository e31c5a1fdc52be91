import type { PlannedHappening } from "./faults.ts";
import type { Call, Door } from "./ports/door.ts";
import { simForge } from "./ports/forge.ts";
import { simLocks } from "./ports/locks.ts";
import {
  simClock,
  simConversations,
  simHistory,
  simHost,
  simJournal,
  simSignals,
} from "./ports/machine.ts";
import { simManifestStore } from "./ports/manifest-store.ts";
import { simRepository } from "./ports/repository.ts";
import { simSessions } from "./ports/sessions.ts";
import { simTaskFolders } from "./ports/task-folders.ts";
import type { World } from "./world.ts";

export type Ports = ReturnType<typeof portsOf>;

/** How long one call of a port takes. */
const CALL_MS = 5;

/**
 * One process of Coppice in the simulated world. When it dies, no call of it ever answers again: nothing is unwound,
 * no `finally` runs, as in a real crash.
 */
export class Orchestrator implements Door {
  readonly world: World;
  readonly pid: number;
  /** Resolves when the process dies. */
  readonly died: Promise<void>;
  /** Questions of this beat's look at the world that got no answer, as `method:task`, with `*` for all tasks. */
  readonly blind = new Set<string>();
  readonly ports: Ports;
  #plan: readonly PlannedHappening[] = [];
  #calls = 0;
  #looking: boolean;
  #die: () => void = () => undefined;

  constructor(world: World) {
    this.world = world;
    this.pid = world.number();
    this.#looking = true;
    world.livePids.add(this.pid);
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
    this.ports = portsOf(this);
  }

  get alive(): boolean {
    return this.world.livePids.has(this.pid);
  }

  die(): void {
    this.world.livePids.delete(this.pid);
    this.#die();
  }

  /** Lets the planned happenings find their calls in the beat that begins. */
  beginBeat(plan: readonly PlannedHappening[], overlap: boolean): void {
    this.#plan = plan;
    this.#calls = 0;
    // Where actions of earlier beats still run, nobody can tell what they had been decided on.
    this.#looking = !overlap;
    this.blind.clear();
  }

  /** Lets happen what was planned for a later call than the beat had. */
  endBeat(): void {
    const late = this.#plan.filter(({ at }) => at.kind === "call" && at.call >= this.#calls);
    this.#plan = [];
    for (const { what } of late) {
      if (what.kind === "crash" || what.kind === "crash-within") this.die();
      else this.world.happen(what);
    }
  }

  async pass<T>({ method, taskId, effect, half, failed }: Call<T>): Promise<T> {
    await Promise.resolve();
    if (!this.alive) return never();
    this.world.advance(CALL_MS);
    const call = this.#calls;
    this.#calls += 1;
    const nth = this.world.countCall(method);
    const due = this.#plan.filter(({ at }) =>
      at.kind === "call" ? at.call === call : at.method === method && at.nth === nth,
    );
    // Before its first action a beat asks whether the lock is still its own: then it has looked.
    if (method === "isOurs") this.#looking = false;
    // What is asked again counts as it was answered last.
    const question = `${method}:${taskId ?? "*"}`;
    this.blind.delete(question);
    const unanswered = (reason: string): T => {
      if (this.#looking) this.blind.add(question);
      return failed(reason);
    };
    let lost: string | undefined;
    for (const { what } of due) {
      this.world.happen(what);
      if (what.kind === "unanswered") {
        return unanswered(`${method} gave no answer: ${what.trouble ?? "it failed"}`);
      }
      if (what.kind === "crash" || what.kind === "crash-within") {
        if (what.kind === "crash-within") half?.();
        else if (what.after) effect();
        this.die();
        return never();
      }
      if (what.kind === "answer-lost") {
        lost ??= `the answer of ${method} was lost: ${what.trouble ?? "it failed"}`;
      }
    }
    const answer = effect();
    return lost === undefined ? answer : unanswered(lost);
  }
}

/** The answer to a dead process. */
const never = <T>(): Promise<T> => new Promise(() => undefined);

function portsOf(door: Door) {
  return {
    sessions: simSessions(door),
    folders: simTaskFolders(door),
    repository: simRepository(door),
    forge: simForge(door),
    store: simManifestStore(door),
    journal: simJournal(door),
    locks: simLocks(door),
    signals: simSignals(door),
    conversations: simConversations(door),
    history: simHistory(door),
    clock: simClock(door),
    host: simHost(door),
  };
}
