import { defineConfig } from "@playwright/test";

// `make test-platforms`: real platforms, with real keys from the environment; never part of `make test`.
export default defineConfig({
  testDir: ".",
  testMatch: "platforms.ts",
  outputDir: "test-results/platforms",
  workers: 1,
  retries: 0,
  timeout: 240_000,
  reporter: [["list"]],
});
