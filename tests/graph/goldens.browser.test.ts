/** Derivatives of every op on WebGPU in software against PyTorch in float64: tiny shapes, both orders. */
import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { goldenCases } from "./goldenCases.ts";
import { goldenErrors, readGoldens, runGolden } from "./goldens.ts";

const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const hasDriver = existsSync(DRIVER);
if (!hasDriver)
  console.warn(`skipped: no software Vulkan driver at ${DRIVER} (Debian: apt-get install chromium libvulkan1)`);

describe.skipIf(!hasDriver)("the WebGPU provider", () => {
  const goldens = readGoldens();
  beforeAll(() => {
    process.env["VK_ICD_FILENAMES"] = DRIVER;
    process.env["XDG_RUNTIME_DIR"] ??= "/tmp";
  });

  it.each(goldenCases)("agrees with PyTorch within 2e-3, first and second derivative: $name", async (goldenCase) => {
    const got = await runGolden(goldenCase, goldens, { runtime: ortNode, provider: "webgpu" });
    const { first, second } = goldenErrors(goldens, goldenCase.name, got);
    expect(first).toBeLessThan(2e-3);
    expect(second).toBeLessThan(2e-3);
  });
});
