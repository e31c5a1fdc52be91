import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const hermetic = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_ALLOW_PROTOCOL: "file",
  TZ: "UTC",
  NO_COLOR: "1",
};
const project = (name: string, more: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], env: hermetic, mockReset: true, ...more },
});

export default defineConfig({
  test: {
    // Most tests wait for processes: a worker for each core keeps the machine busy.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      // Pure rooms keep no state: their tests may share one loading of the modules.
      project("unit", { isolate: false, pool: "threads", testTimeout: 60_000 }),
      project("arch"),
      project("sim", { isolate: false, pool: "threads", testTimeout: 60_000 }),
      project("integration", { testTimeout: 60_000, hookTimeout: 60_000, pool: "forks" }),
      project("e2e", { testTimeout: 180_000, hookTimeout: 60_000, pool: "forks" }),
      // Agents that take seconds of processor time to start: a command of its own, one file after the other.
      project("long", {
        testTimeout: 600_000,
        hookTimeout: 60_000,
        pool: "forks",
        fileParallelism: false,
      }),
    ],
    coverage: {
      provider: "v8",
      include: ["src/**"],
    },
  },
});
