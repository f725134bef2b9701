import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { GeneratorError } from "../../src/gan/errors.ts";
import { buildNetwork } from "../../src/gan/openGenerator.ts";
import { hasShared } from "../shared.ts";
import { checkpoints, readFixture } from "./fixtures.ts";

interface BadFile {
  readonly file: string;
  readonly expect: string;
  readonly why: string;
}
const manifest: readonly BadFile[] = hasShared
  ? (JSON.parse(readFileSync(`${checkpoints}/bad/manifest.json`, "utf8")) as { files: BadFile[] }).files
  : [];

describe.skipIf(!hasShared)("broken and hostile checkpoints (skipped without ../shared)", () => {
  const refused = manifest.filter((row) => row.expect.startsWith("refuse"));
  it.each(refused)("no generator comes from $file: $why", ({ file }) => {
    // gzip may be unpacked and a missing moving average replaced by another network; neither is done here.
    expect(() => buildNetwork(readFixture(file))).toThrow(
      expect.toSatisfy((error) => error instanceof GeneratorError || error instanceof CheckpointError),
    );
  });

  it.each(manifest.filter((row) => /^accept(-without|-same|$)/.test(row.expect)))("$file loads: $why", ({ file }) => {
    expect(buildNetwork(readFixture(file)).info.resolution).toBe(8);
  });

  it.each([
    ["nan_weight.pkl", "synthesis.b8.conv1.weight holds NaN"],
    ["missing_weight.pkl", "synthesis.b8.conv1.weight is missing"],
    ["wrong_shape.pkl", "synthesis.b8.conv1.weight has shape [4,3,3,3], expected [4,4,3,3]"],
    ["unknown_activation.pkl", 'synthesis.b8.conv1: the file sets activation = "swish7", expected "lrelu"'],
    ["tf_missing_variable.pkl", "layer3.weight is missing"],
    ["tf_nan.pkl", "layer3.bias (8x8/Conv1/bias in the file) holds NaN"],
    ["pth_missing_key.pth", "layer2.weight is missing"],
    ["pth_nan.pth", "layer2.weight holds NaN"],
    ["pth_extra_key.pth", "not part of this network (1): unexpected.weight"],
    ["pth_no_generator_smooth.pth", "holds no generator of a known family"],
  ])("the error of %s says what is wrong", (file, message) => {
    expect(() => buildNetwork(readFixture(`bad/${file}`))).toThrow(message);
  });
});
