/**
 * The ways in which StyleGAN2 weights are stored, as translations to the names and layouts of NVIDIA's PyTorch code:
 * convolutions [O,I,k,k], where the up-sampling ones (conv0) hold the kernel of a transposed convolution, fully connected
 * layers [out,in], style biases with their + 1.
 */
import { randn } from "../../tensor/random.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { SuppliedWeights, WeightSource } from "../family.ts";
import { flipped, plus, squeezed, tensorflowConv, transposed } from "../layout.ts";
import { LR_MULTIPLIER } from "../mapping.ts";
import {
  ANY,
  checkSettings,
  positiveSetting,
  type SettingsTable,
  styleArguments,
  tensorflowSettings,
} from "../settings.ts";
import type { NamedWeight, WeightRule } from "../weights.ts";
import { styleGan2Pytorch } from "./stylegan2Pytorch.ts";
import { blockName, convName, type StyleGan2Settings, type StyleGan2Sizes } from "./stylegan2Spec.ts";

type Source = WeightSource<StyleGan2Sizes, StyleGan2Settings>;

const OFFICIAL: StyleGan2Settings = { lrMultiplier: LR_MULTIPLIER, convClamp: null, useNoise: true };

/** Only NVIDIA's PyTorch files hold the filters in the family's form. */
const OFFICIAL_FILTER_IMPLIED = /\.resample_filter$/;

const tensorflowLayers: Readonly<Record<string, string>> = {
  Conv0_up: "conv0",
  Conv: "conv1",
  Conv1: "conv1",
  ToRGB: "torgb",
};
const tensorflowName =
  (weight: string) =>
  (resolution: string, layer: string): string =>
    `synthesis.b${resolution}.${tensorflowLayers[layer]}.${weight}`;

const tensorflow: Source = {
  name: "NVIDIA TensorFlow",
  networks: ["Gs"],
  markers: ["4x4/Const/const", "4x4/Conv/mod_weight"],
  optional: OFFICIAL_FILTER_IMPLIED,
  rules: () => [
    [/^Dense(\d+)\/weight$/, "mapping.fc$1.weight", transposed],
    [/^Dense(\d+)\/bias$/, "mapping.fc$1.bias"],
    [/^LabelConcat\/weight$/, "mapping.label_concat.weight"],
    [/^LabelEmbed\/weight$/, "mapping.embed.weight", transposed],
    [/^LabelEmbed\/bias$/, "mapping.embed.bias"],
    [/^dlatent_avg$/, "mapping.w_avg"],
    [/^lod$/, null],
    [/^4x4\/Const\/const$/, "synthesis.b4.const", squeezed(0)],
    [/^noise(\d+)$/, (n) => `synthesis.${convName(Number(n))}.noise_const`, squeezed(0, 1)],
    [/^(\d+)x\1\/(Conv0_up)\/weight$/, tensorflowName("weight"), tensorflowConv, flipped],
    [/^(\d+)x\1\/(Conv1?|ToRGB)\/weight$/, tensorflowName("weight"), tensorflowConv],
    [/^(\d+)x\1\/Skip\/weight$/, "synthesis.b$1.skip.weight", tensorflowConv, flipped],
    [/^(\d+)x\1\/(Conv0_up|Conv1?|ToRGB)\/mod_weight$/, tensorflowName("affine.weight"), transposed],
    [/^(\d+)x\1\/(Conv0_up|Conv1?|ToRGB)\/mod_bias$/, tensorflowName("affine.bias"), plus(1)],
    [/^(\d+)x\1\/(Conv0_up|Conv1?|ToRGB)\/bias$/, tensorflowName("bias")],
    [/^(\d+)x\1\/(Conv0_up|Conv1?)\/noise_strength$/, tensorflowName("noise_strength")],
  ],
  settings(config, sizes) {
    const settings = tensorflowSettings(config);
    checkSettings("StyleGAN2 Gs", settings, tensorflowTable(sizes));
    return {
      lrMultiplier: positiveSetting("StyleGAN2 Gs", settings, "mapping_lrmul", LR_MULTIPLIER),
      convClamp: positiveSetting("StyleGAN2 Gs", settings, "conv_clamp", null),
      useNoise: settings["use_noise"] !== false,
    };
  },
};

