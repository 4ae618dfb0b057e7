import { defineConfig } from "@playwright/test";

// One show at a time: each spec starts a whole studio, and its frame rates are measured.
export default defineConfig({
  testDir: "specs",
  outputDir: "test-results",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
});
