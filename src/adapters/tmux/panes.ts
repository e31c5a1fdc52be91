import type { Screen } from "../../agents/screen.ts";

/** What tmux tells of one pane of ours, before any text is captured. Times are Unix seconds. */
export interface Pane {
  readonly serverPid: number;
  readonly paneId: string;
  readonly panePid: number;
  /** The name that the session was started with; a person may have renamed it since. */
  readonly name: string;
  readonly taskId: string;
  readonly attempt: number;
  /** The task folder, relative to the workdir. */
  readonly folder: string;
  /** The manifest that it was started for; empty: it does not say. */
  readonly manifest: string;
  readonly createdAt: number;
  readonly attached: number;
  readonly activityAt: number;
  readonly historySize: number;
  readonly cols: number;
  readonly rows: number;
  readonly cursor: Screen["cursor"];
  readonly alternateOn: boolean;
  readonly inMode: boolean;
  readonly dead: boolean;
  readonly deadStatus: number | null;
  readonly title: string;
  readonly currentCommand: string;
}

const FACTS = [
  "pid",
  "pane_id",
  "pane_pid",
  "@coppice_name",
  "@coppice_task",
  "@coppice_attempt",
  "@coppice_folder",
  "@coppice_manifest",
  "session_created",
  "session_attached",
  "window_activity",
  "history_size",
  "pane_width",
  "pane_height",
  "cursor_x",
  "cursor_y",
  "cursor_flag",
  "alternate_on",
  "pane_in_mode",
  "pane_dead",
  "pane_dead_status",
];

/**
 * The `-F` format of one pane. Title and command are the agent's own words and may hold anything, also line breaks, so a
 * random separator that the agent cannot know stands around them instead of lines and tabs.
 */
export const paneFormat = (separator: string): string =>
  `${separator}${FACTS.map((name) => `#{${name}}`).join("\t")}${separator}#{pane_title}${separator}#{pane_current_command}`;

/** A path as a pane's mark: of any path only such letters as no format or list of facts is broken by. */
export const manifestMark = (path: string): string => Buffer.from(path).toString("base64url");

/** Reads what `paneFormat` printed; panes that Coppice did not start are left out. */
export function parsePanes(text: string, separator: string): Pane[] {
  const pieces = text.split(separator).slice(1);
  const panes: Pane[] = [];
  for (let index = 0; index + 2 < pieces.length; index += 3) {
    const facts = (pieces[index] ?? "").split("\t");
    const fact = (name: string): string => facts[FACTS.indexOf(name)] ?? "";
    const number = (name: string): number => Number(fact(name));
    if (fact("@coppice_name") === "" || fact("@coppice_task") === "") continue;
    const status = fact("pane_dead_status");
    panes.push({
      serverPid: number("pid"),
      paneId: fact("pane_id"),
      panePid: number("pane_pid"),
      name: fact("@coppice_name"),
      taskId: fact("@coppice_task"),
      attempt: number("@coppice_attempt"),
      folder: fact("@coppice_folder"),
      manifest: Buffer.from(fact("@coppice_manifest"), "base64url").toString("utf8"),
      createdAt: number("session_created"),
      attached: number("session_attached"),
      activityAt: number("window_activity"),
      historySize: number("history_size"),
      cols: number("pane_width"),
      rows: number("pane_height"),
      cursor: {
        x: number("cursor_x"),
        y: number("cursor_y"),
        visible: fact("cursor_flag") === "1",
      },
      alternateOn: fact("alternate_on") === "1",
      inMode: fact("pane_in_mode") === "1",
      dead: fact("pane_dead") === "1",
      deadStatus: status === "" ? null : Number(status),
      title: pieces[index + 1] ?? "",
      currentCommand: (pieces[index + 2] ?? "").replace(/\n$/, ""),
    });
  }
  return panes;
}

/** The pane's facts with its text. */
export const screenOf = (pane: Pane, lines: readonly string[], nowMs: number): Screen => ({
  lines,
  cols: pane.cols,
  rows: pane.rows,
  cursor: pane.cursor,
  title: pane.title,
  currentCommand: pane.currentCommand,
  alternateOn: pane.alternateOn,
  inMode: pane.inMode,
  paneDead: pane.dead,
  paneDeadStatus: pane.deadStatus,
  silentSeconds: Math.max(0, Math.floor(nowMs / 1000) - pane.activityAt),
});

/** Changes whenever the text may have changed, but for output within the second of the last look. */
export const changeKey = (pane: Pane): string =>
  [
    pane.paneId,
    pane.panePid,
    pane.activityAt,
    pane.historySize,
    pane.cols,
    pane.rows,
    pane.cursor.x,
    pane.cursor.y,
    pane.alternateOn,
    pane.inMode,
    pane.dead,
    pane.title,
  ].join("\t");