/** The arguments of NVIDIA's G_main, G_mapping and G_synthesis, and those that other people's versions add. */
const tensorflowTable = (s: StyleGan2Sizes): SettingsTable => ({
  ...styleArguments(s),
  label_fmaps: ANY,
  architecture: [s.architecture],
  resample_kernel: [[1, 3, 3, 1]],
  conv_clamp: ANY,
  fmap_min: ANY,
  num_fp16_res: ANY,
  fused_modconv: ANY,
  w_avg_beta: ANY,
});

/** What genforce's and KLiSH's files share; both keep the orientation of TensorFlow's kernels. */
const genforceRules: readonly WeightRule[] = [
  [/^mapping\.label_weight$/, "mapping.label_concat.weight"],
  [/^mapping\.dense(\d+)\.bias$/, "mapping.fc$1.bias"],
  [/^truncation\.w_avg$/, "mapping.w_avg"],
  [/^truncation\.truncation$/, null],
  [/^synthesis\.early_layer\.const$/, "synthesis.b4.const", squeezed(0)],
  [/^synthesis\.layer(\d+)\.(bias|noise_strength)$/, (n, what) => `synthesis.${convName(Number(n))}.${what}`],
  [/^synthesis\.layer(\d+)\.noise$/, (n) => `synthesis.${convName(Number(n))}.noise_const`, squeezed(0, 1)],
  [/^synthesis\.layer(\d+)\.style\.bias$/, (n) => `synthesis.${convName(Number(n))}.affine.bias`, plus(1)],
  [/^synthesis\.output(\d+)\.bias$/, (b) => `synthesis.${blockName(Number(b))}.torgb.bias`],
  [/^synthesis\.output(\d+)\.style\.bias$/, (b) => `synthesis.${blockName(Number(b))}.torgb.affine.bias`, plus(1)],
  [/^synthesis\.(layer\d+\.filter|upsample)\.kernel$/, null],
];

const genforce: Omit<Source, "networks"> = {
  name: "genforce",
  markers: ["synthesis.early_layer.const", "mapping.dense0.weight"],
  optional: OFFICIAL_FILTER_IMPLIED,
  rules: () => [
    ...genforceRules,
    [/^mapping\.dense(\d+)\.weight$/, "mapping.fc$1.weight"],
    [/^synthesis\.layer(\d*[13579])\.weight$/, (n) => `synthesis.${convName(Number(n))}.weight`, flipped],
    [/^synthesis\.layer(\d+)\.weight$/, (n) => `synthesis.${convName(Number(n))}.weight`],
    [/^synthesis\.layer(\d+)\.style\.weight$/, (n) => `synthesis.${convName(Number(n))}.affine.weight`],
    [/^synthesis\.output(\d+)\.weight$/, (b) => `synthesis.${blockName(Number(b))}.torgb.weight`],
    [/^synthesis\.output(\d+)\.style\.weight$/, (b) => `synthesis.${blockName(Number(b))}.torgb.affine.weight`],
  ],
  settings: () => OFFICIAL,
};

const klish: Source = {
  name: "KLiSH",
  networks: [""],
  markers: ["synthesis.early_layer.const", "mapping.dense0.fc.weight"],
  optional: OFFICIAL_FILTER_IMPLIED,
  rules: () => [
    ...genforceRules,
    [/^mapping\.dense(\d+)\.fc\.weight$/, "mapping.fc$1.weight"],
    [
      /^synthesis\.layer(\d*[13579])\.weight$/,
      (n) => `synthesis.${convName(Number(n))}.weight`,
      tensorflowConv,
      flipped,
    ],
    [/^synthesis\.layer(\d+)\.weight$/, (n) => `synthesis.${convName(Number(n))}.weight`, tensorflowConv],
    [/^synthesis\.layer(\d+)\.style\.fc\.weight$/, (n) => `synthesis.${convName(Number(n))}.affine.weight`],
    [/^synthesis\.output(\d+)\.weight$/, (b) => `synthesis.${blockName(Number(b))}.torgb.weight`, tensorflowConv],
    [/^synthesis\.output(\d+)\.style\.fc\.weight$/, (b) => `synthesis.${blockName(Number(b))}.torgb.affine.weight`],
  ],
  settings: () => OFFICIAL,
};

