import { defineConfig, type Project } from "@playwright/test";

const minute = 60_000;

// Long tests and measurements, in folders of their own.
const folder = (name: string, timeout: number): Project => ({ name, testDir: name, timeout });
// Not specs, but the same runner starts and ends the same parts.
const script = (name: string, timeout: number): Project => ({
  name,
  testDir: ".",
  testMatch: `${name}.ts`,
  outputDir: `test-results/${name}`,
  expect: { timeout: 5_000 },
  timeout,
});

// Each script names its project, because without a name all of them run: `make test` runs `e2e`, and the others are `make bench`,
// `make soak`, `make demo` and `make test-platforms` (real platforms, with real keys from the environment).
export default defineConfig({
  outputDir: "test-results",
  // One at a time: each spec starts a whole studio and measures frame rates.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  // Images are compared in a colour space close to how people see (YIQ); a fifth of a per cent allows for the edges of glyphs.
  expect: { timeout: 15_000, toHaveScreenshot: { threshold: 0.2, maxDiffPixelRatio: 0.002, animations: "disabled" } },
  snapshotPathTemplate: "golden/{arg}{ext}",
  updateSnapshots: "none",
  reporter: [["list"]],
  projects: [
    { name: "e2e", testDir: "specs", timeout: 3 * minute },
    folder("bench", 60 * minute),
    folder("soak", 10 * minute),
    script("demo", 3 * minute),
    script("platforms", 4 * minute),
  ],
});
