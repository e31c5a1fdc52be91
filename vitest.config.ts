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
    projects: [
      project("unit"),
      project("arch"),
      project("sim"),
      project("integration", { testTimeout: 20_000, pool: "forks" }),
      project("e2e", { testTimeout: 60_000, pool: "forks" }),
    ],
    coverage: {
      provider: "v8",
      include: ["src/**"],
    },
  },
});
