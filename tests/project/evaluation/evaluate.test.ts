import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { methodNames } from "../../../src/cluster/methods.ts";
import { encodePng } from "../../../src/dataset/png.ts";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import { evaluateJob } from "../../../src/project/evaluation/evaluateJob.ts";
import type { EvaluateRequest } from "../../../src/project/evaluation/options.ts";
import type { EvaluationFile, EvaluationRow } from "../../../src/project/evaluation/rows.ts";
import { bestOf, cells, nearlyTie } from "../../../src/project/evaluation/statistics.ts";
import { evaluationMarkdown } from "../../../src/project/evaluation/tables.ts";
import { arrayTruth, loadTruth } from "../../../src/project/evaluation/truth.ts";
import type { Progress } from "../../../src/tensor/progress.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { blobs } from "../../pixels/points.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-evaluate-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** NumPy's format 1.0. */
function npy(descr: string, shape: readonly number[], data: ArrayBufferView): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  const header = strToU8(`${text.padEnd(117)}\n`);
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  bytes.set(header, 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}

const request = (changes: Partial<EvaluateRequest> = {}): EvaluateRequest => ({
  features: join(folder, "set.npz"),
  truth: null,
  segmenter: null,
  outdir: join(folder, "out"),
  methods: ["klish", "klish-paper", "kmeans"],
  ks: null,
  seeds: [0, 1],
  initialClusters: 10,
  background: null,
  pixelStride: null,
  provider: "cpu",
  threads: 1,
  command: "npx klish evaluate clusters",
  ...changes,
});

async function writePoints(): Promise<void> {
  const { features, truth } = blobs(300, 3, 3, 5);
  const data = await features.rows(Int32Array.from({ length: 300 }, (_, n) => n));
  const arrays = { "points.npy": npy("<f4", [300, 3], data), "truth.npy": npy("<u2", [300], truth) };
  await writeFile(join(folder, "set.npz"), zipSync(arrays, { level: 0 }));
}

