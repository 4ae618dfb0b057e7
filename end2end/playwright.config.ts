import { defineConfig } from "@playwright/test";

// One at a time: each spec starts a whole studio and measures frame rates.
export default defineConfig({
  testDir: "specs",
  outputDir: "test-results",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 180_000,
  // The library compares as eyes do (differences in YIQ); a fifth of a per cent covers the edge of a glyph.
  expect: { timeout: 15_000, toHaveScreenshot: { threshold: 0.2, maxDiffPixelRatio: 0.002, animations: "disabled" } },
  snapshotPathTemplate: "golden/{arg}{ext}",
  updateSnapshots: "none",
  reporter: [["list"]],
});
