import { resolve } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Dialog } from "../../../src/agents/agent.ts";
import { approvalOf } from "../../../src/agents/approval.ts";
import { agentByName } from "../../../src/agents/catalog.ts";
import { answerFor } from "../../../src/agents/dialogs.ts";
import { Permissions } from "../../../src/manifest/permissions.ts";
import { recordedScreens } from "../../support/recorded-screens.ts";

const SCREENS = await recordedScreens(resolve(import.meta.dirname, "../../../fixtures/screens"));
const permissions = (more: Partial<Permissions>): Permissions => Permissions.parse(more);

/** The dialog of a recorded screen after its lines were changed. */
function dialogOn(
  prefix: string,
  change: (lines: readonly string[]) => readonly string[] = (lines) => lines,
): Dialog {
  const recorded = SCREENS.find(({ file }) => file.startsWith(prefix));
  const screen = recorded && { ...recorded.screen, lines: change(recorded.screen.lines) };
  const dialog = screen && agentByName(recorded.agent)?.read(screen).dialog;
  if (!dialog) throw new Error(`no dialog is seen on ${prefix}`);
  return dialog;
}

describe("the lists", () => {
  const git = permissions({
    allow: ["git commit *", "git add *", "npm test"],
    deny: ["push", "git * --amend*"],
  });

  test.each([
    ["git commit -m 'a'", "allowed"],
    ["git add -A && git commit -m x", "allowed"],
    ["npm test", "allowed"],
    ["git add", "allowed"],
    ["npm test -- x", "not-named"],
    ["git addx", "not-named"],
    ["git add -A && rm x", "not-named"],
    ['git commit -m "$(id)"', "not-named"],
    ["git commit -m `id`", "not-named"],
    ["git commit -m x > ~/.bashrc", "not-named"],
    ["git add . & sleep 1", "not-named"],
    ["git add .\nid", "not-named"],
    ["git add … id", "not-named"],
    ["git add . ; id", "not-named"],
    ["git add . | sh", "not-named"],
    ["git push", "denied"],
    ["git add . && GIT PUSH", "denied"],
    ["git commit --amend -m x", "denied"],
    ["", "not-named"],
  ] as const)("%j is %s", (command, expected) => {
    expect(approvalOf(command, git)).toBe(expected);
  });

  test.prop([
    fc.string(),
    fc.constantFrom(";", "&&", "||", "|", "&", "\n", "`", "$(", ">", "<", "\\"),
  ])(
    "a pattern never allows what stands behind a sign of the shell, unless it is allowed itself",
    (tail, sign) => {
      const line = `npm test ${sign} evil${tail}`;
      expect(approvalOf(line, permissions({ allow: ["npm test *", "npm test"] }))).not.toBe(
        "allowed",
      );
    },
  );

  test("nothing is allowed by default", () => {
    expect(approvalOf("ls", permissions({}))).toBe("not-named");
  });
});

describe("a question for approval", () => {
  const all = permissions({ allow: ["*"] });

  test.each([
    ["codex/051", ['git commit --allow-empty -m "demo commit"'], "Yes, proceed"],
    ["codex/146", ["git commit --allow-empty -m demo"], "Yes, proceed"],
    ["claude/039", ['git commit --allow-empty -m "demo commit"'], "Yes"],
  ])("of %s shows its command, which the list may approve, once", (file, command, label) => {
    const dialog = dialogOn(file);
    expect(dialog.command).toEqual(command);
    expect(answerFor(dialog, [], permissions({ allow: ["git commit *"] }))).toMatchObject({
      kind: "choose",
      label,
    });
    for (const none of [
      undefined,
      permissions({}),
      permissions({ allow: ["*"], deny: ["commit"] }),
    ]) {
      expect(answerFor(dialog, [], none).kind).toBe("ask-person");
    }
  });

  test.each(["codex/054", "claude/041", "claude/048", "gemini/025", "qwen/024", "codex/059"])(
    "of %s shows no command: it is a person's, whatever the list allows",
    (file) => {
      const dialog = SCREENS.some((one) => one.file.startsWith(file)) ? dialogOn(file) : undefined;
      expect(dialog?.command).toBeUndefined();
      if (dialog) expect(answerFor(dialog, [], all).kind).toBe("ask-person");
    },
  );

  const longer = (more: readonly string[]) => (lines: readonly string[]) =>
    lines.flatMap((line) => (/^\s+\$ git commit/.test(line) ? [line, ...more] : [line]));

  test("of several rows is a person's: a row may be broken or be a command of its own", () => {
    const dialog = dialogOn("codex/051", longer(["  evil --now"]));
    expect(dialog.command).toHaveLength(2);
    expect(answerFor(dialog, [], all).kind).toBe("ask-person");
  });

  test.each([
    ["a second dollar", ["", "  $ ls"]],
    ["a second question", ["", "  Would you like to run the following command?", "", "  $ ls"]],
    ["other words behind it", ["", "  evil --now"]],
  ])("with %s shows none that could be trusted", (_, more) => {
    expect(dialogOn("codex/051", longer(more)).command).toBeUndefined();
  });

  test("that the built-in deny list names is a person's, whatever the list allows", () => {
    for (const command of ["rm -rf /", "sudo ls", "git push --force", "npm publish"]) {
      const dialog = { ...dialogOn("codex/051"), command: [command], body: command };
      expect(answerFor(dialog, [], all).kind).toBe("ask-person");
    }
  });
});
