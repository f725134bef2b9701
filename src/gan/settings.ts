/** Checks of what a file says beside its weights. */
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
    throw new GeneratorError(`${network}: the file's ${OWN_SETTINGS} are no JSON object`);
  return settings as ConfigObject;
}

const text = (value: ConfigValue | undefined): string =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v)) ?? "nothing";
