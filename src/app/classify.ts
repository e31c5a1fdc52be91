import { agentByName } from "../agents/catalog.ts";
import { command } from "../agents/command.ts";
import type { Screen } from "../agents/screen.ts";
import { classifyScreen } from "../classify/classify.ts";
import { type Score, scoreOf } from "../classify/score.ts";
import { CoppiceError } from "../manifest/errors.ts";
import { sessionNameOf } from "../manifest/names.ts";
import { settingsOf } from "../manifest/settings.ts";
import type { RecordedScreens } from "../ports/recorded-screens.ts";
import { readOrThrow } from "./run.ts";
import { findTask } from "./task.ts";
import type { Workspace } from "./world.ts";

/** What the reader says of one screen. */
export type ScreenVerdict = ReturnType<typeof classifyScreen>;

/** One verdict for each recorded screen. */
export async function classifyCorpus(
  screens: RecordedScreens,
): Promise<readonly (ScreenVerdict & { readonly file: string })[]> {
  const recorded = await screens.read();
  return recorded.map(({ file, agent, screen }) => ({ file, ...verdictOn(agent, screen) }));
}

/** How well the labelled screens are read. Throws CoppiceError `no-labels` when there are none. */
export async function scoreCorpus(screens: RecordedScreens): Promise<Score> {
  const labelled = (await screens.read()).flatMap(({ file, agent, screen, label }) =>
    label === null ? [] : [{ file, agent, truth: label, said: verdictOn(agent, screen) }],
  );
  if (labelled.length > 0) return scoreOf(labelled);
  throw new CoppiceError({
    code: "no-labels",
    kind: "input",
    message: "none of the screens has a label, so nothing can be scored",
    hint: 'Give each line of screens.jsonl a "state", or record screens with coppice record.',
  });
}

/** What the reader says of a live session's screen alone; `why` asks all other evidence too. */
export async function classifyTask(workspace: Workspace, id: string): Promise<ScreenVerdict> {
  const { agent, screen } = await liveScreen(workspace, id);
  return verdictOn(agent, screen);
}

/** The screen of a task's session now. Throws CoppiceError `no-session` or `screen-unseen`. */
export async function liveScreen(
  workspace: Workspace,
  id: string,
): Promise<{ readonly agent: string; readonly screen: Screen }> {
  const { manifest } = await readOrThrow(workspace);
  const task = findTask(manifest, id);
  const seen = await workspace.ports.sessions.capture(sessionNameOf(task.id), 0);
  if (seen.kind === "unknown") {
    throw new CoppiceError({
      code: "screen-unseen",
      kind: "machine",
      message: `the session of ${task.id} cannot be seen: ${seen.reason}`,
      hint: "Look whether tmux answers, then give the command again.",
    });
  }
  if (seen.value === null) {
    throw new CoppiceError({
      code: "no-session",
      kind: "input",
      message: `${task.id} (${task.status}) has no session`,
      hint: `coppice logs ${task.id} shows what it did.`,
    });
  }
  const agent = task.state?.agent ?? settingsOf(manifest, task).agents[0] ?? "";
  return { agent, screen: seen.value };
}

/** An agent that is not in the catalogue is read by nobody's rules but the generic ones. */
export const verdictOn = (agent: string, screen: Screen): ScreenVerdict =>
  classifyScreen(agentByName(agent) ?? command, screen);
