#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { packageVersion } from "../project/versions.ts";
import { addCheck } from "./check.ts";
import { addCluster } from "./cluster.ts";
import { addConvert } from "./convert.ts";
import { addDataset } from "./dataset.ts";
import { addDoctor } from "./doctor.ts";
import { addEdit } from "./edit.ts";
import { addEvaluate } from "./evaluate.ts";
import { addGenerate } from "./generate.ts";
import { addInfo } from "./info.ts";
import { addLabel } from "./label.ts";
import { addPortraits } from "./portraits.ts";
import { addReport } from "./report.ts";
import { EXIT_FAILED, EXIT_STOPPED, EXIT_USAGE } from "./run.ts";
import { addTrain } from "./train.ts";

/** Errors whose message is written for users; others are defects and show where they come from. */
const EXPECTED = new Set([
  "CheckpointError",
  "GeneratorError",
  "OnnxError",
  "ProjectError",
  "RangeError",
  "RuntimeError",
  "TrainingError",
]);

const program = new Command("klish")
  .description("Semantic parts of any GAN, found without a label.")
  .version(packageVersion())
  .showHelpAfterError("(add --help for the options)")
  .enablePositionalOptions()
  .exitOverride();
for (const add of [
  addCluster,
  addReport,
  addLabel,
  addDataset,
  addCheck,
  addEdit,
  addEvaluate,
  addGenerate,
  addPortraits,
  addTrain,
  addConvert,
  addInfo,
  addDoctor,
])
  add(program);
for (const command of program.commands) command.exitOverride().showHelpAfterError("(add --help for the options)");

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  if (name === "StoppedError") {
    process.stderr.write("stopped; run the same command again to continue\n");
    return EXIT_STOPPED;
  }
  process.stderr.write(
    EXPECTED.has(name) ? `klish: ${message}\n` : `klish: unexpected error, please report it:\n${stack}\n`,
  );
  return EXIT_FAILED;
}
