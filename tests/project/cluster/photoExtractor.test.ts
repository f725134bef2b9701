import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePng } from "../../../src/dataset/png.ts";
import { encodeOnnx, ONNX_FLOAT, ONNX_INT64, type OnnxNode } from "../../../src/graph/onnxModel.ts";
import { adjustedRandIndex } from "../../../src/metrics/agreement.ts";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import { loadTree, openProject } from "../../../src/project/cluster/project.ts";
import { openPhotoExtractor, type PhotoExtractor } from "../../../src/project/network/photoExtractor.ts";
import { openSampler } from "../../../src/project/sampling/sampler.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";

const SIDE = 32;
const PATCH = 4;
const PHOTOS = 6;
const MAPS = SIDE / PATCH;

/** Mean colours of patches of 4 x 4, as maps; or as tokens [1,65,3] behind a class token of ones, as transformers give them. */
function meanColours(tokens: boolean): Uint8Array {
  const weight = Float32Array.from({ length: 3 * 3 * PATCH * PATCH }, (_, i) =>
    Math.floor(i / (3 * PATCH * PATCH)) === Math.floor(i / (PATCH * PATCH)) % 3 ? 1 / PATCH ** 2 : 0,
  );
  const bytes = (data: Float32Array | BigInt64Array): Uint8Array => new Uint8Array(data.buffer);
  const float = (name: string, dims: number[], data: Float32Array) => ({
    ...{ name, dims, dataType: ONNX_FLOAT, rawData: bytes(data) },
  });
  const conv: OnnxNode = {
    opType: "Conv",
    inputs: ["x", "w"],
    outputs: ["maps"],
    attributes: { strides: { ints: [PATCH, PATCH] } },
  };
  const batch = tokens ? 1 : "n";
  const further: OnnxNode[] = tokens
    ? [
        { opType: "Reshape", inputs: ["maps", "rows"], outputs: ["flat"], attributes: {} },
        { opType: "Transpose", inputs: ["flat"], outputs: ["patches"], attributes: { perm: { ints: [0, 2, 1] } } },
        { opType: "Concat", inputs: ["class", "patches"], outputs: ["tokens"], attributes: { axis: { int: 1 } } },
      ]
    : [];
  return encodeOnnx({
    nodes: [conv, ...further],
    initializers: [
      float("w", [3, 3, PATCH, PATCH], weight),
      ...(tokens
        ? [
            float("class", [1, 1, 3], new Float32Array(3).fill(1)),
            {
              name: "rows",
              dims: [3],
              dataType: ONNX_INT64,
              rawData: bytes(BigInt64Array.of(1n, 3n, BigInt(MAPS ** 2))),
            },
          ]
        : []),
    ],
    inputs: [{ name: "x", elementType: ONNX_FLOAT, shape: [batch, 3, SIDE, SIDE] }],
    outputs: [
      tokens
        ? { name: "tokens", elementType: ONNX_FLOAT, shape: [1, MAPS ** 2 + 1, 3] }
        : { name: "maps", elementType: ONNX_FLOAT, shape: [batch, 3, MAPS, MAPS] },
    ],
  });
}

let folder: string;
const file = (name: string): string => join(folder, name);
/** Bands of red, green and blue, the first of another width in each photo. */
const band = (photo: number, y: number): number => (y < 8 + photo * 2 ? 0 : y < 22 ? 1 : 2);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-extractor-"));
  await mkdir(file("photos"));
  for (let photo = 0; photo < PHOTOS; photo++) {
    const rgb = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
      const p = Math.floor(i / 3);
      return (band(photo, Math.floor(p / SIDE)) === i % 3 ? 200 : 30) + ((p * 7 + photo) % 11);
    });
    await sharp(rgb, { raw: { width: SIDE, height: SIDE, channels: 3 } }).toFile(file(`photos/p${photo}.png`));
  }
  await writeFile(file("maps.onnx"), meanColours(false));
  await writeFile(file("tokens.onnx"), meanColours(true));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const extractor = (model: string): PhotoExtractor => ({
  klish: "photo-extractor",
  version: 1,
  model: file(model),
  photos: file("photos"),
  size: null,
  range: [0, 1],
});