/** rosinality's modules: conv1, convs.0, convs.1, ... are the convolutions in order; to_rgb1, to_rgbs.0, ... the outputs. */
const rosinalityConv = (module: string): string =>
  `synthesis.${convName(module === "conv1" ? 0 : 1 + Number(module.slice("convs.".length)))}`;
const rosinalityRgb = (module: string): string =>
  `synthesis.${blockName(module === "to_rgb1" ? 0 : 1 + Number(module.slice("to_rgbs.".length)))}.torgb`;

const rosinality: Omit<Source, "networks"> = {
  name: "rosinality",
  markers: ["input.input", "conv1.conv.modulation.weight"],
  optional: /^mapping\.w_avg$|\.resample_filter$/,
  rules: () => [
    [/^style\.(\d+)\.(weight|bias)$/, (i, what) => `mapping.fc${Number(i) - 1}.${what}`],
    [/^latent_avg$/, "mapping.w_avg"],
    [/^input\.input$/, "synthesis.b4.const", squeezed(0)],
    [/^noises\.noise_(\d+)$/, (n) => `synthesis.${convName(Number(n))}.noise_const`, squeezed(0, 1)],
    [/^(conv1|convs\.\d+)\.conv\.weight$/, (m) => `${rosinalityConv(m)}.weight`, squeezed(0)],
    [/^(conv1|convs\.\d+)\.conv\.modulation\.(weight|bias)$/, (m, what) => `${rosinalityConv(m)}.affine.${what}`],
    [/^(conv1|convs\.\d+)\.noise\.weight$/, (m) => `${rosinalityConv(m)}.noise_strength`, squeezed(0)],
    [/^(conv1|convs\.\d+)\.activate\.bias$/, (m) => `${rosinalityConv(m)}.bias`],
    [/^(to_rgb1|to_rgbs\.\d+)\.conv\.weight$/, (m) => `${rosinalityRgb(m)}.weight`, squeezed(0)],
    [/^(to_rgb1|to_rgbs\.\d+)\.conv\.modulation\.(weight|bias)$/, (m, what) => `${rosinalityRgb(m)}.affine.${what}`],
    [/^(to_rgb1|to_rgbs\.\d+)\.bias$/, (m) => `${rosinalityRgb(m)}.bias`, squeezed(0, 2, 3)],
    [/\.kernel$/, null],
    [/^ada_aug_p$/, null],
  ],
  supply: noiseMaps,
  settings: () => OFFICIAL,
};

const NOISE_STRENGTH = /^(synthesis\.b(\d+)\.conv[01])\.noise_strength$/;

/** Files of early versions lack the noise maps; the layers' places seed fixed ones. */
function noiseMaps(weights: ReadonlyMap<string, NamedWeight>): SuppliedWeights | undefined {
  const layers = [...weights.keys()].flatMap((name) => {
    const [, layer, resolution] = NOISE_STRENGTH.exec(name) ?? [];
    return layer === undefined ? [] : [{ map: `${layer}.noise_const`, side: Number(resolution) }];
  });
  if (layers.length === 0 || layers.some(({ map }) => weights.has(map))) return undefined;
  const supplied = layers.map(({ map, side }, i): [string, NamedWeight] => {
    const shape = [side, side];
    const read = () => tensor(shape, randn(i, side * side));
    return [map, { dtype: "float32", shape, read, storedAs: `drawn for ${map}` }];
  });
  return {
    weights: new Map(supplied),
    note: "the file has no noise maps (noises.noise_0, …): fixed ones were drawn, so the finest grain is not the original's",
  };
}

export const styleGan2Sources: readonly Source[] = [
  styleGan2Pytorch,
  tensorflow,
  { ...genforce, networks: ["generator_smooth"] },
  { ...genforce, networks: [""] },
  klish,
  // latent_avg stands beside g_ema, in converted files only.
  { ...rosinality, networks: ["g_ema", ""] },
  { ...rosinality, networks: [""] },
];
