import type { Tensor } from "../tensor/tensor.ts";

/** How the latent of a generator is drawn: N(0,1), or uniform on [-1,1). */
export type LatentDistribution = "normal" | "uniform";
/** Noise of StyleGAN: the same for every image, none, or drawn by seed. */
export type NoiseMode = "const" | "none" | "random";

/** One inner feature map that can be asked for. `resolution` is its height (and width); NCHW. */
export interface LayerInfo {
  readonly name: string;
  readonly channels: number;
  readonly resolution: number;
}

/** Where a generator's weights come from. */
export interface GeneratorOrigin {
  /** The container, as `Checkpoint.format`. */
  readonly format: string;
  /** Whose names and layouts the file has: "NVIDIA TensorFlow", "genforce", ... */
  readonly source: string;
  /** The network of the file that was taken ("G_ema", "Gs", ...); "" for tensors at the top. */
  readonly network: string;
  /** Tensors of that network that have no part in making images. */
  readonly ignored: readonly string[];
}

/** What a generator is: sizes, layers, and where its weights are from. */
export interface GeneratorInfo {
  readonly family: string;
  readonly resolution: number;
  /** Colour channels of the image: 3, or 1 for grey. */
  readonly imageChannels: number;
  /** The range of image values, [-1,1] or [0,1]. */
  readonly imageRange: readonly [number, number];
  readonly latent: LatentDistribution;
  readonly zDim: number;
  /** 0 where the family has no such thing: w, a class label, per-layer ws. */
  readonly wDim: number;
  readonly cDim: number;
  readonly numWs: number;
  /** In forward order, low resolution first. */
  readonly layers: readonly LayerInfo[];
  /** For official checkpoints. */
  readonly origin?: GeneratorOrigin;
  /** What was detected or changed to use the file, beyond its family's rules: sentences for the user. */
  readonly notes?: readonly string[];
  /** Where a seed gives another image in each run: why, and what to do. */
  readonly varies?: string;
}

/** Which latents; exactly one of `seeds`, `z`, `ws`. */
export interface GenerateOptions {
  /** Seeds as NVIDIA's tools use them: z = RandomState(seed).randn(1, zDim), one sample a seed. */
  readonly seeds?: readonly number[];
  /** [N, zDim]. */
  readonly z?: Tensor;
  /** [N, numWs, wDim]: the input of the synthesis network; truncation does not apply. */
  readonly ws?: Tensor;
  /** [N, cDim] labels (one-hot), or [1, cDim] for all. Default for conditional networks: an error that lists the classes. */
  readonly c?: Tensor;
  /** 1 = no truncation (default). Without effect on families that have no w. */
  readonly truncationPsi?: number;
  /** Layers with an index below are truncated; default all. */
  readonly truncationCutoff?: number;
  /** Default "const". "random" is drawn from the sample's seed, so it is reproducible. */
  readonly noiseMode?: NoiseMode;
  /** Feature maps to return: by the paper's rule ("auto"), all, none (default), or by name. */
  readonly layers?: "none" | "auto" | "all" | readonly string[];
}

/** Images and inner maps of some samples. */
export interface GenerateResult {
  /** [N, C, R, R] in `info.imageRange`, not clamped. */
  readonly image: Tensor;
  /** Layer name -> [N, C, H, W], in forward order. */
  readonly features: ReadonlyMap<string, Tensor>;
  /** [N, numWs, wDim] for families with a mapping network. */
  readonly ws?: Tensor;
}

/** A trained generator, ready to run. Dispose of it when done: it owns native sessions. */
export interface Generator {
  readonly info: GeneratorInfo;
  generate(options: GenerateOptions): Promise<GenerateResult>;
  dispose(): Promise<void>;
}
