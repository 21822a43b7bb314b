import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { workerOptions } from "./test/support/worker-options.ts";

/** Against a gateway that runs as it is built. */
const onSockets = {
  globalSetup: ["test/support/build.ts"],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    // Most of what they do is wait: for a schedule, a crash, a platform that is silent.
    maxWorkers: 4,
    projects: [
      {
        plugins: [cloudflareTest({ main: "src/index.ts", miniflare: workerOptions({}) })],
        test: { name: "worker", include: ["src/**/*.test.ts"] },
      },
      {
        test: {
          ...onSockets,
          name: "conformance",
          include: ["test/**/*.test.ts"],
          exclude: ["test/timing/**"],
        },
      },
      {
        // When nothing else runs.
        test: {
          ...onSockets,
          name: "timing",
          include: ["test/timing/**/*.test.ts"],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
