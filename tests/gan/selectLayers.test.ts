import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { LayerInfo } from "../../src/gan/generator.ts";
import { autoLayers, selectLayers } from "../../src/gan/selectLayers.ts";
import { hasShared, shared } from "../shared.ts";

const layer = (name: string, channels: number, resolution: number): LayerInfo => ({ name, channels, resolution });

describe("selectLayers", () => {
  const small = [layer("a", 600, 4), layer("b", 500, 8), layer("c", 400, 8), layer("d", 100, 16)];

  it("takes the last layer of each resolution and drops the lowest while channels exceed 1000", () => {
    const { layers, reason } = autoLayers(small);
    expect(layers.map((l) => l.name)).toEqual(["c", "d"]);
    expect(reason).toBe(
      "the last layer of each resolution, without 4x4: their channels would exceed 1000 (500 channels)",
    );
  });

  it("keeps exactly 1000 channels, and at least one layer", () => {
    expect(autoLayers([layer("a", 600, 4), layer("b", 400, 8)]).layers).toHaveLength(2);
    expect(autoLayers([layer("a", 600, 4), layer("b", 2000, 8)]).layers.map((l) => l.name)).toEqual(["b"]);
  });

  it("resolves all, none and names; refuses unknown and repeated ones", () => {
    expect(selectLayers(small, "all").layers).toEqual(small);
    expect(selectLayers(small, "none").layers).toEqual([]);
    expect(selectLayers(small, ["d", "a"]).layers.map((l) => l.name)).toEqual(["d", "a"]);
    expect(() => selectLayers(small, ["e"])).toThrow(/"e"; there are a, b, c, d/);
    expect(() => selectLayers(small, ["a", "a"])).toThrow(/twice/);
    expect(() => selectLayers([], "auto")).toThrow(/no inner feature maps/);
  });

  it("takes the paper's rule from a resolution up", () => {
    const { layers, reason } = selectLayers(small, ["8+"]);
    expect(layers.map((l) => l.name)).toEqual(["c", "d"]);
    expect(reason).toBe("from 8x8 up, the last layer of each resolution (500 channels)");
    expect(selectLayers(small, ["9+"]).layers.map((l) => l.name)).toEqual(["d"]);
    expect(() => selectLayers(small, ["17+"])).toThrow("no layer has a resolution of 17 or more; the highest is 16");
  });

  const folder = shared("fixtures/checkpoints/shapes");
  const files = existsSync(folder) ? readdirSync(folder) : [];
  it.skipIf(!hasShared).each(files)("selects what the paper selects, for %s (skipped without ../shared)", (file) => {
    const { conv_layers: convs, selected } = JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as {
      conv_layers: readonly { index: number; res: number; channels: number }[];
      selected: readonly number[];
    };
    const layers = convs.map(({ index, res, channels }) => layer(String(index), channels, res));
    expect(autoLayers(layers).layers.map((l) => Number(l.name))).toEqual(selected);
  });
});
