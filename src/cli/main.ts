#!/usr/bin/env node
import { outliveOutput } from "./closedOutput.ts";
import { runKlish } from "./program.ts";

outliveOutput();

const code = await runKlish(process.argv.slice(2));
// A command that found faults has set the code itself.
if (code !== 0) process.exitCode = code;
