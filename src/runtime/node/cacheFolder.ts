import { homedir } from "node:os";
import { join } from "node:path";

/** Where klish keeps what it can make again: KLISH_CACHE, or the platform's cache folder. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const { KLISH_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = environment;
  if (KLISH_CACHE) return KLISH_CACHE;
  if (platform === "win32") return join(LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "klish");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "klish");
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "klish");
}
