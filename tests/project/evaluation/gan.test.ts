/** What `klish evaluate gan` keeps of images, and whose measurements it believes: without a queue. */
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashOf } from "../../../src/project/dataset/sample.ts";
import { type Block, blockName, decodeMeasured, encodeMeasured } from "../../../src/project/evaluation/gan/blocks.ts";
import { ganQualityJob } from "../../../src/project/evaluation/gan/job.ts";
import { type Measuring, openMeasuring } from "../../../src/project/evaluation/gan/measuring.ts";
import { type GanQualityRequest, ganQualityRequest } from "../../../src/project/evaluation/gan/options.ts";
import { checkMeasured } from "../../../src/project/evaluation/gan/queued.ts";
import { qualityBlocks, qualityPiece, qualitySetup } from "../../../src/project/evaluation/gan/task.ts";
import { openRoot } from "../../../src/project/queue/root.ts";
import { meanColours, tinyGenerator } from "../../tinyGenerator.ts";
import { photosOf } from "../segment/photos.ts";

/** Two blocks of each kind. */
const SAMPLES = 140;
let folder: string;
let request: Omit<GanQualityRequest, "shard">;
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "klish-quality-")));
  await writeFile(at("tiny.onnx"), tinyGenerator());
  await writeFile(at("colours.onnx"), meanColours());
  await photosOf(at("photos"), SAMPLES + 2);
  await writeFile(at("photos", "broken.png"), "no picture");
  const inception = { file: at("colours.onnx"), range: [0, 255] as [number, number] };
  request = { network: at("tiny.onnx"), data: at("photos"), samples: SAMPLES, inception, provider: "cpu", threads: 1 };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("ganQualityJob() of parts", () => {
  it("compares what parts have measured, bit for bit as one run does; what is missing is made up, and kept", async () => {
    const told: number[] = [];
    const alone = await ganQualityJob(request, {
      onProgress: ({ phase, done }) => phase === "measure images" && told.push(done),
    });
    expect(told).toEqual([0, 128, SAMPLES, SAMPLES + 128, 2 * SAMPLES]);
    expect(alone).toMatchObject({ samples: SAMPLES, pictures: SAMPLES + 3, machines: null });
    const parts = { ...request, outdir: at("parts") };
    const part = await ganQualityJob({ ...parts, shard: { index: 2, of: 3 } });
    expect(part).toEqual({ folder: at("parts"), part: "2/3", images: 12, machines: null });
    expect(await ganQualityJob(parts)).toEqual(alone);
    expect(await readdir(at("parts", "measured"))).toEqual([
      "generated-000000-000128.safetensors",
      "generated-000128-000140.safetensors",
      "real-000000-000128.safetensors",
      "real-000128-000140.safetensors",
    ]);
    const path = at("parts", "measured", "generated-000000-000128.safetensors");
    const before = await readFile(path);
    await writeFile(path, before.subarray(0, 1000));
    await expect(ganQualityJob(parts)).rejects.toThrow(
      /generated-000000-000128.safetensors is damaged .*Delete it: the same command measures these images again/,
    );
    await writeFile(path, before);
    await expect(ganQualityJob({ ...parts, truncationPsi: 0.7 })).rejects.toThrow(
      "holds what was measured with another truncationPsi",
    );
  }, 120_000);

  it("needs a folder for parts and for a queue", async () => {
    await expect(ganQualityJob({ ...request, shard: { index: 1, of: 2 } })).rejects.toThrow("say which, with --outdir");
    await expect(ganQualityJob({ ...request, queue: "redis://127.0.0.1:1" })).rejects.toThrow(
      "say which, with --outdir",
    );
    const shared = { outdir: at("small", "out"), root: at("small") };
    await mkdir(at("small"));
    await expect(ganQualityJob({ ...request, ...shared, queue: "redis://127.0.0.1:1" })).rejects.toThrow(
      /tiny.onnx is not in .*small, which the machines share/,
    );
  });
});

