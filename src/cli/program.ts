import { Command, CommanderError } from "commander";
import { isForUsers } from "../project/jobs/errors.ts";
import { packageVersion } from "../project/storage/versions.ts";
import { visibleLines } from "../text/escape.ts";
import { addAuto } from "./commands/auto.ts";
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
import { addPaint } from "./commands/paint.ts";
import { addPortraits } from "./commands/portraits.ts";
import { addReport } from "./commands/report.ts";
import { addSegment } from "./commands/segment.ts";
import { addStudio } from "./commands/studio.ts";
import { addTrain } from "./commands/train.ts";
import { addWorker } from "./commands/worker.ts";
import { tooFewFiles } from "./fileLimit.ts";
import { EXIT_FAILED, EXIT_USAGE, SignalError } from "./run.ts";
import { exitCodeOf } from "./signals.ts";
import { tell } from "./terminal.ts";
import { guideFromWrongDoors } from "./wrongDoors.ts";

/** Every command, in the order of help: find the parts, name them, make data, measure; make networks; look. */
const COMMANDS = [
  addStudio,
  addAuto,
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
  addSegment,
  addPaint,
  addConvert,
  addWorker,
  addInfo,
  addDoctor,
];

/** Runs a command line without its first two words; resolves to the exit code. */
export async function runKlish(args: readonly string[]): Promise<number> {
  try {
    await klishProgram().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return report(error);
  }
}

/** The command line. It throws CommanderError instead of ending the process; wrong usage is told on stderr before. */
export function klishProgram(): Command {
  const program = new Command("klish")
    .description("Semantic parts of any GAN, found without a label.")
    .version(packageVersion())
    .enablePositionalOptions()
    .configureOutput({
      outputError: (text, write) =>
        write(visibleLines(text.replace(/\n\(Did you mean (.+)\?\)/, "; did you mean $1?"))),
    })
    .exitOverride();
  for (const add of COMMANDS) add(program);
  guideFromWrongDoors(program);
  pointToHelp(program, []);
  return program;
}

/** Every usage error ends with how the command is used. */
function pointToHelp(command: Command, path: readonly string[]): void {
  const here = [...path, command.name()];
  command.showHelpAfterError(`usage: ${here.join(" ")} ${command.usage()}; --help says more`);
  for (const inner of command.commands) pointToHelp(inner, here);
}

/**
 * Further lines of a message are set in, so that a line break in a name does not begin a line of ours. Those of a GeneratorError may
 * be a program to be copied (see `pytorchExport`), which has to stay as it is; names in them have no line breaks.
 */
function messageLines(name: string, message: string): string[] {
  const [first, ...rest] = message.split("\n");
  return [`klish: ${first}`, ...rest.map((line) => (name === "GeneratorError" || line === "" ? line : `  ${line}`))];
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof SignalError) {
    tell("stopped; run the same command again to continue");
    return exitCodeOf(error.signal);
  }
  const thrown = error instanceof Error ? error : new Error(String(error));
  const { name, message, stack } = thrown;
  const limit = isForUsers(thrown) ? undefined : tooFewFiles();
  if (isForUsers(thrown)) tell(...messageLines(name, message));
  else if (limit !== undefined) tell(limit, `  what failed: ${message}`);
  else tell("klish: unexpected error, please report it:", ...(stack ?? message).split("\n"));
  return EXIT_FAILED;
}
