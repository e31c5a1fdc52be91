import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { Response } from "../../classify/response.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { VerdictKind } from "../../manifest/verdict-kind.ts";
import type { RecordedScreen, RecordedScreens, ScreenLabel } from "../../ports/recorded-screens.ts";

/** Some corpora write `_` for `-`. */
const State = z.preprocess(dashed, VerdictKind);
/** Keys to press may stand behind a colon; some corpora have a word of their own for a person's log-in. */
const Action = z.preprocess((word) => {
  const name = typeof word === "string" ? dashed(word.split(":")[0]) : word;
  return name === "login-needed" ? "ask-person" : name;
}, Response);

const Facts = z.object({
  file: z
    .string()
    .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$)).+$/, { message: "a path inside the folder" }),
  agent: z.string(),
  agentVersion: z.string().nullish(),
  cols: z.number(),
  rows: z.number(),
  paneCurrentCommand: z.string(),
  paneTitle: z.string(),
  alternateOn: z.boolean(),
  paneDead: z.boolean(),
  paneDeadStatus: z.number().nullable(),
  cursor: z.tuple([z.number(), z.number(), z.number()]),
  secondsSinceWindowActivity: z.number().nullable(),
  state: State.optional(),
  action: Action.optional(),
});
const Label = z.object({ file: z.string(), state: State, appropriateAction: Action.optional() });

/** The recorded screens of `folder`: `screens.jsonl`, the texts that it names, and `labels.jsonl` where there is one. */
export function createRecordedScreens(folder: string): RecordedScreens {
  const root = resolve(folder);
  const list = join(root, "screens.jsonl");
  return {
    async read() {
      const labels = new Map<string, ScreenLabel>();
      for (const { file, state, appropriateAction } of await rows(
        join(root, "labels.jsonl"),
        Label,
        true,
      )) {
        labels.set(file, labelOf(state, appropriateAction));
      }
      const facts = await rows(list, Facts, false);
      return await Promise.all(
        facts.map(async (one) => recorded(one, await textOf(root, one.file), labels.get(one.file))),
      );
    },

    async add(recorded) {
      const path = join(root, recorded.file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${recorded.screen.lines.join("\n")}\n`, { flag: "wx" });
      await appendFile(list, `${JSON.stringify(factsOf(recorded))}\n`);
      return path;
    },
  };
}

function recorded(
  facts: z.infer<typeof Facts>,
  text: string,
  label: ScreenLabel | undefined,
): RecordedScreen {
  const [x, y, visible] = facts.cursor;
  const own = facts.state === undefined ? null : labelOf(facts.state, facts.action);
  return {
    file: facts.file,
    agent: facts.agent,
    agentVersion: facts.agentVersion ?? null,
    label: label ?? own,
    screen: {
      lines: text.replace(/\n$/, "").split("\n"),
      cols: facts.cols,
      rows: facts.rows,
      cursor: { x, y, visible: visible === 1 },
      title: facts.paneTitle,
      currentCommand: facts.paneCurrentCommand,
      alternateOn: facts.alternateOn,
      inMode: false,
      paneDead: facts.paneDead,
      paneDeadStatus: facts.paneDeadStatus,
      silentSeconds: facts.secondsSinceWindowActivity,
    },
  };
}

function factsOf({
  file,
  agent,
  agentVersion,
  screen,
  label,
}: RecordedScreen): z.infer<typeof Facts> {
  const { x, y, visible } = screen.cursor;
  return {
    file,
    agent,
    agentVersion,
    cols: screen.cols,
    rows: screen.rows,
    paneCurrentCommand: screen.currentCommand,
    paneTitle: screen.title,
    alternateOn: screen.alternateOn,
    paneDead: screen.paneDead,
    paneDeadStatus: screen.paneDeadStatus,
    cursor: [x, y, visible ? 1 : 0],
    secondsSinceWindowActivity: screen.silentSeconds,
    ...(label ? { state: label.state, ...(label.action ? { action: label.action } : {}) } : {}),
  };
}

const labelOf = (state: VerdictKind, action: Response | undefined): ScreenLabel =>
  action === undefined ? { state } : { state, action };

/** The lines of a JSONL file; `optional`: none when it is missing. */
async function rows<T>(
  path: string,
  schema: z.ZodType<T>,
  optional: boolean,
): Promise<readonly T[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (optional && error.code === "ENOENT") return "";
    throw unreadable(
      path,
      error.message,
      "Name a folder with recorded screens and its screens.jsonl.",
    );
  });
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const parsed = schema.safeParse(parseJson(line));
    if (parsed.success) return [parsed.data];
    throw unreadable(
      `${path}:${index + 1}`,
      z.prettifyError(parsed.error),
      "Mend or remove that line.",
    );
  });
}

async function textOf(root: string, file: string): Promise<string> {
  const path = join(root, file);
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw unreadable(
      path,
      error.message,
      "Put the screen there, or remove its line from screens.jsonl.",
    );
  });
}

function dashed(word: unknown): unknown {
  return typeof word === "string" ? word.replaceAll("_", "-") : word;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const unreadable = (place: string, message: string, hint: string): CoppiceError =>
  new CoppiceError({
    code: "screens-unreadable",
    kind: "input",
    message: `${place}: ${message}`,
    hint,
  });
