import { createRecordedScreens } from "../../src/adapters/fs/recorded-screens.ts";
import type { Screen } from "../../src/agents/screen.ts";
import type { VerdictKind } from "../../src/manifest/verdict-kind.ts";

/** A capture of a real pane with its true state. */
export interface LabelledScreen {
  readonly file: string;
  readonly agent: string;
  readonly screen: Screen;
  readonly state: VerdictKind;
}

/** The labelled screens of a folder. */
export async function recordedScreens(folder: string): Promise<readonly LabelledScreen[]> {
  const screens = await createRecordedScreens(folder).read();
  return screens.flatMap(({ file, agent, screen, label }) =>
    label === null ? [] : [{ file, agent, screen, state: label.state }],
  );
}
