import { type MachineTrouble, machineTrouble } from "../manifest/machine-trouble.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunOutcome } from "../ports/journal.ts";
import type { Signals, Wake } from "../ports/signals.ts";
import type { BeatReport, Heartbeat } from "./beat.ts";

export interface LoopOptions {
  readonly heartbeat: Heartbeat;
  readonly signals: Signals;
  readonly clock: Clock;
  /** The longest time between two beats. */
  readonly intervalMs: number;
  /** Ends the loop after the running beat. */
  readonly stop: AbortSignal;
  readonly onReport: (report: BeatReport) => void | Promise<void>;
  /** Called when a beat could not be done, and with nothing when one can be done again. */
  readonly onTrouble: (trouble: MachineTrouble | undefined) => Promise<void>;
}

/** The shortest time between two beats for events: a burst of events is one beat. */
const GAP_MS = 250;
/** Events that come together are taken together. */
const DEBOUNCE_MS = 1;

/** After trouble of the machine the next beat comes at the latest after this time. */
const TROUBLE_MS = 5000;

/**
 * Beats on events, with a timer behind, until nothing moves any more without a person. What single agents tell is looked at
 * alone first, which is quick; a beat that looks at all comes soon after.
 */
export async function runLoop(
  options: LoopOptions,
): Promise<{ outcome: RunOutcome; report: BeatReport }> {
  const { clock, stop } = options;
  let news = noNews();
  const source = await options.signals.listen((wake) => take(news, wake));
  try {
    let heard: ReadonlySet<string> | undefined;
    for (let byTimer = false; ; ) {
      news = noNews();
      const beganMs = clock.now();
      const report = await calmBeat(options, heard, () => take(news, ALL));
      if (report === undefined) return { outcome: "interrupted", report: NOTHING };
      await options.onReport(report);
      const isWhole = heard === undefined;
      const outcome = isWhole ? ended(report) : undefined;
      if (outcome) return { outcome, report };
      if (stop.aborted) return { outcome: "interrupted", report };
      const soon = report.changed || !isWhole;
      const dueMs =
        report.wakeAtMs === undefined ? options.intervalMs : report.wakeAtMs - clock.now();
      const waitMs = soon ? 0 : Math.min(options.intervalMs, Math.max(0, dueMs));
      await clock.sleep(waitMs, AbortSignal.any([news.came.signal, stop]));
      const woken = news.came.signal.aborted;
      if (woken) await clock.sleep(DEBOUNCE_MS, stop);
      // The clock on the wall may have been set back meanwhile. A beat that only the timer asked for delays no event.
      const gapMs = Math.min(GAP_MS, beganMs + GAP_MS - clock.now());
      if (gapMs > 0 && !(woken && byTimer)) await clock.sleep(gapMs, stop);
      byTimer = !woken && !soon;
      heard = woken && !soon && !news.ofAll ? news.of : undefined;
      if (stop.aborted) return { outcome: "interrupted", report };
    }
  } finally {
    await options.heartbeat.stop().finally(() => source.close());
  }
}

/** What came in since the last beat began: of single tasks, or what may concern all. */
interface News {
  readonly came: AbortController;
  readonly of: Set<string>;
  ofAll: boolean;
}

const noNews = (): News => ({ came: new AbortController(), of: new Set(), ofAll: false });

const ALL: Wake = { kind: "manifest" };

function take(news: News, wake: Wake): void {
  if (wake.kind === "manifest" || wake.taskId === null) news.ofAll = true;
  else news.of.add(wake.taskId);
  news.came.abort();
}

/** One beat; as long as the machine does not let it be done, it is tried again. Undefined: stopped meanwhile. */
async function calmBeat(
  options: LoopOptions,
  heard: ReadonlySet<string> | undefined,
  actionEnded: () => void,
): Promise<BeatReport | undefined> {
  const { heartbeat, clock, stop, onTrouble } = options;
  for (let told = ""; ; ) {
    try {
      const report = await heartbeat.beat(actionEnded, told === "" ? heard : undefined);
      if (told !== "") await onTrouble(undefined);
      return report;
    } catch (error) {
      const trouble = machineTrouble(error);
      if (trouble === undefined) throw error;
      if (told !== trouble.code) await onTrouble(trouble);
      told = trouble.code;
      if (!stop.aborted) await clock.sleep(Math.min(options.intervalMs, TROUBLE_MS), stop);
      if (stop.aborted) return undefined;
    }
  }
}

const NOTHING: BeatReport = {
  snapshot: undefined,
  problems: [],
  acted: 0,
  underWay: 0,
  changed: false,
  waits: [],
  wakeAtMs: undefined,
};

/** The outcome when nothing can move by itself any more, else undefined. */
export function ended(report: BeatReport): RunOutcome | undefined {
  const { snapshot, problems, underWay, changed, waits } = report;
  if (snapshot === undefined || problems.length > 0 || underWay > 0 || changed) return undefined;
  if (waits.some((wait) => !wait.needsPerson)) return undefined;
  const statuses = statusesOf(snapshot.manifest);
  if (statuses.includes("error")) return "failed";
  return waits.length > 0 ? "waiting-for-person" : "delivered";
}

const statusesOf = (manifest: Manifest): readonly string[] =>
  manifest.phases.flatMap((phase) => phase.tasks.map((task) => task.status));
