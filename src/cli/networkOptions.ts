import { type Command, Option } from "commander";
import type { LatentDistribution, NoiseMode } from "../gan/generator.ts";
import { type ProviderChoice, providers } from "../runtime/session.ts";
import { parse } from "./run.ts";

/** The values of the options that every command with a generator has. */
export interface NetworkOptions {
  readonly network: string;
  readonly latent: LatentDistribution;
  readonly class?: number;
  readonly trunc?: number;
  readonly truncCutoff?: number;
  readonly noiseMode: NoiseMode;
  readonly provider: ProviderChoice;
  readonly threads?: number;
}

/** Which generator, how it samples and where it runs: NVIDIA's flags where NVIDIA has them. */
export function withNetworkOptions(command: Command, truncDefault: string): Command {
  return withRuntimeOptions(
    command
      .requiredOption(
        "--network <file>",
        "generator: any .onnx, or an official checkpoint (a file or an https URL); or portraits, which is shipped",
      )
      .addOption(
        new Option("--latent <distribution>", "how the latent of an .onnx generator is drawn: N(0,1) or U(-1,1)")
          .choices(["normal", "uniform"])
          .default("normal"),
      )
      .option("--class <index>", "class of a conditional generator", parse.integer(0))
      .option("--trunc <psi>", `truncation psi (${truncDefault})`, parse.number(-10, 10))
      .option("--trunc-cutoff <layers>", "truncate only the first layers (default: all)", parse.integer(0))
      .addOption(
        new Option("--noise-mode <mode>", "per-pixel noise of StyleGAN2")
          .choices(["const", "random", "none"])
          .default("const"),
      ),
  );
}

export function withRuntimeOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--provider <name>", "where the generator runs; auto takes the fastest that passes `klish doctor`")
        .choices([...providers, "auto"])
        .default("auto"),
    )
    .option("--threads <n>", "CPU threads (default: all cores)", parse.integer(1));
}
