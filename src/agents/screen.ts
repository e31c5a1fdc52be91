/** One captured pane with the facts that tmux knows of it. Lines hold no escape sequences. */
export interface Screen {
  readonly lines: readonly string[];
  readonly cols: number;
  readonly rows: number;
  /** Zero-based position of the cursor. */
  readonly cursor: { readonly x: number; readonly y: number; readonly visible: boolean };
  readonly title: string;
  /** The foreground program as tmux names it: `node` means many things. */
  readonly currentCommand: string;
  readonly alternateOn: boolean;
  /** Someone scrolled: keys go to tmux, not to the program. */
  readonly inMode: boolean;
  readonly paneDead: boolean;
  readonly paneDeadStatus: number | null;
  /** Seconds since the program last wrote anything; `null` when tmux did not say. */
  readonly silentSeconds: number | null;
}
