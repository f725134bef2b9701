/** Checks of a file's settings, which stand beside its weights. */
import type { ConfigObject, ConfigValue } from "../checkpoint/stateDict.ts";
import { GeneratorError } from "./errors.ts";

/** The value does not change what the network computes, or shows in the shapes of its weights. */
export const ANY = "any";

/** What settings may say: name -> the values that we can follow. */
export type SettingsTable = Readonly<Record<string, typeof ANY | readonly ConfigValue[]>>;

/** Throws GeneratorError for a setting that the table does not have or whose value is not in its list. */
export function checkSettings(network: string, settings: ConfigObject, table: SettingsTable): void {
  for (const [name, value] of Object.entries(settings)) {
    if (!Object.hasOwn(table, name))
      throw new GeneratorError(
        `${network}: the file sets ${name} = ${text(value)}, which is not known here; the images could come out wrong`,
      );
    const allowed = table[name];
    if (allowed !== ANY && !allowed.some((v) => text(v) === text(value)))
      throw new GeneratorError(
        `${network}: the file sets ${name} = ${text(value)}, expected ${allowed.map(text).join(" or ")}`,
      );
  }
}

/** The sizes of a network with styles that NVIDIA's arguments repeat. */
export interface StyleSizes {
  readonly resolution: number;
  readonly imageChannels: number;
  readonly zDim: number;
  readonly wDim: number;
  readonly cDim: number;
  readonly numWs: number;
  readonly mappingLayers: number;
}

/** The arguments that NVIDIA's networks of StyleGAN and StyleGAN2 in TensorFlow share. */
export const styleArguments = (s: StyleSizes): SettingsTable => ({
  resolution: [s.resolution],
  resolution_h: [s.resolution],
  resolution_w: [s.resolution],
  num_channels: [s.imageChannels],
  label_size: [s.cDim],
  latent_size: [s.zDim],
  dlatent_size: [s.wDim],
  dlatent_broadcast: [s.numWs, null],
  mapping_layers: [s.mappingLayers],
  mapping_fmaps: ANY,
  mapping_lrmul: ANY,
  mapping_nonlinearity: ["lrelu"],
  nonlinearity: ["lrelu"],
  normalize_latents: [true],
  use_noise: [true, false],
  randomize_noise: ANY,
  fmap_base: ANY,
  fmap_decay: ANY,
  fmap_max: ANY,
  dtype: ANY,
  structure: ANY,
  truncation_psi: ANY,
  truncation_cutoff: ANY,
  truncation_psi_val: ANY,
  truncation_cutoff_val: ANY,
  dlatent_avg_beta: ANY,
  style_mixing_prob: ANY,
  mapping_func: ANY,
  synthesis_func: ANY,
});

/** The settings of a TensorFlow network and of its components, as one table. */
export function tensorflowSettings(config: ConfigObject): ConfigObject {
  const components = isConfigObject(config["components"]) ? Object.values(config["components"]) : [];
  const parts = [...components.filter(isConfigObject).map(tensorflowSettings), config["static_kwargs"]];
  return Object.assign({}, ...parts.filter(isConfigObject)) as ConfigObject;
}

export const isConfigObject = (value: ConfigValue | undefined): value is ConfigObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A positive number, or `otherwise` where nothing is said. */
export function positiveSetting<T extends number | null>(
  network: string,
  settings: ConfigObject,
  name: string,
  otherwise: T,
): number | T {
  const value = settings[name] ?? otherwise;
  if (value === otherwise || (typeof value === "number" && value > 0 && Number.isFinite(value))) return value as number;
  throw new GeneratorError(`${network}: the file sets ${name} = ${text(value)}, expected a positive number`);
}

/** What our own files are called, and the keys of their metadata. */
export const OWN_SOURCE = "klish";
export const OWN_FAMILY = "klish.family";
export const OWN_SETTINGS = "klish.settings";

/** The settings in the metadata of our own files. */
export function ownSettings(network: string, metadata: ConfigObject): ConfigObject {
  let settings: unknown = {};
  try {
    settings = JSON.parse(String(metadata[OWN_SETTINGS] ?? "{}"));
  } catch (cause) {
    throw new GeneratorError(`${network}: the file's ${OWN_SETTINGS} are not JSON`, { cause });
  }
  if (!isConfigObject(settings as ConfigValue))
    throw new GeneratorError(`${network}: the file's ${OWN_SETTINGS} are not a JSON object`);
  return settings as ConfigObject;
}

const text = (value: ConfigValue | undefined): string =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v)) ?? "nothing";
