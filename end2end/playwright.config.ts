import { defineConfig } from "@playwright/test";

// One at a time: each spec starts a whole studio and measures frame rates.
export default defineConfig({
  testDir: "specs",
  outputDir: "test-results",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 180_000,
  // Images are compared in a colour space close to how people see (YIQ); a fifth of a per cent allows for the edges of glyphs.
  expect: { timeout: 15_000, toHaveScreenshot: { threshold: 0.2, maxDiffPixelRatio: 0.002, animations: "disabled" } },
  snapshotPathTemplate: "golden/{arg}{ext}",
  updateSnapshots: "none",
  reporter: [["list"]],
});
