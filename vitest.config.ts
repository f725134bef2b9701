import { configDefaults, defineConfig } from "vitest/config";

/** Three tiers by file name: quick (hermetic, seconds), slow (minutes), browser (Chromium, software GPU). */
const tier = (name: string, include: string[], exclude: string[], testTimeout: number) => ({
  test: { name, include, exclude: [...configDefaults.exclude, ...exclude], testTimeout, hookTimeout: testTimeout },
});

export default defineConfig({
  test: {
    globalSetup: "tests/build.ts",
    projects: [
      tier("quick", ["tests/**/*.test.ts"], ["tests/**/*.slow.test.ts", "tests/**/*.browser.test.ts"], 30_000),
      tier("slow", ["tests/**/*.slow.test.ts"], [], 900_000),
      tier("browser", ["tests/**/*.browser.test.ts"], [], 300_000),
    ],
  },
});
