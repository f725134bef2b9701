import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openGeneratorBytes } from "../../../src/gan/openGenerator.ts";
import { ganQualityJob } from "../../../src/project/evaluation/gan/job.ts";
import type { GanQualityRequest } from "../../../src/project/evaluation/gan/options.ts";
import { encodePng, toRgb } from "../../../src/project/sampling/images.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { meanColours, tinyGenerator } from "../../tinyGenerator.ts";

const SAMPLES = 24;
let folder: string;
let request: Omit<GanQualityRequest, "shard">;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-quality-"));
  const network = join(folder, "tiny.onnx");
  await writeFile(network, tinyGenerator());
  request = {
    network,
    data: join(folder, "own"),
    samples: SAMPLES,
    inception: null,
    crop: "centre",
    fit: "pad",
    resize: "lanczos",
    class: null,
    truncationPsi: 1,
    truncationCutoff: null,
    noiseMode: "const",
    latent: "normal",
    provider: "cpu",
    threads: 1,
  };
  const generator = await openGeneratorBytes(tinyGenerator(), { runtime: ortNode, provider: "cpu" });
  const { image } = await generator.generate({ seeds: Array.from({ length: SAMPLES }, (_, i) => i) });
  const pictures = toRgb(image, generator.info.imageRange);
  await generator.dispose();
  await mkdir(join(folder, "own"));
  await mkdir(join(folder, "other"));
  for (const [i, rgb] of pictures.entries()) {
    await writeFile(join(folder, "own", `${i}.png`), await encodePng(rgb, 8));
    const other = rgb.map((v, at) => (at * 31 + v) % 256);
    await writeFile(join(folder, "other", `${i}.png`), await encodePng(other, 8));
  }
  await writeFile(join(folder, "own", "broken.png"), "no picture");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("ganQualityJob()", () => {
  it("finds the generator's own images everywhere near each other", async () => {
    const found = await ganQualityJob(request, {});
    expect(found).toMatchObject({ samples: SAMPLES, pictures: SAMPLES + 1, coverage: 1, precision: 1, recall: 1 });
    expect(found.fid).toBeNull();
    expect(found.swd.levels.map(({ side }) => side)).toEqual([8]);
  });

  it("finds other pictures farther away", async () => {
    const own = await ganQualityJob(request, {});
    const other = await ganQualityJob({ ...request, data: join(folder, "other") }, {});
    expect(other.swd.mean).toBeGreaterThan(3 * own.swd.mean);
    expect(other.coverage).toBeLessThan(0.5);
  });

  it("adds the Fréchet distance of a model's features: 0 for the same images", async () => {
    const model = join(folder, "colours.onnx");
    await writeFile(model, meanColours());
    const inception = { file: model, size: null, range: [0, 255] as const, output: null };
    const same = await ganQualityJob({ ...request, inception }, {});
    const other = await ganQualityJob({ ...request, data: join(folder, "other"), inception }, {});
    expect(same.fid).toBeCloseTo(0, 2);
    expect(other.fid).toBeGreaterThan(100);
  });

  it("refuses too few pictures, and a crop that is none", async () => {
    const few = join(folder, "few");
    await mkdir(few);
    await writeFile(join(few, "one.png"), await encodePng(new Uint8Array(192), 8));
    await expect(ganQualityJob({ ...request, data: few }, {})).rejects.toThrow("1 pictures that can be read");
    await expect(ganQualityJob({ ...request, crop: "left" }, {})).rejects.toThrow("expected centre, none");
  });
});
