/** klish cluster with its passes on WebGPU in software. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adjustedMutualInfo } from "../../../src/metrics/agreement.ts";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import type { ClusterRequest } from "../../../src/project/cluster/options.ts";
import { loadTree, openProject } from "../../../src/project/cluster/project.ts";
import { resolveProvider } from "../../../src/runtime/node/providers.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const hasDriver = existsSync(DRIVER);
if (!hasDriver)
  console.warn(`skipped: no software Vulkan driver at ${DRIVER} (Debian: apt-get install chromium libvulkan1)`);

let folder: string;
let network: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-test-"));
  network = join(folder, "tiny.onnx");
  await writeFile(network, tinyGenerator());
  process.env["VK_ICD_FILENAMES"] = DRIVER;
  process.env["XDG_RUNTIME_DIR"] ??= "/tmp";
  // The provider's self-test takes minutes in software; it is remembered.
  if (hasDriver) await resolveProvider("webgpu");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = (changes: Partial<ClusterRequest>): ClusterRequest => ({
  network,
  outdir: join(folder, "run"),
  latent: "normal",
  seeds: [0, 1, 2, 3],
  class: null,
  truncationPsi: null,
  truncationCutoff: null,
  noiseMode: "const",
  layers: "auto",
  resolution: null,
  pixelStride: 1,
  pixels: null,
  memory: null,
  keepFeatures: false,
  initialClusters: 6,
  seed: 0,
  criterion: "paper",
  balance: 0,
  filter: false,
  tolerance: 1e-3,
  minClusters: 3,
  minIou: null,
  provider: "webgpu",
  threads: 1,
  command: "npx klish cluster",
  ...changes,
});

describe.skipIf(!hasDriver)("clusterJob() on WebGPU", () => {
  it.each([
    ["features in memory, and two threads", { threads: 2 }],
    ["features on disk, of which the device holds none", { memory: 1, deviceMemory: 0 }],
    ["a stride of the pixels", { pixelStride: 2, initialClusters: 4 }],
  ])("finds the start clusters of the CPU, with %s", async (name, changes) => {
    const labels = async (provider: "webgpu" | "cpu"): Promise<{ labels: Uint16Array; phases: Set<string> }> => {
      const outdir = join(folder, `${name} ${provider}`);
      const phases = new Set<string>();
      await clusterJob(request({ ...changes, outdir, provider }), {
        onProgress: ({ phase }) => phases.add(phase),
      });
      const tree = await loadTree(await openProject(outdir));
      expect(tree?.steps.at(-1)?.k).toBe(3);
      return { labels: tree?.initialLabels ?? new Uint16Array(0), phases };
    };
    const device = await labels("webgpu");
    expect(device.phases.has("cluster on the CPU")).toBe(false);
    expect(device.phases.has("upload features")).toBe(!("deviceMemory" in changes));
    expect(adjustedMutualInfo(device.labels, (await labels("cpu")).labels)).toBeGreaterThan(0.95);
  });
});