describe("evaluateJob()", () => {
  it("measures every method at every K and seed, into Markdown, CSV and a plot", async () => {
    await writePoints();
    const result = await evaluateJob(request({ methods: methodNames, seeds: [0, 1], ks: [3, 4] }), {});
    expect(result.rows).toBe(methodNames.length * 2 * 2);
    const csv = (await readFile(result.csv, "utf8")).trim().split("\n");
    expect(csv).toHaveLength(1 + result.rows);
    expect(csv[0]).toMatch(/^method,k,seed,seconds,.*adjustedMutualInfo,.*assignedMeanIouPooledForeground$/);
    const file = JSON.parse(await readFile(result.json, "utf8")) as EvaluationFile;
    // Well separated clouds: whatever the method, the true K finds them.
    for (const row of file.rows.filter(({ k, method }) => k === 3 && method !== "kasp")) {
      expect(row.scores.adjustedMutualInfo, row.method).toBeGreaterThan(0.99);
      expect(row.scores.assignedMeanIou, row.method).toBeGreaterThan(0.99);
    }
    // Relative to K-means of that K and seed; at the true K nothing explains much more or less.
    for (const { k, method, r2rel } of file.rows) {
      if (method === "kmeans") expect(r2rel).toBe(1);
      else if (k === 3 && method !== "kasp") expect(r2rel).toBeCloseTo(1, 1);
    }
    expect(await readFile(result.markdown, "utf8")).toBe(result.text);
    expect(result.text).toContain("| KLiSH, pair criterion |");
    expect(result.text).toContain("Where KLiSH stands");
    const plot = await readFile(result.plot, "utf8");
    expect(plot).toMatch(/^<svg xmlns.*<\/svg>\n$/s);
    expect(plot.match(/<polyline/g)).toHaveLength(methodNames.length * 4);
    expect(plot).not.toContain("NaN");
  });

  it("keeps what was measured, and measures only what is missing", async () => {
    await writePoints();
    await evaluateJob(request({ methods: ["kmeans"], ks: [3] }), {});
    const before = JSON.parse(await readFile(join(folder, "out", "evaluation.json"), "utf8")) as EvaluationFile;
    const reports: Progress[] = [];
    await evaluateJob(request({ methods: ["kmeans"], ks: [3] }), { onProgress: (p) => reports.push(p) });
    expect(reports.filter((p) => p.phase === "cluster and compare")).toEqual([]);
    const { rows } = await evaluateJob(request({ methods: ["kmeans", "klish"], ks: [3, 5] }), {});
    expect(rows).toBe(8);
    const after = JSON.parse(await readFile(join(folder, "out", "evaluation.json"), "utf8")) as EvaluationFile;
    expect(after.rows.slice(0, 2)).toEqual(before.rows);
  });

  it("continues after it was stopped", async () => {
    await writePoints();
    const controller = new AbortController();
    const stop = new Error("stop");
    const stopped = evaluateJob(request({ methods: ["kmeans"], ks: [3, 4] }), {
      signal: controller.signal,
      onProgress: ({ done, phase }) => phase === "cluster and compare" && done === 3 && controller.abort(stop),
    });
    await expect(stopped).rejects.toBe(stop);
    expect((await evaluateJob(request({ methods: ["kmeans"], ks: [3, 4] }), {})).rows).toBe(4);
  });

  it("refuses rows of another truth, and inputs that do not fit", async () => {
    await writePoints();
    await evaluateJob(request({ methods: ["kmeans"], ks: [3] }), {});
    await expect(evaluateJob(request({ initialClusters: 12 }), {})).rejects.toThrow(
      /another initialClusters \(10, now 12\)/,
    );
    await writeFile(
      join(folder, "other.npy"),
      npy(
        "|u1",
        [300],
        new Uint8Array(300).map((_, n) => n % 2),
      ),
    );
    await expect(evaluateJob(request({ truth: join(folder, "other.npy") }), {})).rejects.toThrow(/another truth/);
    await expect(evaluateJob(request({ background: 7, outdir: join(folder, "b") }), {})).rejects.toThrow(
      /no pixel has the background class 7/,
    );
    await expect(evaluateJob(request({ pixelStride: 2 }), {})).rejects.toThrow(/plain points/);
    await expect(evaluateJob(request({ truth: join(folder, "none") }), {})).rejects.toThrow(
      /no such file or folder of true classes/,
    );
  });

  it("samples a project's generator again, and reads label maps of its seeds", async () => {
    const network = join(folder, "tiny.onnx");
    await writeFile(network, tinyGenerator());
    const project = join(folder, "project");
    await clusterJob(
      {
        network,
        outdir: project,
        latent: "normal",
        seeds: [3, 5],
        class: null,
        truncationPsi: null,
        truncationCutoff: null,
        noiseMode: "const",
        layers: "auto",
        resolution: null,
        pixelStride: null,
        pixels: null,
        memory: null,
        keepFeatures: false,
        initialClusters: 6,
        seed: 0,
        criterion: "paper",
        balance: 0,
        filter: false,
        tolerance: 1e-3,
        minClusters: 2,
        minIou: null,
        provider: "cpu",
        threads: 1,
        command: "npx klish cluster",
      },
      {},
    );
    const truth = join(folder, "truth");
    await clusterTruth(truth);
    const asked = request({ project, features: null, truth, methods: ["kmeans"], ks: [2], seeds: [0], background: 0 });
    const { json } = await evaluateJob(asked, {});
    const { pixels, images, classes, rows } = JSON.parse(await readFile(json, "utf8")) as EvaluationFile;
    // Label maps of 16x16 for pixels of 8x8; the corner of class 255 takes no part.
    expect({ pixels, images, classes }).toEqual({ pixels: 128, images: 2, classes: 2 });
    expect(rows[0].scores.assignedMeanIouForeground).not.toBeNull();
    await rm(join(truth, "seed0005.png"));
    await expect(evaluateJob({ ...asked, outdir: join(folder, "again") }, {})).rejects.toThrow(
      /no label map of seed 5 \(seed0005.png\); it has 1 of 2/,
    );
  });
});

