/**
 * StyleGAN (Karras et al., 2019). Weight names are those of genforce; layer 0 is the learned constant, and the up-sampling
 * layers hold the kernel of a transposed convolution. A layer's feature map is taken after its AdaIN.
 */
import { add, constant, mul, reshape, slice } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { blur, heConv, heConvUp, imageAtLod, instanceNorm, toRgb } from "../../nn/progressiveLayers.ts";
import { fullyConnected, lrelu } from "../../nn/styleLayers.ts";
import { defineFamily, type FamilyParts } from "../family.ts";
import { LR_MULTIPLIER, type MappingNames, mappingNetwork, mappingSizes } from "../mapping.ts";
import { doubles, layerResolution, progressiveSizes, takeConv, takeLod, takeOutput } from "../progressive.ts";
import { positiveSetting } from "../settings.ts";
import { styleGanSources } from "./styleganSources.ts";
import type { StyleGanSettings, StyleGanSizes } from "./styleganSpec.ts";

const mappingNames: MappingNames = {
  layer: (i) => `mapping.dense${i}`,
  labelConcat: "mapping.label_weight",
  wAvg: "truncation.w_avg",
};

const buildNetwork: FamilyParts<StyleGanSizes, StyleGanSettings>["build"] = (spec, weights) => {
  const { zDim, cDim, wDim, numWs, resolution, imageChannels } = spec;
  const mapping = mappingNetwork(spec, weights, mappingNames, { lrMultiplier: spec.lrMultiplier, biasGain: 1 });
  const lod = takeLod("StyleGAN", weights, "synthesis.lod", resolution);
  let channels = weights.shapeOf("synthesis.layer0.const")?.[0] ?? 0;
  const learnedConstant = constant([1, channels, 4, 4], weights.take("synthesis.layer0.const", [channels, 4, 4]));
  const outputs: ReturnType<typeof takeOutput>[] = [];
  const layers = Array.from({ length: numWs }, (_, n) => {
    const name = `synthesis.layer${n}`;
    const r = layerResolution(n);
    const conv = n === 0 ? undefined : takeConv(weights, `${name}.weight`, channels, 3);
    channels = conv?.shape[0] ?? channels;
    const layer = {
      n,
      conv,
      name: `layer${n}`,
      channels,
      resolution: r,
      bias: weights.take(`${name}.bias`, [channels]),
      style: {
        weight: weights.value(`${name}.style.weight`, [2 * channels, wDim]),
        bias: weights.value(`${name}.style.bias`, [2 * channels]),
      },
      noise: spec.useNoise
        ? {
            map: weights.take(`${name}.apply_noise.noise`, [r, r]),
            strength: weights.take(`${name}.apply_noise.weight`, [channels]),
          }
        : undefined,
    };
    if (n % 2 === 1) outputs.push(takeOutput(weights, `synthesis.output${outputs.length}`, channels, imageChannels));
    return layer;
  });

  return {
    info: {
      family: "StyleGAN",
      resolution,
      imageChannels,
      imageRange: [-1, 1],
      latent: "normal",
      zDim,
      wDim,
      cDim,
      numWs,
      layers: layers.map(({ name, channels, resolution }) => ({ name, channels, resolution })),
    },
    mapping,
    latents: ["ws"],
    noise: spec.useNoise ? layers.map(({ name, resolution }) => ({ layer: name, resolution })) : [],
    synthesis({ ws }, noiseMode, noiseInput) {
      if (ws === undefined) throw new RangeError("StyleGAN: synthesis starts from ws");
      const perChannel = (values: Float32Array): Value => constant([1, values.length, 1, 1], values);
      const features = new Map<string, Value>();
      const images: Value[] = [];
      let x: Value = learnedConstant;
      for (const { n, conv, name, channels, resolution: r, bias, style, noise } of layers) {
        if (conv !== undefined) x = doubles(n) ? blur(heConvUp(x, conv)) : heConv(x, conv);
        if (noise !== undefined && noiseMode !== "none") {
          const map =
            noiseMode === "const" ? constant([1, 1, r, r], noise.map) : noiseInput({ layer: name, resolution: r });
          x = add(x, mul(map, perChannel(noise.strength)));
        }
        x = instanceNorm(lrelu(add(x, perChannel(bias))));
        const w = reshape(slice(ws, [0, n, 0], [1, 1, wDim]), [1, wDim]);
        const affine = fullyConnected(w, style.weight, style.bias, { weightGain: 1 / Math.sqrt(wDim) });
        const part = (from: number): Value => reshape(slice(affine, [0, from], [1, channels]), [1, channels, 1, 1]);
        x = add(mul(x, add(part(0), 1)), part(channels));
        features.set(name, x);
        if (n % 2 === 0) continue;
        const output = outputs[images.length];
        const image = toRgb(x, output, output.bias);
        features.set(`output${images.length}`, image);
        images.push(image);
      }
      return { image: imageAtLod(images, lod), features };
    },
  };
};

export const styleGan = defineFamily<StyleGanSizes, StyleGanSettings>({
  name: "StyleGAN",
  sources: styleGanSources,
  sizes(shapes) {
    const sizes = progressiveSizes("StyleGAN", shapes, "synthesis.");
    return {
      ...mappingSizes("StyleGAN", shapes, mappingNames),
      ...sizes,
      numWs: 2 * Math.log2(sizes.resolution) - 2,
    };
  },
  settings: (own) => ({
    lrMultiplier: positiveSetting("StyleGAN", own, "lrMultiplier", LR_MULTIPLIER),
    useNoise: own["useNoise"] !== false,
  }),
  build: buildNetwork,
});
