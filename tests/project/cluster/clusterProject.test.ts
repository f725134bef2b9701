import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { graph } from "../../../src/graph/graph.ts";
import { input, mul } from "../../../src/graph/ops/index.ts";
import { clusterProject } from "../../../src/project/cluster/clusterProject.ts";
import { clusterRequest } from "../../../src/project/cluster/options.ts";
import { openOrCreateProject } from "../../../src/project/cluster/project.ts";
import { settle } from "../../../src/project/cluster/request.ts";
import { openNetwork } from "../../../src/project/network/network.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { compile, type Provider } from "../../../src/runtime/session.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hasCuda = await compile(graph({ y: mul(input("x", [1]), 2) }), { runtime: ortNode, provider: "cuda" }).then(
  async (session) => {
    await session.dispose();
    return true;
  },
  () => false,
);
if (hasCuda) console.warn("skipped: this machine has CUDA, and the test a provider that fails");

describe("clusterProject()", () => {
  it.skipIf(hasCuda)("clusters on the CPU where the provider fails, to the same tree, and says so", async () => {
    const path = join(folder, "tiny.onnx");
    await writeFile(path, tinyGenerator());
    const network = await openNetwork(path, { runtime: ortNode, provider: "cpu", threads: 1 });
    const asked = { network: path, outdir: folder, seeds: [0, 1], initialClusters: 4, criterion: "paper" };
    const settings = settle(clusterRequest.parse({ ...asked, provider: "cpu", threads: 1 }), network, 2);
    const run = async (provider: Provider) => {
      const notes = new Map<string, string | undefined>();
      const origin = { command: "", family: network.generator.info.family, versions: {} };
      const project = await openOrCreateProject(join(folder, provider), settings, origin);
      const onProgress = ({ phase, note }: { phase: string; note?: string }) => notes.set(phase, note);
      const done = await clusterProject(project, network, {
        provider,
        threads: 1,
        keepFeatures: false,
        onProgress,
      });
      return { tree: await readFile(join(done.folder, "tree.safetensors")), notes };
    };
    const fallen = await run("cuda");
    expect(fallen.notes.get("cluster on the CPU")).toMatch(/provider "cuda"/);
    const plain = await run("cpu");
    expect(plain.notes.has("cluster on the CPU")).toBe(false);
    expect(fallen.tree.equals(plain.tree)).toBe(true);
    await network.generator.dispose();
  });
});
