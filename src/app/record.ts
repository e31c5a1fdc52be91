import { agentByName } from "../agents/catalog.ts";
import { type PrivateWords, scrubScreen } from "../classify/scrub.ts";
import { CoppiceError } from "../manifest/errors.ts";
import { VerdictKind } from "../manifest/verdict-kind.ts";
import type { RecordedScreens } from "../ports/recorded-screens.ts";
import { liveScreen, verdictOn } from "./classify.ts";
import type { Workspace } from "./world.ts";

/** A recorded screen: where it is and how it is read. */
export interface Recording {
  readonly path: string;
  readonly agent: string;
  readonly agentVersion: string | null;
  readonly state: VerdictKind;
  /** What the reader says of it: when it is another state, the rules have something to learn. */
  readonly read: VerdictKind;
}

/** Saves a task's screen with its true state, without paths, secrets and names. */
export async function record(
  workspace: Workspace,
  id: string,
  options: {
    readonly label: string;
    readonly screens: RecordedScreens;
    readonly privateWords: PrivateWords;
  },
): Promise<Recording> {
  const state = labelOf(options.label);
  const { agent, screen } = await liveScreen(workspace, id);
  const person = await workspace.ports.repository.commitIdentity();
  const { names, redact } = options.privateWords;
  const scrubbed = scrubScreen(screen, {
    names: [...names, ...(person ? [person.name, person.email] : [])],
    redact,
  });
  const read = verdictOn(agent, screen).state;
  if (verdictOn(agent, scrubbed).state !== read) {
    throw new CoppiceError({
      code: "scrubbed-otherwise",
      kind: "input",
      message: `without its private words the screen of ${id} is read otherwise (${verdictOn(agent, scrubbed).state}, not ${read}), so it would teach something wrong`,
      hint: `Record another moment, or save the screen by hand: coppice attach ${id}.`,
    });
  }
  const known = agentByName(agent);
  const [binary] = known?.binaries ?? [];
  const agentVersion =
    known && binary !== undefined
      ? await workspace.ports.host.version(binary, known.versionArgv)
      : null;
  const path = await options.screens.add({
    file: `${agent}/${workspace.ports.clock.now()}-${state}.txt`,
    agent,
    agentVersion,
    screen: scrubbed,
    label: { state },
  });
  return { path, agent, agentVersion, state, read };
}

function labelOf(word: string): VerdictKind {
  const parsed = VerdictKind.safeParse(word);
  if (parsed.success) return parsed.data;
  throw new CoppiceError({
    code: "label-unknown",
    kind: "usage",
    message: `${JSON.stringify(word)} is no state of a session`,
    hint: `One of: ${VerdictKind.options.join(", ")}.`,
  });
}
