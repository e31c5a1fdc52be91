import { expect, test } from "vitest";
import { COMMANDS, createProgram } from "../../../src/cli/program.ts";

const namesIn = async (name: string | undefined): Promise<readonly string[]> =>
  (await createProgram(name)).commands.map((command) => command.name());

const groups = COMMANDS.flatMap(({ names }) => names.map((name) => [name, names] as const));

test.each(groups)("%s is found when nothing but its own module is loaded", async (name, names) => {
  expect(await namesIn(name)).toEqual(names);
});

test.each([undefined, "help", "--help", "statsu"])("%s shows every command", async (name) => {
  expect(await namesIn(name)).toEqual(COMMANDS.flatMap(({ names }) => names));
});
