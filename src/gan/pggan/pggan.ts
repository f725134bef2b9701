/**
 * PGGAN (Karras et al., 2018, "Progressive growing of GANs"). There is no mapping network: the latent is z. Weight names
 * are those of genforce; layer 0 is dense, [z + c, C, 4, 4], and the up-sampling layers hold the kernel of a transposed
 * convolution. A layer's feature map is taken after the rectifier, before the pixel normalisation of the next.
 */
import { add, concat, constant, matmul, reshape } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { heConv, heConvUp, imageAtLod, toRgb } from "../../nn/progressiveLayers.ts";
import { lrelu, normalizeSecondMoment } from "../../nn/styleLayers.ts";
import { defineFamily, type FamilyParts } from "../family.ts";
import { doubles, layerResolution, progressiveSizes, takeConv, takeLod, takeOutput } from "../progressive.ts";
import { labelSize, pgganSources } from "./pgganSources.ts";
import type { PgganSettings, PgganSizes } from "./pgganSpec.ts";

const LATENT_PIXELS = 16;

const buildNetwork: FamilyParts<PgganSizes, PgganSettings>["build"] = (spec, weights) => {
  const { latentDim, cDim, resolution, imageChannels } = spec;
  const lod = takeLod("PGGAN", weights, "lod", resolution);
  const baseChannels = weights.shapeOf("layer0.weight")?.[1] ?? 0;
  const base = weights.take("layer0.weight", [latentDim, baseChannels, 4, 4]);
  const baseBias = weights.take("layer0.bias", [baseChannels]);
  const convs: { n: number; weight: ReturnType<typeof takeConv>; bias: Float32Array }[] = [];
  const outputs: ReturnType<typeof takeOutput>[] = [];
  let channels = baseChannels;
  for (let n = 1; layerResolution(n) <= resolution; n++) {
    const weight = takeConv(weights, `layer${n}.weight`, channels, 3);
    channels = weight.shape[0];
    convs.push({ n, weight, bias: weights.take(`layer${n}.bias`, [channels]) });
    if (n % 2 === 1) outputs.push(takeOutput(weights, `output${outputs.length}`, channels, imageChannels));
  }

  return {
    info: {
      family: "PGGAN",
      resolution,
      imageChannels,
      imageRange: [-1, 1],
      latent: "normal",
      zDim: latentDim - cDim,
      wDim: 0,
      cDim,
      numWs: 0,
      layers: [
        { name: "layer0", channels: baseChannels, resolution: 4 },
        ...convs.map(({ n, bias }) => ({ name: `layer${n}`, channels: bias.length, resolution: layerResolution(n) })),
      ],
    },
    mapping: undefined,
    latents: cDim > 0 ? ["z", "c"] : ["z"],
    noise: [],
    synthesis({ z, c }) {
      if (z === undefined) throw new RangeError("PGGAN: synthesis starts from z");
      const activated = (y: Value, bias: Float32Array): Value => lrelu(add(y, constant([1, bias.length, 1, 1], bias)));
      const features = new Map<string, Value>();
      let latent = normalizeSecondMoment(z);
      if (c !== undefined) latent = normalizeSecondMoment(concat([latent, c], 1));
      const gain = Math.SQRT2 / Math.sqrt(LATENT_PIXELS * latentDim);
      const dense = constant(
        [latentDim, baseChannels * LATENT_PIXELS],
        base.map((v) => v * gain),
      );
      let x = activated(reshape(matmul(latent, dense), [1, baseChannels, 4, 4]), baseBias);
      features.set("layer0", x);
      const images: Value[] = [];
      for (const { n, weight, bias } of convs) {
        const normal = normalizeSecondMoment(x);
        x = activated(doubles(n) ? heConvUp(normal, weight) : heConv(normal, weight), bias);
        features.set(`layer${n}`, x);
        if (n % 2 === 0) continue;
        const output = outputs[images.length];
        const image = toRgb(normalizeSecondMoment(x), output, output.bias);
        features.set(`output${images.length}`, image);
        images.push(image);
      }
      return { image: imageAtLod(images, lod), features };
    },
  };
};

export const pggan = defineFamily<PgganSizes, PgganSettings>({
  name: "PGGAN",
  sources: pgganSources,
  sizes: (shapes) => ({
    ...progressiveSizes("PGGAN", shapes, ""),
    latentDim: shapes.get("layer0.weight")?.shape[0] ?? 0,
  }),
  settings: (own, sizes) => ({ cDim: labelSize(own["cDim"] ?? 0, sizes) }),
  build: buildNetwork,
});
