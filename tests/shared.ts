import { existsSync } from "node:fs";
import { resolve } from "node:path";

const folder = resolve(import.meta.dirname, "../../shared");

/** The optional folder of fixtures beside the repository. Tests that need it are skipped where it is absent. */
export const hasShared = existsSync(folder);

/** Absolute path of a file in the folder of fixtures. */
export const shared = (path: string): string => resolve(folder, path);
