import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Checkpoint, ConfigObject, LazyTensor } from "../../src/checkpoint/stateDict.ts";
import { buildNetwork } from "../../src/gan/openGenerator.ts";
import { autoLayers } from "../../src/gan/selectLayers.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { hasShared } from "../shared.ts";
import { checkpoints } from "./fixtures.ts";

interface Shapes {
  readonly naming: string;
  readonly conv_layers: readonly { res: number; channels: number }[];
  readonly selected_channels: readonly number[];
  readonly selected_resolutions: readonly number[];
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

/** A checkpoint of zeros with these tensors, and modules without attributes for NVIDIA's naming. */
function zeros({ naming, tensors }: Shapes): Checkpoint {
  const network = naming.startsWith("NVIDIA") ? "G_ema" : "generator_smooth";
  const rows = Object.entries(tensors).map(([name, shape]): [string, LazyTensor] => [
    name,
    { dtype: "float32", shape, read: () => tensor(shape) },
  ]);
  const paths = Object.keys(tensors).flatMap((name) => {
    const parts = name.split(".");
    return parts.map((_, i) => parts.slice(0, i).join("."));
  });
  const modules = Object.fromEntries(paths.map((path): [string, ConfigObject] => [path, {}]));
  return { format: "zeros", networks: new Map([[network, new Map(rows)]]), config: { [network]: modules } };
}

describe.skipIf(!hasShared)("official networks at full size (skipped without ../shared)", () => {
  it.each(hasShared ? readdirSync(`${checkpoints}/shapes`) : [])("%s has the layers that it is known for", (file) => {
    const shapes = JSON.parse(readFileSync(`${checkpoints}/shapes/${file}`, "utf8")) as Shapes;
    const { layers } = buildNetwork(zeros(shapes)).info;
    expect(layers.map(({ channels, resolution }) => ({ res: resolution, channels }))).toEqual(
      shapes.conv_layers.map(({ res, channels }) => ({ res, channels })),
    );
    const auto = autoLayers(layers).layers;
    expect(auto.map((l) => l.channels)).toEqual(shapes.selected_channels);
    expect(auto.map((l) => l.resolution)).toEqual(shapes.selected_resolutions);
  });
});
