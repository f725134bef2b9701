import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

describe("the package", () => {
  beforeAll(() => {
    run("npm", "run", "build");
  });

  it("holds what users need and nothing else", () => {
    const [{ files, unpackedSize }] = JSON.parse(run("npm", "pack", "--dry-run", "--json", "--ignore-scripts")) as [
      { files: { path: string }[]; unpackedSize: number },
    ];
    const paths = files.map((f) => f.path);
    const odd = paths.filter(
      (path) =>
        !/^(package\.json|README\.md|LICENSE|dist\/report\/template\.html|dist\/web\/(studio|paint)\/(index\.html|sw\.js|assets\/[\w.-]+\.(js|css|wasm\.gz))|dist\/.*\.(js|d\.ts)|models\/portrait-\w+\.safetensors)$/.test(
          path,
        ),
    );
    expect(odd).toEqual([]);
    expect(paths).toEqual(
      expect.arrayContaining([
        "dist/node.js",
        "dist/node.d.ts",
        ...["cluster", "dataset", "gan", "graph", "nn", "train", "nodeParts"].flatMap((entry) => [
          `dist/${entry}.js`,
          `dist/${entry}.d.ts`,
        ]),
        "dist/cli/main.js",
        "dist/report/template.html",
        "dist/web/studio/index.html",
        "dist/web/paint/index.html",
        ...["generator", "segmenter", "painter"].map((name) => `models/portrait-${name}.safetensors`),
      ]),
    );
    expect(paths.filter((path) => path.includes(".types"))).toEqual([]);
    // Of this, onnxruntime-web for the painter's page is 10.5 MB, and the shipped models are 5.5 MB.
    expect(unpackedSize).toBeLessThan(23e6);
  });

  it("does nothing when it is imported: no output, no thread that keeps the process alive", () => {
    const code =
      'await import("./dist/node.js"); process.stdout.write(String(process.getActiveResourcesInfo().filter((r) => /Worker|MessagePort|Timeout|Process/.test(r))));';
    expect(run(process.execPath, "--input-type=module", "-e", code)).toBe("");
  });
});
