import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { CARD, layoutOf } from "../../../src/graph/layout.ts";
import { renderGraph } from "../../../src/graph/render.ts";
import { taskGraph } from "../../../src/graph/task-graph.ts";
import { Manifest } from "../../../src/manifest/manifest.ts";

const twoPhases = Manifest.parse(
  JSON.parse(
    readFileSync(
      resolve(import.meta.dirname, "../../../fixtures/manifests/valid/two-phases.json"),
      "utf8",
    ),
  ),
);

const HOSTILE = '"];\n end <script>alert(1)</script> & `#` \\" --> x \u202e %% ';
const hostile = Manifest.parse({
  project: HOSTILE,
  phases: [
    {
      name: HOSTILE,
      tasks: [
        { id: "end", title: HOSTILE, files: ['a"b&c<d'] },
        { id: "graph", title: HOSTILE, files: ['a"b&c<d'], status: "running" },
      ],
    },
  ],
});

describe("text", () => {
  test("shows phases, waves, status and the reason of every edge", () => {
    expect(renderGraph(twoPhases, "text")).toBe(
      [
        "sandbox-hardening: 8 tasks in 2 phases",
        "longest chain: t1 → t2 → t6",
        "",
        "Phase 1: Critical",
        "  wave 1",
        "    t1 #1  pending",
        "    t3 #3  pending",
        "  wave 2",
        "    t2 #2  pending",
        "        waits for t1: dependsOn",
        "",
        "Phase 2: High",
        "  wave 1",
        "    t4 #4  pending",
        "    t6 #6  pending",
        "        waits for t2: dependsOn",
        "  wave 2",
        "    t5 #5  pending",
        "        waits for t4: dependsOn",
        "    t7 #7  pending",
        "        waits for t4: both touch container_executor.js",
        "  wave 3",
        "    t8 #8  pending",
        "        waits for t7: dependsOn",
        "",
      ].join("\n"),
    );
  });
});

describe("Mermaid", () => {
  test("draws dependencies solid and overlaps dotted with their reason", () => {
    const lines = renderGraph(twoPhases, "mermaid").split("\n");
    expect(lines[0]).toBe("flowchart LR");
    expect(lines).toContain("  n3 --> n4");
    expect(lines).toContain('  n3 -.->|"both touch container_executor.js"| n6');
    expect(lines).toContain('    n0["t1 #35;1<br/>pending"]:::pending');
  });

  test("takes no word of a title as its own", () => {
    const text = renderGraph(hostile, "mermaid").replace(/"[^"\n]*"/g, "LABEL");
    expect(text.split("\n").slice(0, 6)).toEqual([
      "flowchart LR",
      "  subgraph p0[LABEL]",
      "    n0[LABEL]:::pending",
      "    n1[LABEL]:::running",
      "  end",
      "  n1 -.->|LABEL| n0",
    ]);
    expect(renderGraph(hostile, "mermaid")).not.toMatch(/<script|`|\\/);
  });
});

describe("DOT", () => {
  test("draws dependencies solid and overlaps dashed with their reason", () => {
    const text = renderGraph(twoPhases, "dot");
    expect(text).toContain('"t4" -> "t5" [tooltip="t5 depends on t4"];');
    expect(text).toContain(
      '"t4" -> "t7" [style=dashed, label="both touch container_executor.js"];',
    );
  });

  test("keeps every title inside its quotes", () => {
    const outside = renderGraph(hostile, "dot").replace(/"(?:[^"\\]|\\.)*"/g, "TEXT");
    expect(outside).not.toMatch(/script|"/);
    expect(outside).toContain("TEXT -> TEXT [style=dashed, label=TEXT];");
  });
});

/** Throws unless every tag is closed and every text is escaped. */
function checkXml(text: string): void {
  const open: string[] = [];
  const rest = text.replace(
    /<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<>]*")*)(\/?)>/g,
    (_, closing: string, name: string, __, single: string) => {
      if (closing === "/") expect(open.pop()).toBe(name);
      else if (single === "") open.push(name);
      return "";
    },
  );
  expect(open).toEqual([]);
  expect(rest.replace(/&#\d+;/g, "")).not.toMatch(/[<>&"]/);
}

describe("SVG", () => {
  test("is well formed, whatever the titles are, and refers to nothing outside", () => {
    const text = renderGraph(hostile, "svg");
    checkXml(text);
    expect(text).not.toMatch(/<script|href|<style|onload/);
    checkXml(renderGraph(twoPhases, "svg"));
  });

  test.prop([fc.string({ unit: "binary" })])("is well formed for any title", (title) => {
    checkXml(
      renderGraph(
        Manifest.parse({ project: "p", phases: [{ name: "One", tasks: [{ id: "a", title }] }] }),
        "svg",
      ),
    );
  });

  test.prop([fc.array(fc.array(fc.nat(30), { maxLength: 3 }), { minLength: 1, maxLength: 30 })])(
    "never lays one card over another, and leads edges from left to right",
    (parents) => {
      const manifest = Manifest.parse({
        project: "p",
        phases: [0, 1].map((phase) => ({
          name: `Phase ${phase}`,
          tasks: parents.flatMap((before, index) =>
            index % 3 === 0 || phase === 1
              ? [
                  {
                    id: `t${phase}-${index}`,
                    dependsOn: before
                      .filter((other) => other < index && other % 3 === 0)
                      .map((other) => `t0-${other}`),
                  },
                ]
              : [],
          ),
        })),
      });
      const { cards, lines, width, height } = layoutOf(manifest, taskGraph(manifest));
      for (const [index, a] of cards.entries()) {
        expect(a.x + CARD.width).toBeLessThan(width);
        expect(a.y + CARD.height).toBeLessThan(height);
        for (const b of cards.slice(index + 1)) {
          const apart = Math.abs(a.x - b.x) >= CARD.width || Math.abs(a.y - b.y) >= CARD.height;
          expect(apart).toBe(true);
        }
      }
      for (const { points } of lines) {
        const xs = points.map((point) => point.x);
        expect(xs).toEqual(xs.toSorted((a, b) => a - b));
      }
    },
  );
});
