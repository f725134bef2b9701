/** Tensors that stay on the device, on WebGPU in software. */
import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { graph } from "../../src/graph/graph.ts";
import { input, matmul } from "../../src/graph/ops/index.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { compile, type ResidentTensor } from "../../src/runtime/session.ts";
import { tensor } from "../../src/tensor/tensor.ts";

const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const hasDriver = existsSync(DRIVER);
if (!hasDriver)
  console.warn(`skipped: no software Vulkan driver at ${DRIVER} (Debian: apt-get install chromium libvulkan1)`);

describe.skipIf(!hasDriver)("a tensor uploaded to the WebGPU provider", () => {
  beforeAll(() => {
    process.env["VK_ICD_FILENAMES"] = DRIVER;
    process.env["XDG_RUNTIME_DIR"] ??= "/tmp";
  });
  const upload = (...data: number[]): Promise<ResidentTensor> =>
    ortNode.upload?.(tensor([2, 2], Float32Array.from(data)), "webgpu") as Promise<ResidentTensor>;

  it("serves many runs, beside others, until it is freed", async () => {
    const model = graph({ y: matmul(input("a", [2, 2]), input("x", [2, 1])) });
    const session = await compile(model, { runtime: ortNode, provider: "webgpu" });
    const product = async (a: ResidentTensor, ...x: number[]): Promise<number[]> => {
      const { y } = await session.run({ a, x: tensor([2, 1], Float32Array.from(x)) });
      return Array.from(y.data as Float32Array);
    };
    const first = await upload(1, 2, 3, 4);
    const second = await upload(0, 1, 1, 0);
    expect(await product(first, 1, 1)).toEqual([3, 7]);
    expect(await product(second, 5, 6)).toEqual([6, 5]);
    expect(await product(first, 1, -1)).toEqual([-1, -1]);
    await first.dispose();
    expect(await product(second, 7, 8)).toEqual([8, 7]);
    await second.dispose();
    const again = await upload(2, 0, 0, 2);
    expect(await product(again, 1, 2)).toEqual([2, 4]);
    await again.dispose();
    await session.dispose();
  });

  it("is refused where nothing is kept, and to strangers", async () => {
    expect(await ortNode.upload?.(tensor([1]), "cpu")).toBeUndefined();
    const session = await compile(graph({ y: matmul(input("a", [1, 1]), input("b", [1, 1])) }), { runtime: ortNode });
    const stranger: ResidentTensor = { dtype: "float32", shape: [1, 1], dispose: async () => undefined };
    await expect(session.run({ a: stranger, b: tensor([1, 1]) })).rejects.toThrow(/runtime that it was uploaded with/);
    await session.dispose();
  });
});
