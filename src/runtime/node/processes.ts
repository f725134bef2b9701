import { fileURLToPath } from "node:url";

/** How a module of this package runs in a process of its own: the script, and arguments for Node before it. */
export interface Script {
  readonly file: string;
  readonly execArgv: readonly string[];
}

/**
 * A module of this package as a script, given without its extension relative to `base` (import.meta.url). The installed
 * package runs compiled JavaScript; in a checkout the process first learns to read TypeScript, from tsx.
 */
export function scriptOf(name: string, base: string): Script {
  const fromSource = base.endsWith(".ts");
  return {
    file: fileURLToPath(new URL(`${name}.${fromSource ? "ts" : "js"}`, base)),
    execArgv: fromSource ? ["--import", import.meta.resolve("tsx")] : [],
  };
}
