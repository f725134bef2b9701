/** The bench for GPUs where there is none: it says so, for each provider, and ends well. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

it("bench/device.sh says what was not run, and why", () => {
  const printed = execFileSync("bench/device.sh", ["webgpu", "cuda"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, VK_ICD_FILENAMES: "/nonexistent", CUDA_VISIBLE_DEVICES: "" },
  });
  expect(printed).toMatch(/## webgpu\n\nnot run on webgpu: .*adapter/);
  expect(printed).toMatch(/## cuda\n\nnot run on cuda: ./);
});
