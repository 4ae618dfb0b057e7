import { defineConfig } from "@playwright/test";

// `make demo` is not a test, but it uses the same runner to start and stop the same parts.
export default defineConfig({
  testDir: ".",
  testMatch: "demo.ts",
  outputDir: "test-results/demo",
  workers: 1,
  retries: 0,
  timeout: 180_000,
  reporter: [["line"]],
});
