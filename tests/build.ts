import { execFileSync } from "node:child_process";
import { resolve } from "node:path";

/** Compiles what has changed, before any test: commands are tested as they are installed, without the half second of a loader. */
export default function build(): void {
  const root = resolve(import.meta.dirname, "..");
  execFileSync(process.execPath, [resolve(root, "node_modules/typescript/bin/tsc"), "-b"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
}