async function clusterTruth(path: string): Promise<void> {
  const { mkdir } = await import("node:fs/promises");
  await mkdir(path);
  const data = new Uint8Array(256).map((_, n) => (n === 0 ? 255 : n % 16 < 8 ? 0 : 1));
  for (const name of ["seed0003.png", "seed0005.png"])
    await writeFile(join(path, name), encodePng({ width: 16, height: 16, data }));
}

describe("truth", () => {
  it("takes the nearest label of a larger map, corners aligned", () => {
    const maps = tensor(
      [1, 4, 4],
      Float32Array.from({ length: 16 }, (_, n) => n),
    );
    const labels = arrayTruth("x", maps, { seeds: [0], resolution: 2, pixels: 4 });
    expect([...labels]).toEqual([0, 3, 12, 15]);
  });

  it("refuses labels that are no classes, and shapes that do not fit", async () => {
    const shape = { seeds: [0], resolution: 2, pixels: 4 };
    expect(() => arrayTruth("x", tensor([4], Float32Array.of(0, 1, 0.5, 1)), shape)).toThrow(/0.5 is not a class/);
    expect(() => arrayTruth("x", tensor([5]), shape)).toThrow(/shape \[5\]; expected 4 labels, or square/);
    await writeFile(join(folder, "truth.txt"), "0");
    await expect(loadTruth(join(folder, "truth.txt"), shape)).rejects.toThrow(/not known/);
  });
});

describe("statistics of an evaluation", () => {
  const row = (method: EvaluationRow["method"], seed: number, value: number): EvaluationRow => ({
    method,
    k: 3,
    seed,
    seconds: 1,
    balance: null,
    largestShare: 0.5,
    effectiveClusters: 2,
    explainedVariance: 0.5,
    r2rel: 0.9,
    scores: { adjustedMutualInfo: value } as EvaluationRow["scores"],
  });
  const ami = ({ scores }: EvaluationRow): number | null => scores.adjustedMutualInfo;

  it("gives mean, unbiased deviation and worst seed, worked by hand", () => {
    const [cell] = cells([row("kmeans", 0, 0.1), row("kmeans", 1, 0.3)], ami);
    expect(cell.mean).toBeCloseTo(0.2, 12);
    expect(cell.deviation).toBeCloseTo(Math.sqrt(0.02), 12);
    expect([cell.least, cell.most]).toEqual([0.1, 0.3]);
  });

  it("calls a tie what the seeds cannot tell apart, and not a steady difference", () => {
    const rows = (a: number[], b: number[]): ReturnType<typeof cells> =>
      cells([...a.map((x, seed) => row("klish", seed, x)), ...b.map((x, seed) => row("kmeans", seed, x))], ami);
    const verdict = (a: number[], b: number[]): boolean => {
      const [first, second] = rows(a, b);
      return nearlyTie(first, second);
    };
    // Differences .1, .1, .11: mean .103, half width 4.3 * .0058 / sqrt(3) = .014.
    expect(verdict([0.5, 0.6, 0.71], [0.4, 0.5, 0.6])).toBe(false);
    // Differences .3, -.1, .1: mean .1, half width .5.
    expect(verdict([0.7, 0.4, 0.7], [0.4, 0.5, 0.6])).toBe(true);
    expect(verdict([0.504, 0.604], [0.5, 0.6])).toBe(true);
    expect(verdict([0.6], [0.5])).toBe(false);
    expect(bestOf(rows([0.1, 0.2], [0.3, 0.1]))?.method).toBe("kmeans");
  });

  it("say plainly where KLiSH loses", () => {
    const rows = [0, 1, 2].flatMap((seed) => [row("klish", seed, 0.5), row("ahc-cosine", seed, 0.7)]);
    const text = evaluationMarkdown({
      klish: "evaluation",
      version: 1,
      name: "set",
      sha256: "",
      pixels: 1,
      channels: 1,
      images: 1,
      pixelStride: 1,
      classes: 3,
      background: null,
      initialClusters: 10,
      machine: "",
      command: "",
      rows,
    });
    expect(text).toContain("- KLiSH, pair criterion, AMI: K = 3 **loses** by .200 to AHC, average cosine.");
    expect(text).toContain("| AHC, average cosine | **.700** ± .000 (.700) |");
  });
});
