import { defineConfig } from "@playwright/test";

// `make demo`: not a test, but the same runner starts and ends the same parts.
export default defineConfig({
  testDir: ".",
  testMatch: "demo.ts",
  outputDir: "test-results/demo",
  workers: 1,
  retries: 0,
  timeout: 180_000,
  reporter: [["line"]],
});
