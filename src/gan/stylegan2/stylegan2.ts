/**
 * StyleGAN2 and StyleGAN2-ADA (Karras et al., 2020), architectures skip, orig and resnet, in float32 throughout: layers
 * that trained in half precision are evaluated in single, as the official code does on a CPU. Weight names are those of
 * NVIDIA's PyTorch code.
 */
import { add, clip, conv, mul, reshape, slice } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { fullyConnected, lrelu, modulatedConv, perChannel, scaled } from "../../nn/styleLayers.ts";
import { type FirFilter, firUpsample } from "../../nn/upfirdn.ts";
import { GeneratorError } from "../errors.ts";
import { defineFamily, type NetworkGraphs } from "../family.ts";
import type { LayerInfo } from "../generator.ts";
import { LR_MULTIPLIER, mappingNetwork } from "../mapping.ts";
import { positiveSetting } from "../settings.ts";
import type { NetworkWeights } from "../weights.ts";
import { styleGan2Sources } from "./stylegan2Sources.ts";
import { type StyleGan2Settings, type StyleGan2Sizes, styleGan2MappingNames, styleGan2Sizes } from "./stylegan2Spec.ts";

interface SynthesisLayer {
  readonly name: string;
  readonly resolution: number;
  /** [O,I,k,k] */
  readonly weight: Value;
  /** [O] */
  readonly bias: Value;
  /** [I,wDim] and [I]: from w to the style. */
  readonly affine: { readonly weight: Value; readonly bias: Value };
  /** The map of "const" mode [r,r], and its strength []. */
  readonly noise?: { readonly map: Value; readonly strength: Value };
}

interface Block {
  readonly resolution: number;
  readonly conv0?: SynthesisLayer;
  readonly conv1: SynthesisLayer;
  readonly torgb?: SynthesisLayer;
  /** [O,I,1,1], resnet only. */
  readonly skip?: Value;
  readonly filter: FirFilter;
}

/** outer([1,3,3,1], [1,3,3,1]) / 64: the filter of all official networks; NVIDIA's PyTorch files also store it. */
const OFFICIAL_FILTER = Float32Array.from([1, 3, 3, 1].flatMap((a) => [1, 3, 3, 1].map((b) => (a * b) / 64)));

