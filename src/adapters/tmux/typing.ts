import { setTimeout as wait } from "node:timers/promises";
import type { Screen } from "../../agents/screen.ts";
import { plainText } from "../../manifest/plain-text.ts";
import type { InjectOutcome, RunningTurn } from "../../ports/sessions.ts";
import { effect } from "../fault-point.ts";
import type { Client } from "./client.ts";
import type { Pane } from "./panes.ts";
import { nonce, type View } from "./view.ts";

const LOOK_EVERY_MS = 40;
/** Agents take an Enter that follows a paste at once for a line break of it. */
const PASTE_SETTLES_MS = 300;
const ECHO_MAX_MS = 3000;
const ENTER_MAX_MS = 1500;
const TURN_ENDS_MS = 5000;
/** An agent that is interrupted may take a whole prompt back into its composer. */
const DRAFT_LINES_MAX = 200;
const DRAFT_ECHO_MS = 120;

type Expectation = (screen: Screen) => boolean;

/** What typing needs: a way to press and a way to see. */
export interface Hands {
  readonly client: Client;
  readonly view: View;
}

/** Clears a draft, pastes the text as one, presses Enter and sees that the screen moved. */
export async function inject(
  pane: Pane,
  text: string,
  still: Expectation,
  hands: Hands,
): Promise<InjectOutcome> {
  const words = plainText(text).text.trimEnd();
  if (words === "") return refused("there are no words to type");
  const before = await ready(pane, still, hands);
  if ("kind" in before) return before;

  const blank = await clearDraft(pane, before, hands);
  const buffer = `coppice-${nonce()}`;
  const paste = await effect("paste", () =>
    hands.client(
      [
        ["load-buffer", "-b", buffer, "-"],
        ["paste-buffer", "-p", "-r", "-d", "-b", buffer, "-t", pane.paneId],
      ],
      words,
    ),
  );
  if (paste.code !== 0) {
    await hands.client([["delete-buffer", "-b", buffer]]);
    return refused(`tmux cannot paste: ${paste.stderr.trim()}`);
  }
  const pastedMs = Date.now();
  const shown = await changed(pane, blank, ECHO_MAX_MS, hands);
  if (shown === null) return unproven("the pasted text did not appear on the screen");
  await wait(Math.max(0, pastedMs + PASTE_SETTLES_MS - Date.now()));

  const draft = (await look(pane, hands)) ?? shown;
  for (let tries = 1; tries <= 2; tries += 1) {
    await effect("key-press", () => hands.client([["send-keys", "-t", pane.paneId, "Enter"]]));
    if ((await changed(pane, draft, ENTER_MAX_MS, hands)) !== null) return SENT;
  }
  return unproven("the screen did not move after Enter");
}

/** Presses keys one after the other, each only on a screen that is still the expected one. */
export async function press(
  pane: Pane,
  keys: readonly string[],
  still: Expectation,
  hands: Hands,
): Promise<InjectOutcome> {
  const strange = keys.find((key) => !KEY.test(key));
  if (strange !== undefined) return refused(`${JSON.stringify(strange)} is not the name of a key`);
  if (keys.length === 0) return refused("there are no keys to press");
  for (const [index, key] of keys.entries()) {
    const before = await ready(pane, still, hands);
    if ("kind" in before) {
      return index === 0
        ? before
        : unproven(`after ${index} of ${keys.length} keys: ${before.reason}`);
    }
    const result = await effect("key-press", () =>
      hands.client([["send-keys", "-t", pane.paneId, "--", key]]),
    );
    if (result.code !== 0) return unproven(`tmux cannot press ${key}: ${result.stderr.trim()}`);
    if ((await changed(pane, before, ENTER_MAX_MS, hands)) === null) {
      return unproven(`the screen did not move after ${key}`);
    }
  }
  return SENT;
}

export const SENT: InjectOutcome = { kind: "sent" };

/** Ends a turn by its keys and waits until it has ended; `sent` also where none runs. */
export async function endTurn(
  pane: Pane,
  { keys, runs }: RunningTurn,
  hands: Hands,
): Promise<InjectOutcome> {
  const before = await ready(pane, () => true, hands);
  if ("kind" in before) return before;
  if (!runs(before)) return SENT;
  const pressed = await press(pane, keys, runs, hands);
  const deadline = Date.now() + TURN_ENDS_MS;
  for (;;) {
    const screen = await look(pane, hands);
    if (screen === null || !runs(screen)) return SENT;
    if (pressed.kind === "refused") return pressed;
    if (Date.now() >= deadline) return unproven(`the turn runs on after ${keys.join(", ")}`);
    await wait(LOOK_EVERY_MS);
  }
}

/** A printable character or a tmux key name, with modifiers. */
const KEY = /^(?:[CMS]-)*(?:[!-~]|[A-Z][A-Za-z0-9]{1,9})$/;

/** The screen to type on, out of copy mode and as expected; or why nothing may be typed. */
async function ready(
  pane: Pane,
  still: Expectation,
  hands: Hands,
): Promise<Screen | Extract<InjectOutcome, { kind: "refused" }>> {
  let screen = await look(pane, hands);
  if (screen?.inMode) {
    await hands.client([["send-keys", "-t", pane.paneId, "-X", "cancel"]]);
    screen = await look(pane, hands);
  }
  if (screen === null) return refused("the session cannot be seen");
  if (screen.paneDead) return refused("its program has ended");
  if (screen.inMode) return refused("tmux stays in its copy mode");
  return still(screen) ? screen : refused("the screen is not what it was expected to be");
}

/** C-u takes one line of a draft; it is pressed as long as it takes any. */
async function clearDraft(pane: Pane, before: Screen, hands: Hands): Promise<Screen> {
  let screen = before;
  for (let lines = 0; lines < DRAFT_LINES_MAX; lines += 1) {
    await hands.client([["send-keys", "-t", pane.paneId, "C-u"]]);
    const next = await changed(pane, screen, DRAFT_ECHO_MS, hands);
    if (next === null) break;
    screen = next;
  }
  return screen;
}

/** The first screen that differs from `before`, or null when none does in time. */
async function changed(
  pane: Pane,
  before: Screen,
  maxMs: number,
  hands: Hands,
): Promise<Screen | null> {
  const deadline = Date.now() + maxMs;
  for (;;) {
    const screen = await look(pane, hands);
    if (screen === null) return null;
    if (face(screen) !== face(before)) return screen;
    if (Date.now() >= deadline) return null;
    await wait(LOOK_EVERY_MS);
  }
}

async function look(pane: Pane, hands: Hands): Promise<Screen | null> {
  const seen = await hands.view.look(pane, 0);
  return seen.kind === "known" ? seen.value : null;
}

/** All of a screen that shows whether keys arrived. */
const face = ({ lines, cursor, title, alternateOn, paneDead }: Screen): string =>
  JSON.stringify([lines, cursor, title, alternateOn, paneDead]);

const refused = (reason: string) => ({ kind: "refused", reason }) as const;
const unproven = (reason: string) => ({ kind: "unproven", reason }) as const;
