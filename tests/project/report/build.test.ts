import { inflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { hierarchyOf } from "../../../src/cluster/tree/hierarchy.ts";
import type { MergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import { argmaxLabels, quantiseConfidence } from "../../../src/project/report/argmax.ts";
import { buildReport, type ReportInput } from "../../../src/project/report/build.ts";
import { renderReport } from "../../../src/project/report/render.ts";
import { decodeSeries, followMerges } from "../../../src/project/report/series.ts";
import { writeSheets } from "../../../src/project/report/sheets.ts";
import { openingK } from "../../../src/project/report/stops.ts";
import { syntheticImages, syntheticPoints } from "./synthetic.ts";

const inflate = (packed: string): Uint8Array => new Uint8Array(inflateSync(Buffer.from(packed, "base64")));

const input = (world: Pick<ReportInput, "tree" | "samples">): ReportInput => ({
  title: "Test",
  summary: "A test.",
  command: "klish cluster",
  facts: [{ label: "Seeds", value: "0-3" }],
  ...world,
});

/** The definition: highest score of all K classifiers, the first index winning a tie, as an id. */
function slowArgmax(tree: MergeTree, scores: Float32Array, pixels: number, k: number): number[] {
  const step = tree.steps[tree.initialClusters - k];
  const ids = hierarchyOf(tree.initialClusters, tree.steps).aliveAt(k);
  return Array.from({ length: pixels }, (_, n) => {
    let best = 0;
    step.members.forEach((row, i) => {
      if (scores[row * pixels + n] > scores[step.members[best] * pixels + n]) best = i;
    });
    return ids[best];
  });
}

describe("argmaxLabels()", () => {
  it("equals the argmax of all scores at every K, ties included", () => {
    for (const seed of [1, 2, 3]) {
      const { tree, samples } = syntheticImages({ count: 2, resolution: 12, k0: 14, seed });
      // Scores rounded to halves tie all the time.
      const scores = samples.scores.map((s) => Math.round(s * 2) / 2);
      const pixels = 2 * 12 * 12;
      let k = tree.initialClusters;
      for (const labels of argmaxLabels(hierarchyOf(k, tree.steps), tree.steps, scores, pixels))
        expect([...labels]).toEqual(slowArgmax(tree, scores, pixels, k--));
      expect(k).toBe(1);
    }
  });
});

describe("quantiseConfidence()", () => {
  it("is Eq. 5 in steps of 1/255: clamped at -1 and 1", () => {
    expect([...quantiseConfidence(Float32Array.of(-3, -1, 0, 0.5, 1, 9))]).toEqual([0, 0, 128, 191, 255, 255]);
  });
});

describe("buildReport()", () => {
  it("stores labels that decode to the SVM labels at every K", async () => {
    const { tree, samples } = syntheticImages();
    const data = await buildReport(input({ tree, samples }));
    const pixels = samples.count * samples.resolution ** 2;
    const { merges } = hierarchyOf(tree.initialClusters, data.steps);
    const series = decodeSeries(inflate(data.argmax), pixels, data.steps.length, followMerges(merges));
    for (const [i, { k }] of data.steps.entries())
      expect([...series.at(i)]).toEqual(slowArgmax(tree, samples.scores, pixels, k));
    expect([...decodeSeries(inflate(data.initialLabels), pixels, 1).at(0)]).toEqual([...samples.initialLabels]);
  });

  it("keeps the confidence maps of the classifiers that merge, and no others", async () => {
    const { tree, samples } = syntheticImages();
    const { confidence, steps } = await buildReport(input({ tree, samples }));
    const used = new Set(steps.slice(0, -1).flatMap((step) => [step.rows[step.kept], step.rows[step.removed]]));
    expect(confidence.samples).toBe(samples.count);
    confidence.rows.forEach((packed, row) => {
      expect(packed !== null).toBe(used.has(row));
      const pixels = samples.count * samples.resolution ** 2;
      if (packed !== null)
        expect([...inflate(packed)]).toEqual([
          ...quantiseConfidence(samples.scores.subarray(row * pixels, (row + 1) * pixels)),
        ]);
    });
  });

  it("keeps confidence maps of fewer samples when they would not fit, and says so", async () => {
    const { tree, samples } = syntheticImages();
    const data = await buildReport({ ...input({ tree, samples }), confidenceBytes: 1500 });
    expect(data.confidence.samples).toBeLessThan(samples.count);
    expect(data.confidence.samples).toBeGreaterThan(0);
    expect(data.fidelity.join()).toContain(`the first ${data.confidence.samples} of 4 images`);
  });

  it("gives shares that sum to 1 and no partner to the last step", async () => {
    const { steps } = await buildReport(input(syntheticImages()));
    for (const { share } of steps) expect(share.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
    expect(steps.at(-1)).toMatchObject({ k: 2, kept: -1, removed: -1 });
  });

  it("stores points within 1/65535 of their range", async () => {
    const { tree, samples } = syntheticPoints();
    const { canvas } = await buildReport(input({ tree, samples }));
    if (canvas.kind !== "points") throw new Error("expected points");
    const bytes = inflate(canvas.positions);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const [low, high] = canvas.xRange;
    for (const n of [0, 1, 299]) {
      const x = low + (view.getUint16(4 * n, true) / 65535) * (high - low);
      expect(Math.abs(x - samples.positions[2 * n])).toBeLessThan((high - low) / 65535);
    }
  });

  it("opens at the suggested K or where it is told to, and refuses a K that the tree does not have", async () => {
    const world = input(syntheticImages());
    const { stops, openAt } = await buildReport(world);
    expect(openAt).toBe(openingK(stops, 2, 12));
    expect((await buildReport({ ...world, openAt: 7 })).openAt).toBe(7);
    await expect(buildReport({ ...world, openAt: 13 })).rejects.toThrow("openAt should be a K in [2, 12], got 13");
  });

  it("refuses samples that do not fit the tree", async () => {
    const { tree, samples } = syntheticImages();
    const with_ = (change: object) => buildReport(input({ tree, samples: { ...samples, ...change } }));
    await expect(with_({ initialLabels: new Uint16Array(3) })).rejects.toThrow(
      "initialLabels should have 1024 elements, got 3",
    );
    await expect(with_({ initialLabels: new Uint16Array(1024).fill(12) })).rejects.toThrow(
      "should lie in [0, 12), got 12",
    );
    await expect(with_({ scores: new Float32Array(9) })).rejects.toThrow("classifiers should have");
    await expect(with_({ captions: ["one"] })).rejects.toThrow("captions should have 4 elements, got 1");
  });
});

describe("renderReport()", () => {
  const template = '<title>__KLISH_REPORT_TITLE__</title><script>"__KLISH_REPORT_DATA__"</script>';

  it("lets no text from outside end the script, open a comment or become markup", async () => {
    const evil = `</script><!--<script>alert("&'")$&$1\u2028`;
    const data = { ...(await buildReport(input(syntheticImages()))), title: evil, command: evil };
    const html = renderReport(data, template);
    const inside = html.slice(html.indexOf("<script>") + 8, html.lastIndexOf("</script>"));
    expect(inside).not.toContain("<");
    expect(JSON.parse(inside)).toEqual(data);
    expect(html.slice(7, html.indexOf("</title>"))).toBe(
      "&#60;/script&#62;&#60;!--&#60;script&#62;alert(&#34;&#38;&#39;&#34;)$&#38;$1\u2028",
    );
  });

  it("refuses a template without its slots", async () => {
    const data = await buildReport(input(syntheticPoints()));
    expect(() => renderReport(data, "<title></title>")).toThrow("should hold");
  });
});

describe("writeSheets()", () => {
  it("draws a sheet of parts and one of clusters, with the sizes that the rows and columns ask for", async () => {
    const { tree, samples } = syntheticImages();
    const sheets = await writeSheets(tree, samples, { ks: [3, 8], k: 5 });
    const size = async (name: string) => {
      const { width, height, format } = await sharp(sheets.get(name)).metadata();
      return { width, height, format };
    };
    // Tiles of 128 with gaps of 6: three columns of four rows, and four columns of five rows beside captions of 110.
    expect(await size("parts.png")).toEqual({ width: 6 + 3 * 134, height: 26 + 4 * 134 + 6, format: "png" });
    expect(await size("clusters.png")).toEqual({ width: 110 + 6 + 4 * 134, height: 26 + 5 * 134 + 6, format: "png" });
  });

  it("draws a rival's parts in our colours: our own labels under other names give the same pictures", async () => {
    const { tree, samples } = syntheticImages();
    const hierarchy = hierarchyOf(tree.initialClusters, tree.steps);
    const labelsAt = async (k: number) => {
      let at = tree.initialClusters;
      for (const ids of argmaxLabels(hierarchy, tree.steps, samples.scores, 4 * 256))
        if (at-- === k) return ids.map((id) => 99 - id);
      throw new Error("no such K");
    };
    const sheets = await writeSheets(tree, samples, { ks: [3, 8], k: 5, rival: { name: "other", labelsAt } });
    expect([...sheets.keys()]).toEqual(["parts.png", "other.png", "clusters.png"]);
    const below = (name: string) =>
      sharp(sheets.get(name)).extract({ left: 0, top: 26, width: 408, height: 542 }).raw().toBuffer();
    expect((await below("other.png")).equals(await below("parts.png"))).toBe(true);
  });

  it("refuses a K that the tree does not have", async () => {
    const { tree, samples } = syntheticImages();
    await expect(writeSheets(tree, samples, { k: 13 })).rejects.toThrow("expected K in [2, 12], got 13");
  });
});
