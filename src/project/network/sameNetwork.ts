import { ProjectError } from "../storage/files.ts";
import { type OpenedNetwork, type OpenNetworkOptions, openNetwork } from "./network.ts";

/** The generator that something was made with. */
export interface KnownNetwork {
  readonly sha256: string;
  /** What was made with it, as a message names it: a project's folder. */
  readonly of: string;
}

/** Opens a generator, and throws ProjectError where its content is not that of the known one: what was made does not fit another. */
export async function openSameNetwork(
  fileOrUrl: string,
  { sha256, of }: KnownNetwork,
  options: OpenNetworkOptions,
): Promise<OpenedNetwork> {
  const opened = await openNetwork(fileOrUrl, options);
  if (opened.sha256 === sha256) return opened;
  await opened.generator.dispose();
  throw new ProjectError(
    `${opened.path} is not the generator that ${of} was made from (its content differs). Give that one with --network.`,
  );
}
