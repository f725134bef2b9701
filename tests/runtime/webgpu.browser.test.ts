/** WebGPU in software: Debian's chromium brings a Vulkan driver (SwiftShader) that runs on any processor. */
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { readNpz } from "../../src/checkpoint/npy.ts";
import { openGeneratorBytes } from "../../src/gan/openGenerator.ts";
import { opCases } from "../../src/graph/opCases.ts";
import { probeProvider } from "../../src/runtime/node/providers.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { hasShared, shared } from "../shared.ts";

const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const hasDriver = existsSync(DRIVER);
if (!hasDriver)
  console.warn(`skipped: no software Vulkan driver at ${DRIVER} (Debian: apt-get install chromium libvulkan1)`);

describe.skipIf(!hasDriver)("the WebGPU provider", () => {
  beforeAll(() => {
    process.env["VK_ICD_FILENAMES"] = DRIVER;
    process.env["XDG_RUNTIME_DIR"] ??= "/tmp";
  });

  it("passes the self-test of every op and its gradient", async () => {
    const report = await probeProvider("webgpu");
    expect(report).toMatchObject({ verdict: "ok", passed: opCases.length, total: opCases.length, failures: [] });
  });

  it.skipIf(!hasShared)("computes a StyleGAN2 within 2e-3 of the reference", async () => {
    const file = shared("fixtures/checkpoints/ada/ada_gray_nonoise16");
    const generator = await openGeneratorBytes(readFileSync(`${file}.pkl`), { runtime: ortNode, provider: "webgpu" });
    const reference = readNpz(readFileSync(`${file}.npz`));
    const { image } = await generator.generate({ z: reference.get("z") as Tensor });
    const expected = (reference.get("psi1_const/img") as Tensor).data;
    const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
    expect(expected.reduce((m, v, i) => Math.max(m, Math.abs(v - image.data[i])), 0) / scale).toBeLessThan(2e-3);
    await generator.dispose();
  });
});