/** The network of given sizes and settings, on weights from anywhere. */
export function styleGan2Network(spec: StyleGan2Sizes & StyleGan2Settings, weights: NetworkWeights): NetworkGraphs {
  const { wDim, zDim, cDim, numWs, imageChannels, resolution, architecture, convClamp } = spec;
  const synthesisLayer = (name: string, r: number, inChannels: number, kernel: number): SynthesisLayer => {
    const full = `synthesis.${name}`;
    const outChannels = weights.shapeOf(`${full}.weight`)?.[0] ?? 0;
    const layer = {
      name,
      resolution: r,
      weight: weights.value(`${full}.weight`, [outChannels, inChannels, kernel, kernel]),
      bias: weights.value(`${full}.bias`, [outChannels]),
      affine: {
        weight: weights.value(`${full}.affine.weight`, [inChannels, wDim]),
        bias: weights.value(`${full}.affine.bias`, [inChannels]),
      },
    };
    if (kernel === 1 || !spec.useNoise) return layer;
    const strength = weights.value(`${full}.noise_strength`, []);
    return { ...layer, noise: { map: weights.value(`${full}.noise_const`, [r, r]), strength } };
  };

  const mapping = mappingNetwork(spec, weights, styleGan2MappingNames, {
    lrMultiplier: spec.lrMultiplier,
    biasGain: Math.SQRT2,
  });

  let channels = weights.shapeOf("synthesis.b4.const")?.[0] ?? 0;
  const learnedConstant = reshape(weights.value("synthesis.b4.const", [channels, 4, 4]), [1, channels, 4, 4]);
  const blocks: Block[] = [];
  for (let r = 4; r <= resolution; r *= 2) {
    const inChannels = channels;
    const conv0 = r > 4 ? synthesisLayer(`b${r}.conv0`, r, inChannels, 3) : undefined;
    const conv1 = synthesisLayer(`b${r}.conv1`, r, conv0?.weight.shape[0] ?? inChannels, 3);
    [channels] = conv1.weight.shape;
    const torgb =
      architecture === "skip" || r === resolution ? synthesisLayer(`b${r}.torgb`, r, channels, 1) : undefined;
    if (torgb !== undefined && torgb.weight.shape[0] !== imageChannels)
      throw new GeneratorError(
        `StyleGAN2: ${torgb.name} gives ${torgb.weight.shape[0]} channels, the image has ${imageChannels}`,
      );
    const taps = weights.takeIfStored(`synthesis.b${r}.resample_filter`, [4, 4]) ?? OFFICIAL_FILTER;
    const filter = { size: 4, taps };
    const skip =
      architecture === "resnet" && r > 4
        ? weights.value(`synthesis.b${r}.skip.weight`, [channels, inChannels, 1, 1])
        : undefined;
    blocks.push({
      resolution: r,
      conv1,
      filter,
      ...(conv0 && { conv0 }),
      ...(torgb && { torgb }),
      ...(skip && { skip }),
    });
  }

  const layersOf = (block: Block): LayerInfo[] => {
    const convs = [block.conv0, block.conv1].flatMap((l) => (l ? [l] : []));
    const infos = convs.map((l) => ({ name: l.name, channels: l.weight.shape[0], resolution: l.resolution }));
    if (block.skip === undefined) return infos;
    return [
      ...infos,
      { name: `b${block.resolution}.x`, channels: block.conv1.weight.shape[0], resolution: block.resolution },
    ];
  };

  return {
    info: {
      family: "StyleGAN2",
      resolution,
      imageChannels,
      imageRange: [-1, 1],
      latent: "normal",
      zDim,
      wDim,
      cDim,
      numWs,
      layers: blocks.flatMap(layersOf),
    },
    mapping,
    latents: ["ws"],
    noise: blocks
      .flatMap(({ conv0, conv1 }) => (conv0 ? [conv0, conv1] : [conv1]))
      .filter((layer) => layer.noise !== undefined)
      .map((layer) => ({ layer: layer.name, resolution: layer.resolution })),

    synthesis({ ws }, noiseMode, noiseInput) {
      if (ws === undefined) throw new RangeError("StyleGAN2: synthesis starts from ws");
      const samples = ws.shape[0];
      const styleOf = (layer: SynthesisLayer, index: number, gain = 1): Value => {
        const w = reshape(slice(ws, [0, index, 0], [samples, 1, wDim]), [samples, wDim]);
        const { weight, bias } = layer.affine;
        return fullyConnected(w, weight, bias, { weightGain: gain / Math.sqrt(wDim), biasGain: gain });
      };
      const noiseOf = ({ name, resolution: r, noise }: SynthesisLayer, gain: number): Value | undefined => {
        if (noise === undefined || noiseMode === "none") return undefined;
        const map =
          noiseMode === "const" ? reshape(noise.map, [1, 1, r, r]) : noiseInput({ layer: name, resolution: r });
        return mul(map, scaled(reshape(noise.strength, [1, 1, 1, 1]), gain));
      };
      const clamped = (y: Value, share = 1): Value =>
        convClamp === null ? y : clip(y, -convClamp * share, convClamp * share);
      /**
       * The gain of the rectifier is positive, so it stands before it, in factors that are there anyway. In resnet's
       * branches, which add up to unit variance, gain and clamp are smaller by `share`.
       */
      const convLayer = (x: Value, layer: SynthesisLayer, index: number, upsample?: FirFilter, share = 1): Value => {
        const gain = Math.SQRT2 * share;
        let y = modulatedConv(x, styleOf(layer, index), layer.weight, {
          demodulateTo: gain,
          ...(upsample && { upsample }),
        });
        const noise = noiseOf(layer, gain);
        if (noise !== undefined) y = add(y, noise);
        return clamped(lrelu(add(y, perChannel(layer.bias, gain))), share);
      };
      const rgbLayer = (x: Value, layer: SynthesisLayer, index: number): Value => {
        const style = styleOf(layer, index, 1 / Math.sqrt(layer.weight.shape[1]));
        return clamped(add(modulatedConv(x, style, layer.weight), perChannel(layer.bias)));
      };

      const found = new Map<string, Value>();
      const keep = (name: string, value: Value): Value => {
        found.set(name, value);
        return value;
      };
      let x = learnedConstant;
      let image: Value | undefined;
      let index = 0;
      for (const { resolution: r, conv0, conv1, torgb, skip, filter } of blocks) {
        const before = x;
        if (conv0 !== undefined) x = keep(conv0.name, convLayer(x, conv0, index++, filter));
        x = keep(conv1.name, convLayer(x, conv1, index++, undefined, skip === undefined ? 1 : Math.SQRT1_2));
        if (skip !== undefined) {
          const shortcut = conv(before, scaled(skip, Math.SQRT1_2 / Math.sqrt(before.shape[1])));
          x = keep(`b${r}.x`, add(firUpsample(shortcut, filter), x));
        }
        if (image !== undefined) image = firUpsample(image, filter);
        if (torgb === undefined) continue;
        // The index is not advanced: the next block's first layer uses the same w.
        const rgb = keep(torgb.name, rgbLayer(x, torgb, index));
        image = image === undefined ? rgb : add(image, rgb);
      }
      return { image: image as Value, features: found };
    },
  };
}

export const styleGan2 = defineFamily({
  name: "StyleGAN2",
  sources: styleGan2Sources,
  sizes: styleGan2Sizes,
  settings: (own) => ({
    lrMultiplier: positiveSetting("StyleGAN2", own, "lrMultiplier", LR_MULTIPLIER),
    convClamp: positiveSetting("StyleGAN2", own, "convClamp", null),
    useNoise: own["useNoise"] !== false,
  }),
  build: styleGan2Network,
});
