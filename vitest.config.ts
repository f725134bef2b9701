import { resolve } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";

/** The package's entries by the names that users import, from source. */
const source = (name: string): string => resolve(import.meta.dirname, `src/${name}.ts`);
const alias = [
  { find: /^klish$/, replacement: source("node") },
  { find: /^klish\/node$/, replacement: source("nodeParts") },
  { find: /^klish\/(\w+)$/, replacement: source("$1") },
];

/** What a tier has of its own. */
interface Own {
  readonly exclude?: string[];
  readonly isolate?: boolean;
  readonly globalSetup?: string[];
}

/** Three tiers by file name: quick (hermetic, seconds), slow (minutes), browser (Chromium, software GPU). */
const tier = (name: string, include: string[], testTimeout: number, { exclude = [], ...own }: Own = {}) => ({
  resolve: { alias },
  test: {
    ...{ name, include, exclude: [...configDefaults.exclude, ...exclude], ...own },
    ...{ testTimeout, hookTimeout: testTimeout },
    // A second, Vitest's own patience, is not enough on a busy machine.
    expect: { poll: { timeout: testTimeout / 3 } },
  },
});

export default defineConfig({
  test: {
    globalSetup: "tests/build.ts",
    projects: [
      tier("quick", ["tests/**/*.test.ts"], 30_000, {
        exclude: ["tests/**/*.slow.test.ts", "tests/**/*.browser.test.ts"],
        // Two hundred small files: to load the modules that they import anew for each took a third of the tier's time.
        isolate: false,
      }),
      tier("slow", ["tests/**/*.slow.test.ts"], 900_000),
      tier("browser", ["tests/**/*.browser.test.ts"], 300_000, { globalSetup: ["tests/buildPages.ts"] }),
    ],
  },
});
