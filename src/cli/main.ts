#!/usr/bin/env node
import { outliveOutput } from "./closedOutput.ts";
import { tooFewFiles } from "./fileLimit.ts";
import { tell } from "./terminal.ts";

outliveOutput();

/** The command's exit code. */
async function run(): Promise<number> {
  let program: typeof import("./program.ts");
  try {
    program = await import("./program.ts");
  } catch (error) {
    // Nothing is done yet.
    const reason = tooFewFiles();
    if (reason === undefined) throw error;
    tell(reason);
    return 1;
  }
  return program.runKlish(process.argv.slice(2));
}

const code = await run();
// A command that found faults has set the code itself.
if (code !== 0) process.exitCode = code;