describe("openPhotoExtractor()", () => {
  it("gives a photo's maps as a generator's, from maps and from tokens alike", async () => {
    const runs = await Promise.all(
      ["maps.onnx", "tokens.onnx"].map((model) =>
        openPhotoExtractor(extractor(model), { runtime: ortNode, provider: "cpu", threads: 1 }),
      ),
    );
    expect(runs.map(({ photos }) => photos)).toEqual([PHOTOS, PHOTOS]);
    expect(runs[0].sha256).not.toBe(runs[1].sha256);
    const [maps, tokens] = await Promise.all(
      runs.map(({ generator }) => generator.generate({ seeds: [0, 4], layers: "all" })),
    );
    expect(maps.image.shape).toEqual([2, 3, SIDE, SIDE]);
    const [a, b] = [maps.features.get("maps")!, tokens.features.get("tokens")!];
    expect(a.shape).toEqual([2, 3, MAPS, MAPS]);
    expect([...b.data]).toEqual([...a.data]);
    // The first patch of photo 0 is red: its values are 30 and 200 and a little noise.
    expect(a.data[0]).toBeCloseTo(205 / 255, 1);
    expect(a.data[MAPS ** 2]).toBeCloseTo(35 / 255, 1);
    // Eleven are passed as eight and three.
    const seeds = Array.from({ length: 11 }, (_, i) => i % PHOTOS);
    const many = (await runs[0].generator.generate({ seeds, layers: "all" })).features.get("maps")!;
    expect(many.shape).toEqual([11, 3, MAPS, MAPS]);
    const tenth = many.data.subarray(10 * 3 * MAPS ** 2);
    expect([...tenth]).toEqual([...a.data.subarray(3 * MAPS ** 2)]);
    await expect(runs[0].generator.generate({ seeds: [PHOTOS] })).rejects.toThrow("there is no photo 6");
    for (const { generator } of runs) await generator.dispose();
  });
});

describe("clusterJob() on photos", () => {
  it("clusters, and its project samples the photos again", async () => {
    const outdir = file("project");
    await clusterJob(
      {
        network: file("maps.onnx"),
        images: file("photos"),
        extractorRange: [0, 1],
        outdir,
        initialClusters: 8,
        resolution: SIDE,
        provider: "cpu",
        threads: 1,
      },
      {},
    );
    const project = await openProject(outdir);
    const { settings, family } = project.file;
    expect(family).toBe("photos");
    const report = await readFile(join(outdir, "report.html"), "utf8");
    expect(report).toContain("Parts of photos");
    expect(report).toContain("from 6 photos");
    expect(settings.seeds).toEqual([0, 1, 2, 3, 4, 5]);
    const tree = (await loadTree(project))!;
    // Maps of 8 x 8 blur the borders; away from them every pixel is in its band's cluster.
    const rowOf = (n: number): number => Math.floor((n % SIDE ** 2) / SIDE);
    const photoOf = (n: number): number => Math.floor(n / SIDE ** 2);
    const inner = Array.from({ length: PHOTOS * SIDE * SIDE }, (_, n) => n).filter((n) =>
      [-4, 4].every((d) => band(photoOf(n), rowOf(n) + d) === band(photoOf(n), rowOf(n))),
    );
    const labels = tree.labelsAt(3);
    const truth = inner.map((n) => band(photoOf(n), rowOf(n)));
    expect(
      adjustedRandIndex(
        truth,
        inner.map((n) => labels[n]),
      ),
    ).toBeGreaterThan(0.97);
    const sampler = await openSampler({ ...settings, resolution: null, provider: "cpu", threads: 1 }, [
      { classifier: tree.classifierAt(3), layers: settings.layers },
    ]);
    const [image] = await sampler.sample([2]);
    await sampler.dispose();
    expect(decodePng(await readFile(join(outdir, "samples", "seed0002.png"))).data).toEqual(
      decodePng(
        await sharp(Buffer.from(image.rgb), { raw: { width: SIDE, height: SIDE, channels: 3 } })
          .png()
          .toBuffer(),
      ).data,
    );
  });
});
