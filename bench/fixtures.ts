/** Data sets with known truth and exact results, an optional folder beside the repository (tests and benches only). */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Blas } from "../src/numeric/blas.ts";
import { denseFeatures } from "../src/pixels/denseFeatures.ts";
import type { Pixels } from "../src/pixels/pixels.ts";
import { featurePyramid, pyramidBuilder } from "../src/pixels/pyramid/featurePyramid.ts";
import type { PyramidData } from "../src/pixels/pyramid/pyramidData.ts";
import { widenHalves } from "../src/tensor/half.ts";
import type { Tensor } from "../src/tensor/tensor.ts";

export interface OracleStep {
  readonly K: number;
  readonly q: number;
  readonly p: number;
  readonly iouMin: number;
  readonly iouSecond: number;
  readonly ecos: number;
  readonly objectiveSum: number;
}

export interface KlishFixture {
  readonly name: string;
  readonly pixels: number;
  readonly channels: number;
  readonly k0: number;
  /** Images and resolution; undefined for plain points. */
  readonly images: number | undefined;
  readonly resolution: number | undefined;
  readonly oracle: {
    readonly exact: {
      readonly initialObjectivePerClass: readonly number[];
      readonly initialIoU: readonly number[];
      readonly steps: readonly OracleStep[];
    };
    readonly results: Readonly<Record<string, { readonly exact: Readonly<Record<"AMI" | "ARI" | "MIoU", number>> }>>;
  };
  features(blas: Blas): Pixels;
  /** The maps as a pyramid that threads share; undefined for plain points. */
  sharedPyramid(): PyramidData | undefined;
  bytes(file: string): Uint8Array;
  floats(file: string): Float32Array;
}

const ROOT = resolve(import.meta.dirname, "../../shared/fixtures/klish");

export const hasKlishFixtures = existsSync(ROOT);

export function klishFixture(name: string): KlishFixture {
  const read = (file: string): Uint8Array => Uint8Array.from(readFileSync(resolve(ROOT, name, file)));
  const text = (file: string) => JSON.parse(new TextDecoder().decode(read(file)));
  const meta = text("meta.json");
  const floats = (file: string) => new Float32Array(read(file).buffer as ArrayBuffer);
  const layers = (): Tensor[] =>
    meta.layers.map((layer: { file: string; dtype: string; shape: number[] }): Tensor => {
      const data =
        layer.dtype === "f16"
          ? widenHalves(new Uint16Array(read(layer.file).buffer as ArrayBuffer))
          : floats(layer.file);
      return { dtype: "float32", shape: layer.shape, data };
    });
  return {
    name,
    pixels: meta.N,
    channels: meta.D,
    k0: meta.K0,
    images: meta.images ?? undefined,
    resolution: meta.R ?? undefined,
    oracle: text("oracle.json"),
    bytes: read,
    floats,
    features(blas) {
      if (!meta.layers?.length)
        return denseFeatures({ dtype: "float32", shape: [meta.N, meta.D], data: floats("points.f32") }, { blas });
      return featurePyramid(layers(), { resolution: meta.R, blas });
    },
    sharedPyramid() {
      if (!meta.layers?.length) return undefined;
      const maps = layers();
      const sizes = maps.map(({ shape }) => ({ channels: shape[1], size: shape[2] }));
      const builder = pyramidBuilder({ images: meta.images, layers: sizes, resolution: meta.R, shared: true });
      builder.add(0, maps);
      return builder.finish();
    },
  };
}
