import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import type { ConfigObject } from "../../src/checkpoint/stateDict.ts";
import { hasShared } from "../shared.ts";
import { expectTensors, fixture, readBytes, readJson, type TensorTable } from "./fixtures.ts";

interface AdaFixture {
  readonly fixture: string;
  readonly z_dim: number;
  readonly c_dim: number;
  readonly num_ws: number;
  readonly architecture: string;
  readonly conv_clamp: number | null;
  readonly mapping_layers: number;
  readonly tensors: TensorTable;
}

const names = hasShared ? readdirSync(fixture("ada")).filter((name) => name.endsWith(".json")) : [];

describe.skipIf(!hasShared)("readCheckpoint on NVIDIA PyTorch pickles", () => {
  it.each(names)("reads every tensor and the hyper-parameters of %s", (name) => {
    const expected = readJson<AdaFixture>(`ada/${name}`);
    const { format, networks, config } = readCheckpoint(readBytes(expected.fixture));
    expect(format).toBe("nvidia-pytorch-pickle");
    expectTensors(networks.get("G_ema")!, expected.tensors);
    const module = (path: string) => config["G_ema"]![path] as ConfigObject;
    expect(module("")).toMatchObject({
      class_name: "Generator",
      z_dim: expected.z_dim,
      c_dim: expected.c_dim,
      num_ws: expected.num_ws,
    });
    expect(module("mapping")).toMatchObject({ class_name: "MappingNetwork", num_layers: expected.mapping_layers });
    expect(module("mapping.fc0")).toMatchObject({ class_name: "FullyConnectedLayer", activation: "lrelu" });
    expect(module("synthesis.b4")).toMatchObject({ architecture: expected.architecture });
    expect(module("synthesis.b8.conv0")).toMatchObject({ up: 2, conv_clamp: expected.conv_clamp, activation: "lrelu" });
  });

  it("keeps parameters before buffers before children, as torch does", () => {
    const { networks } = readCheckpoint(readBytes("ada/ada_skip32_map8_proto3.pkl"));
    expect([...networks.get("G_ema")!.keys()].slice(0, 5)).toEqual([
      "synthesis.b4.const",
      "synthesis.b4.resample_filter",
      "synthesis.b4.conv1.weight",
      "synthesis.b4.conv1.noise_strength",
      "synthesis.b4.conv1.bias",
    ]);
    expect([...networks.keys()]).toEqual(expect.arrayContaining(["G", "D", "G_ema"]));
  });
});
