import { isActive, isWaiting } from "../manifest/status.ts";
import type { Task } from "../manifest/task.ts";
import type { BeatView } from "./view.ts";

/** It has a session, or may have one: it takes one of the places that the manifest allows. */
export function holdsPlace(view: BeatView, { id, status }: Task): boolean {
  const begun = view.underWay.get(id)?.kind;
  if (begun === "start" || begun === "restart" || begun === "resume") return true;
  if (!isWaiting(status)) return isActive(status);
  const session = view.evidence.get(id)?.session;
  return session?.kind === "known" && session.value !== null;
}
