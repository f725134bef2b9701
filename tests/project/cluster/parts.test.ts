/** `klish cluster --shard`: the images of a run sampled in parts, and its tree from their files. */
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../../../src/checkpoint/safetensors.ts";
import { type ClusterPart, clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import type { ClusterRequest } from "../../../src/project/cluster/options.ts";
import type { AnyTensor } from "../../../src/tensor/tensor.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

/** Four batches, the last of them smaller. */
const IMAGES = 100;
const OF = 3;
/** Numbers of an image: 6 maps of 4x4, 5 of 8x8. */
const NUMBERS = 6 * 4 * 4 + 5 * 8 * 8;

let folder: string;
let shared: Omit<ClusterRequest, "shard">;
const at = (...names: string[]): string => join(folder, ...names);
const treeOf = (run: string): Promise<Buffer> => readFile(at(run, "tree.safetensors"));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-parts-"));
  await writeFile(at("tiny.onnx"), tinyGenerator());
  const asked = { network: at("tiny.onnx"), images: IMAGES, initialClusters: 5, criterion: "paper" as const };
  shared = { ...asked, outdir: at("parts"), pixelStride: 4, provider: "cpu", threads: 1 };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const part = (index: number, more: Partial<ClusterRequest> = {}) =>
  clusterJob({ ...shared, ...more, shard: { index, of: OF } });

describe("clusterJob() of parts", () => {
  it("samples into one project, whose tree is one run's, bit for bit; what is damaged, NaN or missing is sampled again", async () => {
    const command = "npx klish cluster --outdir parts --shard 2/3 --images 100";
    // One of them on a machine without the common folder: its files are copied there.
    const made = await Promise.all([
      part(1, { command }),
      part(2, { command, outdir: at("elsewhere") }),
      part(3, { command }),
    ]);
    await cp(at("elsewhere"), at("parts"), { recursive: true });
    expect(made.map((one) => (one as ClusterPart).images)).toEqual([32, 32, 36]);
    expect(made[2]).toEqual({
      ...{ folder: at("parts"), part: "3/3", images: 36 },
      ...{ bytes: 4 * NUMBERS * 36, bytesOfAll: 4 * NUMBERS * IMAGES },
    });
    const names = ["000000", "000032", "000064", "000096"].map((first) => `${first}.safetensors`);
    expect((await readdir(at("parts", "features"))).sort()).toEqual(names);
    const { command: continuing } = JSON.parse(await readFile(at("parts", "project.json"), "utf8"));
    expect(continuing).toBe("npx klish cluster --outdir parts --images 100");

    const [nan, cut, gone] = names.map((name) => at("parts", "features", name));
    const { tensors, metadata } = readSafetensors(await readFile(nan));
    const maps = new Map([...tensors].map(([name, stored]): [string, AnyTensor] => [name, stored.read()]));
    for (const { data } of maps.values()) data[7] = Number.NaN;
    await writeFile(nan, writeSafetensors(maps, metadata as Record<string, string>));
    await writeFile(cut, (await readFile(cut)).subarray(0, 1000));
    await rm(gone);
    await clusterJob(shared);
    await clusterJob({ ...shared, outdir: at("alone") });
    expect(await treeOf("parts")).toEqual(await treeOf("alone"));
    expect(await readdir(at("parts"))).not.toContain("features");
    await expect(part(2)).rejects.toThrow("is clustered already: nothing is left to do for part 2/3.");
  });

  it("keeps half precision where that is asked for, does a part that is there only once, and the run takes the files as they are", async () => {
    const half = { outdir: at("half"), memory: 1000 };
    const times = async (): Promise<bigint[]> =>
      Promise.all(
        ["000000", "000032", "000064", "000096"].map(
          async (first) => (await stat(at("half", "features", `${first}.half.safetensors`), { bigint: true })).mtimeNs,
        ),
      );
    // At once, as machines make them that know nothing of each other.
    const [, , last] = await Promise.all([1, 2, 3].map((index) => part(index, half)));
    expect(last).toMatchObject({ bytes: 2 * NUMBERS * 36 });
    const before = await times();
    await part(3, half);
    await clusterJob({ ...shared, ...half, keepFeatures: true });
    expect(await times()).toEqual(before);
    await clusterJob({ ...shared, ...half, outdir: at("half-alone") });
    expect(await treeOf("half")).toEqual(await treeOf("half-alone"));
  });

  it("refuses parts of another recipe or version, that there are not, and that workers sample", async () => {
    const run = { outdir: at("refused") };
    await part(1, run);
    await expect(part(2, { ...run, truncationPsi: 0.5 })).rejects.toThrow(
      "belongs to another run: truncationPsi was 1, now 0.5. Repeat that run's options",
    );
    await writeFile(
      at("other.onnx"),
      tinyGenerator((x) => x),
    );
    await expect(part(2, { ...run, network: at("other.onnx") })).rejects.toThrow(
      /belongs to another run: networkSha256 was/,
    );
    await expect(clusterJob({ ...shared, ...run, shard: { index: 4, of: 3 } })).rejects.toThrow(
      "there is no shard 4 of 3",
    );
    await expect(part(1, { ...run, workers: 2 })).rejects.toThrow("Give one of them");
    const path = at("refused", "project.json");
    const project = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...project, versions: { ...project.versions, klish: "0.0.1" } }));
    await expect(part(2, run)).rejects.toThrow(
      /was begun with klish 0\.0\.1, this is .*Install one version everywhere, or choose another --outdir/,
    );
    await writeFile(path, JSON.stringify({ ...project, settings: { ...project.settings, shards: 4 } }));
    await expect(part(2, run)).rejects.toThrow("was begun with --shards 4");
    expect(await readdir(at("refused", "features"))).toEqual(["000000.safetensors"]);
  });
});
