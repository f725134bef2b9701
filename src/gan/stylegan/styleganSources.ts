/** The ways in which StyleGAN weights are stored, as translations to the names and layouts that `stylegan.ts` describes. */
import type { WeightSource } from "../family.ts";
import { flipped, squeezed, tensorflowConv, transposed } from "../layout.ts";
import { LR_MULTIPLIER } from "../mapping.ts";
import { tensorflowLayer, tensorflowOutputs } from "../progressive.ts";
import { checkSettings, positiveSetting, type SettingsTable, styleArguments, tensorflowSettings } from "../settings.ts";
import type { WeightRule } from "../weights.ts";
import type { StyleGanSettings, StyleGanSizes } from "./styleganSpec.ts";

type Source = WeightSource<StyleGanSizes, StyleGanSettings>;

const OFFICIAL: StyleGanSettings = { lrMultiplier: LR_MULTIPLIER, useNoise: true };

const tensorflowName =
  (weight: string) =>
  (resolution: string, layer: string): string =>
    `synthesis.layer${tensorflowLayer(resolution, layer)}.${weight}`;

/**
 * Up-sampling layers are fused (a transposed convolution) or not (nearest neighbours, then a convolution: the reversed
 * kernel). These are the resolutions that are not, by `fused_scale`; "auto", the default, fuses from 128 pixels on.
 */
const notFused: Readonly<Record<string, RegExp>> = {
  auto: /^(8|16|32|64)x\1\/(Conv0_up)\/weight$/,
  true: /^(?!)/,
  false: /^(\d+)x\1\/(Conv0_up)\/weight$/,
};

const tensorflow: Source = {
  name: "NVIDIA TensorFlow",
  networks: ["Gs"],
  markers: ["4x4/Const/StyleMod/weight"],
  rules: (stored, config) => [
    [/^lod$/, "synthesis.lod"],
    [/^dlatent_avg$/, "truncation.w_avg"],
    [/^Dense(\d+)\/weight$/, "mapping.dense$1.weight", transposed],
    [/^Dense(\d+)\/bias$/, "mapping.dense$1.bias"],
    [/^LabelConcat\/weight$/, "mapping.label_weight"],
    [/^noise(\d+)$/, "synthesis.layer$1.apply_noise.noise", squeezed(0, 1)],
    [/^4x4\/Const\/const$/, "synthesis.layer0.const", squeezed(0)],
    [
      notFused[String(tensorflowSettings(config)["fused_scale"] ?? "auto")] ?? notFused["auto"],
      tensorflowName("weight"),
      tensorflowConv,
      flipped,
    ],
    [/^(\d+)x\1\/(Conv0_up|Conv1?)\/weight$/, tensorflowName("weight"), tensorflowConv],
    [/^(\d+)x\1\/(Const|Conv0_up|Conv1?)\/bias$/, tensorflowName("bias")],
    [/^(\d+)x\1\/(Const|Conv0_up|Conv1?)\/Noise\/weight$/, tensorflowName("apply_noise.weight")],
    [/^(\d+)x\1\/(Const|Conv0_up|Conv1?)\/StyleMod\/weight$/, tensorflowName("style.weight"), transposed],
    [/^(\d+)x\1\/(Const|Conv0_up|Conv1?)\/StyleMod\/bias$/, tensorflowName("style.bias")],
    ...tensorflowOutputs(stored, "synthesis."),
  ],
  settings(config, sizes) {
    const settings = tensorflowSettings(config);
    checkSettings("StyleGAN Gs", settings, tensorflowTable(sizes));
    return {
      lrMultiplier: positiveSetting("StyleGAN Gs", settings, "mapping_lrmul", LR_MULTIPLIER),
      useNoise: settings["use_noise"] !== false,
    };
  },
};

/** The arguments of NVIDIA's G_style, G_mapping and G_synthesis. */
const tensorflowTable = (s: StyleGanSizes): SettingsTable => ({
  ...styleArguments(s),
  use_wscale: [true],
  use_styles: [true],
  const_input_layer: [true],
  use_pixel_norm: [false],
  use_instance_norm: [true],
  fused_scale: ["auto", true, false],
  blur_filter: [[1, 2, 1]],
});

const genforceRules: readonly WeightRule[] = [
  [/^synthesis\.lod$/, "$&"],
  [/^truncation\.w_avg$/, "$&"],
  [/^truncation\.truncation$/, null],
  [/^mapping\.label_weight$/, "$&"],
  [/^synthesis\.layer0\.const$/, "$&", squeezed(0)],
  [/^synthesis\.layer\d+\.blur\.kernel$/, null],
];

const genforce: Omit<Source, "networks"> = {
  name: "genforce",
  markers: ["synthesis.layer0.const", "mapping.dense0.weight"],
  rules: () => [
    ...genforceRules,
    [/^mapping\.dense\d+\.(weight|bias)$/, "$&"],
    [/^synthesis\.layer\d+\.apply_noise\.noise$/, "$&", squeezed(0, 1)],
    // genforce fuses from 128 pixels on, as the official "auto": layer 10.
    [/^synthesis\.layer[2468]\.weight$/, "$&", flipped],
    [/^synthesis\.(layer|output)\d+\.(weight|bias)$/, "$&"],
    [/^synthesis\.layer\d+\.(apply_noise\.weight|style\.weight|style\.bias)$/, "$&"],
  ],
  settings: () => OFFICIAL,
};

const klish: Source = {
  name: "KLiSH",
  networks: [""],
  markers: ["synthesis.layer0.const", "mapping.dense0.fc.weight"],
  rules: () => [
    ...genforceRules,
    [/^(mapping\.dense\d+)\.fc\.weight$/, "$1.weight"],
    [/^(mapping\.dense\d+)\.wscale\.bias$/, "$1.bias"],
    [/^(synthesis\.layer\d+)\.epilogue\.apply_noise\.noise$/, "$1.apply_noise.noise", squeezed(0, 1)],
    [/^(synthesis\.layer\d+)\.epilogue\.(bias|apply_noise\.weight)$/, "$1.$2"],
    [/^(synthesis\.layer\d+)\.epilogue\.style_mod\.dense\.fc\.weight$/, "$1.style.weight"],
    [/^(synthesis\.layer\d+)\.epilogue\.style_mod\.dense\.wscale\.bias$/, "$1.style.bias"],
    // Layers that double their input and are not fused are convolutions, those that are have no module of their own.
    [/^(synthesis\.layer\d*[02468])\.conv\.weight$/, "$1.weight", flipped],
    [/^(synthesis\.layer\d*[02468])\.weight$/, "$1.weight", tensorflowConv],
    [/^(synthesis\.(?:layer|output)\d+)\.conv\.weight$/, "$1.weight"],
    [/^synthesis\.output\d+\.bias$/, "$&"],
  ],
  settings: () => OFFICIAL,
};

export const styleGanSources: readonly Source[] = [
  tensorflow,
  { ...genforce, networks: ["generator_smooth"] },
  { ...genforce, networks: [""] },
  klish,
];