describe("qualityBlocks", () => {
  let measuring: Measuring;
  const host = async () => ({ root: await openRoot(folder), threads: 1, url: "redis://nobody", name: "w", silence: 2 });
  beforeAll(async () => {
    await mkdir(at("set"));
    await photosOf(at("few"), 16);
    await writeFile(at("few", "broken.png"), "no picture");
    const asked = { ...request, data: at("few"), samples: 16, outdir: at("set") };
    await ganQualityJob({ ...asked, shard: { index: 2, of: 2 } });
    await rm(at("set", "measured"), { recursive: true });
    measuring = await openMeasuring(ganQualityRequest.parse(asked), { threads: 1 });
  });
  afterAll(() => measuring.close());
  const setup = async (more: object = {}) =>
    qualitySetup.parse({
      ...{ outdir: "set", recipeSha256: hashOf(await readFile(at("set", "quality.json"))).sha256 },
      ...{ network: { path: "tiny.onnx" }, data: "few", inception: "colours.onnx", provider: "cpu", ...more },
    });

  it("measures in a worker's thread what this process measures, and believes no answer that cannot be", async () => {
    const task = await qualityBlocks.open(await setup(), await host());
    try {
      const shape = await measuring.shape();
      const check = (block: Block, written: { bytes: number; sha256: string }) =>
        checkMeasured(at("set"), block, written, { shape, pictures: measuring.pictures });
      for (const kind of ["real", "generated"] as const) {
        const block = { kind, first: 3, end: 17 };
        const written = await task.run(qualityPiece.parse(block));
        await check(block, written);
        const path = at("set", "measured", `${blockName(block)}.safetensors`);
        const bytes = await readFile(path);
        expect(bytes).toEqual(Buffer.from(encodeMeasured(await measuring.measure(block))));
        const honest = decodeMeasured(bytes, block, shape);
        const lie = async (change: object, what: RegExp) => {
          const lied = encodeMeasured({ ...honest, ...change });
          await writeFile(path, lied);
          await expect(check(block, hashOf(lied))).rejects.toThrow(what);
        };
        const fewer = honest.places.length - 1;
        await lie({ places: honest.places.map((place) => place + 20) }, /images that are not of 3 to 16/);
        await lie({ features: honest.features.map(() => Number.NaN) }, /features holds NaN or infinity/);
        await lie(
          { features: honest.features.subarray(honest.places.length) },
          /features is float32\[\d+,63\], expected/,
        );
        await lie({ inception: undefined }, /3 tensors, expected 4/);
        await lie(
          {
            places: honest.places.subarray(0, fewer),
            patches: honest.patches.map(({ side, data }) => ({
              side,
              data: data.subarray(0, (data.length / (fewer + 1)) * fewer),
            })),
            features: honest.features.subarray(0, 64 * fewer),
            inception: honest.inception?.subarray(0, 3 * fewer),
          },
          kind === "real" ? /picture \d+ can be read, and was left out/ : /image 16 is not there/,
        );
        await writeFile(path, bytes);
        await expect(check(block, { bytes: 1, sha256: "0" })).rejects.toThrow("another content than it says");
        await rm(path);
        await expect(check(block, written)).rejects.toThrow("its file is not in the shared folder");
      }
      await expect(task.run({ kind: "real", first: 0, end: 99 })).rejects.toThrow("there are no real images 0 to 98");
    } finally {
      await task.close();
    }
  });

  it("does not begin with another recipe or another generator, and names no place outside the root", async () => {
    const refused = async (more: object) => expect(qualityBlocks.open(await setup(more), await host())).rejects;
    await (await refused({ recipeSha256: "0".repeat(64) })).toThrow("quality.json is not that of the run");
    await cp(at("tiny.onnx"), at("other.onnx"));
    await writeFile(at("other.onnx"), Buffer.concat([await readFile(at("tiny.onnx")), Buffer.from([0x32, 0x00])]));
    await (await refused({ network: { path: "other.onnx" } })).toThrow(
      "this machine has another generator than the run",
    );
    await expect(setup({ data: "../photos" })).rejects.toThrow("expected a path inside the root");
    await expect(setup({ network: { shipped: "https://host/x" } })).rejects.toThrow();
  });
});
