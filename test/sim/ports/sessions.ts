import type { Screen } from "../../../src/agents/screen.ts";
import { known, type Probe, type SessionFact, unknown } from "../../../src/classify/evidence.ts";
import type {
  InjectOutcome,
  SessionSpec,
  Sessions,
  StartOutcome,
} from "../../../src/ports/sessions.ts";
import type { SimSession } from "../world.ts";
import { couldNot, type Door } from "./door.ts";

/** The terminals of the simulated tmux server. */
export function simSessions(door: Door): Sessions {
  const { world } = door;
  const taskOf = (name: string): string | null => world.sessions.get(name)?.spec.taskId ?? null;
  return {
    observe: () =>
      door.pass({
        method: "observe",
        taskId: null,
        effect: () =>
          known(
            [...world.sessions.values()].map((session) => ({
              session: sessionFact(door, session),
              screen: known(world.screen(session)),
            })),
          ),
        failed: unknown,
      }),
    start: (spec) =>
      door.pass({
        method: "start",
        taskId: spec.taskId,
        effect: () => start(door, spec),
        failed: couldNot,
      }),
    capture: (name) =>
      door.pass<Probe<Screen | null>>({
        method: "capture",
        taskId: taskOf(name),
        effect: () => {
          const session = world.sessions.get(name);
          if (session === undefined) return known(null);
          session.shownTo.set(door.pid, { atMs: world.nowMs, number: world.number() });
          return known(world.screen(session));
        },
        failed: unknown,
      }),
    inject: (name, text, still) =>
      door.pass<InjectOutcome>({
        method: "inject",
        taskId: taskOf(name),
        effect: () =>
          reach(door, name, still, ({ agent }) => agent.type(text, world.nowMs)) ?? {
            kind: "sent",
          },
        half: () => {
          reach(door, name, still, ({ agent }) => agent.paste(text));
        },
        failed: (reason) => ({ kind: "unproven", reason }),
      }),
    press: (name, keys, still) =>
      door.pass<InjectOutcome>({
        method: "press",
        taskId: taskOf(name),
        effect: () => {
          for (const key of keys) {
            const refused = reach(door, name, still, ({ agent }) => agent.press(key, world.nowMs));
            if (refused) return refused;
          }
          return { kind: "sent" };
        },
        failed: (reason) => ({ kind: "unproven", reason }),
      }),
    isAttended: (name) =>
      door.pass({
        method: "isAttended",
        taskId: taskOf(name),
        effect: () => {
          const session = world.sessions.get(name);
          if (session === undefined) return false;
          session.lookedFor.set(door.pid, world.number());
          return world.isAttached(session) && session.exit === null;
        },
        failed: couldNot,
      }),
    stop: (name) =>
      door.pass({
        method: "stop",
        taskId: taskOf(name),
        effect: () => {
          const session = world.sessions.get(name);
          if (session === undefined) return true;
          world.tell(touch(door, "session-stopped", session));
          world.endSession(session, 143);
          return true;
        },
        failed: () => false,
      }),
    attachCommand: (name) => ["tmux", "attach", "-t", `=${name}`],
    shutDown: () =>
      door.pass({
        method: "shutDown",
        taskId: null,
        effect: () => undefined,
        failed: couldNot,
      }),
  };
}

function start(door: Door, spec: SessionSpec): StartOutcome {
  const { world, pid } = door;
  const there = world.sessions.get(spec.name);
  if (there !== undefined) {
    const same = there.spec.taskId === spec.taskId && there.spec.attempt === spec.attempt;
    return same
      ? { kind: "adopted", session: sessionFact(door, there) }
      : { kind: "taken", by: `attempt ${there.spec.attempt} of ${there.spec.taskId}` };
  }
  const session = world.start(spec);
  const { launch } = world.folder(spec.taskId);
  const { name, taskId } = spec;
  world.tell({ kind: "session-started", pid, taskId, name, launch });
  return { kind: "started", session: sessionFact(door, session) };
}

/** Touches a program as long as its screen is still what the caller decided on; says why not. */
function reach(
  door: Door,
  name: string,
  still: (screen: Screen) => boolean,
  doTouch: (session: SimSession) => void,
): InjectOutcome | undefined {
  const session = door.world.sessions.get(name);
  if (session === undefined || session.exit !== null) {
    return { kind: "refused", reason: "no program listens" };
  }
  if (!still(door.world.screen(session))) {
    return { kind: "refused", reason: "the screen changed" };
  }
  door.world.tell(touch(door, "typed", session));
  doTouch(session);
  return undefined;
}

/** A look and the deed that rests on it are four calls of the ports at most. */
const LOOK_AND_DEED_MS = 20;

/** Nobody can know of words that come between the last look and the deed. */
function isSurprised({ world, pid }: Door, { typedAt, shownTo }: SimSession): boolean {
  const shown = shownTo.get(pid);
  const justLooked = shown !== undefined && world.nowMs - shown.atMs <= LOOK_AND_DEED_MS;
  return typedAt.atMs === world.nowMs || (justLooked && typedAt.number > shown.number);
}

function touch(door: Door, kind: "typed" | "session-stopped", session: SimSession) {
  const { agent, spec } = session;
  const looked = session.lookedFor.get(door.pid) ?? 0;
  return {
    kind,
    pid: door.pid,
    taskId: spec.taskId,
    name: spec.name,
    truth: agent.truth,
    step: agent.step,
    surprised: isSurprised(door, session),
    attended: door.world.isAttached(session) && session.attached.number < looked,
    quietSeconds: (door.world.nowMs - agent.activeAtMs) / 1000,
  } as const;
}

function sessionFact({ world }: Door, session: SimSession): SessionFact {
  const { spec, paneId, pid, createdAtMs } = session;
  return {
    name: spec.name,
    taskId: spec.taskId,
    attempt: spec.attempt,
    paneId,
    panePid: pid,
    createdAtMs: world.wall(createdAtMs),
    attached: world.isAttached(session) ? 1 : 0,
    cpuSeconds: null,
  };
}
