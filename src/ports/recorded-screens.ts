import type { Screen } from "../agents/screen.ts";
import type { Response } from "../classify/response.ts";
import type { VerdictKind } from "../manifest/verdict-kind.ts";

/** What a screen truly showed, as whoever recorded it knows. */
export interface ScreenLabel {
  readonly state: VerdictKind;
  /** What would have been right to do; absent where only the state was noted. */
  readonly action?: Response;
}

/** A capture of a real pane with what tmux knew of it. */
export interface RecordedScreen {
  /** Path below the folder. */
  readonly file: string;
  /** Name of an agent, or of a program that is none, e.g. `shell`. */
  readonly agent: string;
  readonly agentVersion: string | null;
  readonly screen: Screen;
  readonly label: ScreenLabel | null;
}

/** A folder of recorded screens: `screens.jsonl` with the facts, one text file a screen, and labels beside. */
export interface RecordedScreens {
  /** Throws CoppiceError `screens-unreadable` (kind input) with file and line. */
  read(): Promise<readonly RecordedScreen[]>;
  /** Adds one; never replaces a file. Returns its absolute path. */
  add(screen: RecordedScreen): Promise<string>;
}
