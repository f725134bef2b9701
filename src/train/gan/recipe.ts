/** What a GAN's training is made of: a plain JSON object, every field with a default by resolution. */

/** The kinds of adaptive augmentation (StyleGAN2-ADA, appendix B), in the order in which they are applied. */
export const augmentKinds = [
  "xflip",
  "translate",
  "scale",
  "rotate",
  "brightness",
  "contrast",
  "saturation",
  "hue",
] as const;
/** An augmentation of StyleGAN2-ADA, by name. */
export type AugmentKind = (typeof augmentKinds)[number];

/** Adaptive augmentation: every transformation happens with probability p, which follows the sign of D on real images. */
export interface AugmentRecipe {
  /** p rises while the mean sign of D's outputs on real images is above this, and falls while it is below. */
  readonly target: number;
  /** Thousands of images in which p may move by 1. */
  readonly kimg: number;
  /** p at the start. */
  readonly initial: number;
  readonly kinds: readonly AugmentKind[];
}

/** All numbers of a training: sizes of the networks, losses, optimisers, augmentation, random numbers. */
export interface GanRecipe {
  /** Pixels of a side: a power of two, 16 to 1024. */
  readonly resolution: number;
  readonly imageChannels: number;
  /** Channels at resolution r are min(channelMax, channelBase / r). */
  readonly channelBase: number;
  readonly channelMax: number;
  readonly zDim: number;
  readonly wDim: number;
  readonly mappingLayers: number;
  /** Whether the generator's layers add noise of a learned strength: texture that the latent does not decide. */
  readonly noise: boolean;
  /** Images of one update. */
  readonly batch: number;
  /** Images whose standard deviation the discriminator sees together; divides `batch`. */
  readonly groupSize: number;
  readonly learningRate: number;
  /** Weight of R1. */
  readonly gamma: number;
  /** R1 every so many updates; 0: never. */
  readonly r1Interval: number;
  readonly pathLengthWeight: number;
  /** Path-length regularisation every so many updates; 0: never. */
  readonly pathLengthInterval: number;
  /** Probability that an image is made from two latents. */
  readonly styleMixing: number;
  /** Half-life of the generator's moving average, in thousands of images. */
  readonly emaKimg: number;
  /** The half-life is at most this part of the images seen so far; null: no limit. */
  readonly emaRampup: number | null;
  /** null: none. */
  readonly augment: AugmentRecipe | null;
  readonly seed: number;
}

/** StyleGAN2-ADA's images of an update, and its rule of thumb for the weight of R1. */
export const adaBatch = (resolution: number): number => Math.max(4, Math.min(32, 4096 / resolution));
export const adaGamma = (resolution: number, batch: number): number => (0.0002 * resolution ** 2) / batch;

/**
 * The recipe of StyleGAN2-ADA (Karras et al., 2020) with its rules for batch, gamma and moving average by resolution,
 * and networks of a size that a CPU trains: `overrides` replace any field; batch, gamma and emaKimg follow what is
 * overridden. Throws RangeError for values that do not fit together, naming the field.
 */
export function ganRecipe(resolution: number, overrides: Partial<GanRecipe> = {}): GanRecipe {
  const batch = overrides.batch ?? adaBatch(resolution);
  const recipe: GanRecipe = {
    resolution,
    imageChannels: 3,
    channelBase: resolution <= 128 ? 4096 : 16 * resolution,
    channelMax: resolution <= 128 ? 128 : 256,
    zDim: resolution <= 128 ? 128 : 256,
    wDim: resolution <= 128 ? 128 : 256,
    mappingLayers: 2,
    noise: true,
    batch,
    groupSize: batch % 4 === 0 ? 4 : 1,
    learningRate: resolution >= 1024 ? 0.002 : 0.0025,
    gamma: adaGamma(resolution, batch),
    r1Interval: 16,
    pathLengthWeight: 2,
    pathLengthInterval: 8,
    styleMixing: 0.9,
    emaKimg: (batch * 10) / 32,
    emaRampup: 0.05,
    augment: { target: 0.6, kimg: 500, initial: 0, kinds: augmentKinds },
    seed: 0,
    ...overrides,
  };
  check(recipe);
  return recipe;
}

/** More channels, numbers, layers or images in a batch are a mistake, or a file's that means harm. */
const MOST = 8192;

function check(recipe: GanRecipe): void {
  const { resolution, batch, groupSize, augment } = recipe;
  const refuse = (field: keyof GanRecipe, expected: string): never => {
    throw new RangeError(`GAN recipe: ${field} is ${JSON.stringify(recipe[field])}, expected ${expected}`);
  };
  if (!(resolution >= 16 && resolution <= 1024 && Number.isInteger(Math.log2(resolution))))
    refuse("resolution", "a power of two from 16 to 1024");
  for (const field of ["imageChannels", "channelMax", "zDim", "wDim", "mappingLayers", "batch", "groupSize"] as const)
    if (!(Number.isInteger(recipe[field]) && recipe[field] > 0 && recipe[field] <= MOST))
      refuse(field, `a positive whole number of at most ${MOST}`);
  if (!Number.isInteger(recipe.channelBase / resolution)) refuse("channelBase", `a multiple of ${resolution}`);
  if (batch % groupSize !== 0) refuse("groupSize", `a divisor of the batch ${batch}`);
  for (const field of ["r1Interval", "pathLengthInterval"] as const)
    if (!(Number.isInteger(recipe[field]) && recipe[field] >= 0)) refuse(field, "a whole number, 0 for never");
  for (const field of ["learningRate", "emaKimg"] as const)
    if (!(recipe[field] > 0 && Number.isFinite(recipe[field]))) refuse(field, "a positive number");
  for (const field of ["gamma", "pathLengthWeight"] as const)
    if (!(recipe[field] >= 0 && Number.isFinite(recipe[field]))) refuse(field, "a number from 0");
  if (!(recipe.styleMixing >= 0 && recipe.styleMixing <= 1)) refuse("styleMixing", "a probability");
  if (recipe.emaRampup !== null && !(recipe.emaRampup > 0)) refuse("emaRampup", "a positive number or null");
  if (!(Number.isInteger(recipe.seed) && recipe.seed >= 0 && recipe.seed < 2 ** 32))
    refuse("seed", "a whole number below 2^32");
  if (augment !== null) {
    const { target, kimg, initial, kinds } = augment;
    if (!(Math.abs(target) <= 1 && kimg > 0 && initial >= 0 && initial <= 1))
      refuse("augment", "a target from -1 to 1, a positive kimg and an initial p from 0 to 1");
    for (const kind of kinds)
      if (!augmentKinds.includes(kind)) refuse("augment", `kinds among ${augmentKinds.join(", ")}`);
    if (recipe.imageChannels !== 3 && recipe.imageChannels !== 1) refuse("imageChannels", "1 or 3 with augmentation");
  }
}
