import { expect } from "vitest";
import type { AgentName } from "./agent-stage.ts";
import { deedsOnWork, SHELL, type Stage, taskOf, worksOn } from "./agent-stage.ts";
import type { ModelStep } from "./model-server.ts";

/** How an agent comes to ask for leave to run a command. */
interface Asking {
  readonly agent: AgentName;
  readonly asks?: (command: string) => ModelStep;
  /** Of its commit. */
  readonly message?: string;
  /** Commands that the lists do not name, and that they deny although it runs the like unasked. */
  readonly notNamed?: string;
  readonly denied?: string;
}

/**
 * Three agents that ask: one for what the list allows, one also for something else, one for what a list allows and another
 * denies. Only the first is approved, once; a person is asked about the others.
 */
export async function expectListAloneApproved(
  { place, model, env }: Stage,
  {
    agent,
    asks = (command) => ({ kind: "call", ...SHELL[agent](command) }),
    message = "one",
    notNamed = "git add --all && whoami",
    denied = "git add yarn.lock",
  }: Asking,
): Promise<void> {
  const allow = ["git add *", "git commit *", "touch *"];
  await place.plan({ agent, permissions: { mode: "ask", allow, deny: ["*.lock"] } }, [
    taskOf(1, "Allowed"),
    taskOf(2, "Not named"),
    taskOf(3, "Denied"),
  ]);
  const said = { kind: "say", text: "Done." } as const;
  const commit = `touch 1.txt && git add --all && git commit -q -m '${message}'`;
  model.play({ matches: worksOn(1), steps: [asks(commit), said] });
  model.play({ matches: worksOn(2), steps: [asks(notNamed), said] });
  model.play({ matches: worksOn(3), steps: [asks(denied), said] });

  const ended = await place.start(["run", "--json", "--interval", "1"], env).ended;

  expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: "waiting-for-person" });
  expect(await place.delivered("fix/issue-1")).toEqual([message]);
  expect(await deedsOnWork(place, "t1")).toEqual([
    "start",
    expect.stringMatching(/^answer: (?:Yes(?:, proceed|, allow once)?|Allow once)$/),
    "deliver",
    "stop-session",
  ]);
  for (const id of ["t2", "t3"]) {
    expect(await deedsOnWork(place, id)).toEqual(["start"]);
    expect((await place.task(id)).error).toContain("waits for a person");
  }
  expect((await place.task("t3")).error).toContain("deny list");
  const approvals = (await place.events()).filter(
    (event) => event.kind === "answered" && event.dialogId === `${agent}/tool-approval`,
  );
  expect(approvals).toMatchObject([
    { taskId: "t1", before: expect.arrayContaining([expect.stringContaining("git add --all")]) },
  ]);
}
