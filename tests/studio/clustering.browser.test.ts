/** A clustering on its way, in Chromium: its curves as the tree grows, and its parts at the end. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mergeTree } from "../../src/cluster/tree/mergeTree.ts";
import { loadTree, openProject, saveTree } from "../../src/project/cluster/project.ts";
import { jobs } from "../../src/project/jobs/jobs.ts";
import type { JobOptions } from "../../src/tensor/progress.ts";
import { built, hasChromium, launch } from "../site.ts";
import { tinyGenerator } from "../tinyGenerator.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";
import { openStudioPage } from "./studioPage.ts";

if (!hasChromium) console.warn("studio/clustering.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("a clustering in the studio", () => {
  let folder: string;
  let browser: Browser;
  let studio: OpenedStudio;
  const run = (outdir: string, options: JobOptions = {}): Promise<unknown> => {
    const where = { network: join(folder, "tiny.onnx"), outdir: join(folder, outdir) };
    return jobs.cluster({ ...where, images: 8, initialClusters: 9, provider: "cpu", threads: 1 }, options);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-studio-clustering-"));
    await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
    const stop = new AbortController();
    const onProgress = ({ phase }: { phase: string }): void => {
      if (phase === "merge clusters") stop.abort(new Error("stopped"));
    };
    await expect(run("run", { signal: stop.signal, onProgress })).rejects.toThrow("stopped");
    await run("whole");
    studio = await openStudio(folder, { page: built.studio });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("shows its figures over the merges, follows them, and then the parts", async () => {
    const { page, problems } = await openStudioPage(browser, studio);
    page.setDefaultTimeout(120_000);
    await page.evaluate("location.hash = '#screen=parts&at=run'");
    await page.getByText("The parts are not found yet.").waitFor();
    const clusters = page.locator(".curve").filter({ hasText: "clusters" }).first();
    await clusters.locator("canvas").waitFor();
    expect(await clusters.locator(".now").textContent()).toBe("9");
    expect(await page.locator(".curve").count()).toBe(6);
    // As the next checkpoint of the clustering leaves it.
    const tree = await loadTree(await openProject(join(folder, "whole")));
    if (tree === undefined) throw new Error("there is no tree");
    // Each merge adds a classifier.
    const [steps, rows] = [tree.steps.slice(0, 4), tree.initialClusters + 3];
    const [weight, bias] = [tree.weight.slice(0, rows * tree.channels), tree.bias.slice(0, rows)];
    await saveTree(await openProject(join(folder, "run")), mergeTree({ ...tree, weight, bias, steps }));
    await clusters.locator(".now").filter({ hasText: "6" }).waitFor();
    await run("run");
    await page.waitForSelector(".stack");
    expect(problems).toEqual([]);
    await page.close();
  });
});
