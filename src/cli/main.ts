#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { packageVersion } from "../project/storage/versions.ts";
import { outliveOutput } from "./closedOutput.ts";
import { addCheck } from "./commands/check.ts";
import { addCluster } from "./commands/cluster.ts";
import { addConvert } from "./commands/convert.ts";
import { addDataset } from "./commands/dataset.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEdit } from "./commands/edit.ts";
import { addEvaluate } from "./commands/evaluate.ts";
import { addGenerate } from "./commands/generate.ts";
import { addInfo } from "./commands/info.ts";
import { addLabel } from "./commands/label.ts";
import { addPortraits } from "./commands/portraits.ts";
import { addReport } from "./commands/report.ts";
import { addTrain } from "./commands/train.ts";
import { EXIT_FAILED, EXIT_USAGE, SignalError } from "./run.ts";
import { exitCodeOf } from "./signals.ts";

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

outliveOutput();

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
  if (error instanceof SignalError) {
    process.stderr.write("stopped; run the same command again to continue\n");
    return exitCodeOf(error.signal);
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(
    EXPECTED.has(name) ? `klish: ${message}\n` : `klish: unexpected error, please report it:\n${stack}\n`,
  );
  return EXIT_FAILED;
}
