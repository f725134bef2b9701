/** The ways in which PGGAN weights are stored, as translations to the names and layouts that `pggan.ts` describes. */
import { GeneratorError } from "../errors.ts";
import type { WeightSource } from "../family.ts";
import { flipped, permuted, tensorflowConv, unflattened } from "../layout.ts";
import { tensorflowLayer, tensorflowOutputs } from "../progressive.ts";
import { ANY, checkSettings, type SettingsTable, tensorflowSettings } from "../settings.ts";
import type { WeightRule } from "../weights.ts";
import type { PgganSettings, PgganSizes } from "./pgganSpec.ts";

type Source = WeightSource<PgganSizes, PgganSettings>;

const tensorflow: Source = {
  name: "NVIDIA TensorFlow",
  networks: ["Gs"],
  markers: ["4x4/Dense/weight"],
  rules: (stored) => [
    [/^lod$/, "lod"],
    [/^4x4\/Dense\/weight$/, "layer0.weight", unflattened(4, 4)],
    // Conv0 doubles its input by nearest neighbours first; Conv0_up is fused, [kh,kw,O,I].
    [/^(\d+)x\1\/(Conv0)\/weight$/, (r, l) => `layer${tensorflowLayer(r, l)}.weight`, tensorflowConv, flipped],
    [/^(\d+)x\1\/(Conv0_up)\/weight$/, (r, l) => `layer${tensorflowLayer(r, l)}.weight`, permuted(2, 3, 0, 1)],
    [/^(\d+)x\1\/(Conv1?)\/weight$/, (r, l) => `layer${tensorflowLayer(r, l)}.weight`, tensorflowConv],
    [/^(\d+)x\1\/(Dense|Conv0|Conv0_up|Conv1?)\/bias$/, (r, l) => `layer${tensorflowLayer(r, l)}.bias`],
    ...tensorflowOutputs(stored, ""),
  ],
  settings(config, sizes) {
    const settings = tensorflowSettings(config);
    const cDim = labelSize(settings["label_size"] ?? 0, sizes);
    checkSettings("PGGAN Gs", settings, tensorflowTable(sizes, cDim));
    return { cDim };
  },
};

/** The arguments of NVIDIA's G_paper, and D's that their files repeat. */
const tensorflowTable = ({ resolution, imageChannels, latentDim }: PgganSizes, cDim: number): SettingsTable => ({
  resolution: [resolution],
  num_channels: [imageChannels],
  label_size: [cDim],
  latent_size: [latentDim - cDim, null],
  normalize_latents: [true],
  use_wscale: [true],
  use_pixelnorm: [true],
  pixelnorm_epsilon: [1e-8],
  use_leakyrelu: [true],
  fused_scale: ANY,
  fmap_base: ANY,
  fmap_decay: ANY,
  fmap_max: ANY,
  mbstd_group_size: ANY,
  dtype: ANY,
  structure: ANY,
});

const genforceRules = (conv: string, bias: string): readonly WeightRule[] => [
  [/^lod$/, "lod"],
  // A convolution with padding 3 on one pixel reads the kernel backwards.
  [named("layer0", conv), "layer0.weight", permuted(1, 0, 2, 3), flipped],
  [named(String.raw`layer(\d*[02468])`, conv), "layer$1.weight", flipped],
  [named(String.raw`(layer|output)(\d+)`, conv), "$1$2.weight"],
  [named(String.raw`(layer|output)(\d+)`, bias), "$1$2.bias"],
];
const named = (layer: string, weight: string): RegExp => new RegExp(`^${layer}\\.${weight.replace(".", "\\.")}$`);

const unconditional = (): PgganSettings => ({ cDim: 0 });
const genforce: Omit<Source, "networks"> = {
  name: "genforce",
  markers: ["layer0.weight", "output0.weight", "lod"],
  rules: () => genforceRules("weight", "bias"),
  settings: unconditional,
};

const klish: Source = {
  name: "KLiSH",
  networks: [""],
  markers: ["layer0.conv.weight", "output0.conv.weight"],
  rules: () => genforceRules("conv.weight", "wscale.bias"),
  settings: unconditional,
};

/** A count of classes. Throws GeneratorError where layer 0 cannot take so many. */
export function labelSize(value: unknown, { latentDim }: PgganSizes): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < latentDim) return value;
  throw new GeneratorError(
    `PGGAN: the file says labels have ${String(value)} classes, layer 0 takes ${latentDim} numbers`,
  );
}

export const pgganSources: readonly Source[] = [
  tensorflow,
  { ...genforce, networks: ["generator_smooth"] },
  { ...genforce, networks: [""] },
  klish,
];
