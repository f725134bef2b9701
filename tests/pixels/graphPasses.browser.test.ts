/** Passes as graphs on WebGPU in software, the features resident there: tiny shapes only. */
import { existsSync } from "node:fs";
import { beforeAll, describe } from "vitest";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { graphPassesContract } from "../contracts/graphPasses.ts";

const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const hasDriver = existsSync(DRIVER);
if (!hasDriver)
  console.warn(`skipped: no software Vulkan driver at ${DRIVER} (Debian: apt-get install chromium libvulkan1)`);

describe.skipIf(!hasDriver)("the WebGPU provider", () => {
  beforeAll(() => {
    process.env["VK_ICD_FILENAMES"] = DRIVER;
    process.env["XDG_RUNTIME_DIR"] ??= "/tmp";
  });
  graphPassesContract(ortNode, "webgpu", 1e-4);
});
