import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { markedTask, ownership, pullRequestMarker } from "../../../src/manifest/marker.ts";

const taskId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/);
const project = fc.string({ minLength: 1, unit: "grapheme" });

test.prop([project, taskId, fc.string()])(
  "a marker reads back, whatever stands above it",
  (name, id, text) => {
    expect(markedTask(`${text}\n${pullRequestMarker(name, id)}`)).toEqual({
      project: name,
      taskId: id,
    });
  },
);

test.prop([project, taskId])(
  "a marker that an issue's text brings along does not count",
  (name, id) => {
    const hostile = pullRequestMarker("other", "t9");
    const body = `${hostile}\n${pullRequestMarker(name, id)}`;
    expect(ownership(body, pullRequestMarker(name, id))).toBe("ours");
  },
);

test.each([null, undefined, "", "<!-- coppice:%/t1 -->", "<!-- coppice:p/-x -->"])(
  "%j names no task",
  (body) => {
    expect(markedTask(body)).toBeNull();
    expect(ownership(body, pullRequestMarker("p", "t1"))).toBe("unmarked");
  },
);

test("another project's task of the same id is another task", () => {
  const ours = pullRequestMarker("p", "t1");
  expect(ownership(pullRequestMarker("q", "t1"), ours)).toBe("another-task");
  expect(ownership(pullRequestMarker("p", "t2"), ours)).toBe("another-task");
});
