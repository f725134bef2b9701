import { join } from "node:path";
import type { Command } from "commander";
import { generateRequest } from "../../project/generate/options.ts";
import { truncationWarning } from "../../project/network/options.ts";
import { shellWord } from "../../text/escape.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type NextStep, type OutputOptions, runWithProgress, warn } from "../run.ts";
import { shellCommand } from "../shell.ts";

/** klish generate: images of a generator, by seed. */
export function addGenerate(program: Command): void {
  const generate = program
    .command("generate")
    .summary("write images and sample sheets of a generator")
    .description(
      "Writes one PNG per seed (seed0000.png, …), of projected ws, of mixed styles, or of frames between seeds. The same seed " +
        "gives the same latent as NVIDIA's tools.",
    )
    .addHelpText(
      "after",
      "\nA video of the frames:\n  ffmpeg -framerate 30 -i frame%04d.png -pix_fmt yuv420p video.mp4",
    );
  withOutput(withOptions(generate, generateRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(generate, generateRequest);
    warn(truncationWarning(request.truncationPsi));
    const { paths, warnings } = await runWithProgress("generate", request, options);
    for (const warning of warnings) warn(warning);
    const next: NextStep[] = [
      [shellCommand("cluster", "--network", request.network, "--outdir", "parts"), "find the parts of these images"],
    ];
    if (request.interpolate !== null)
      next.unshift([
        `ffmpeg -framerate 30 -i ${shellWord(join(request.outdir, "frame%04d.png"))} -pix_fmt yuv420p video.mp4`,
        "make a video of the frames",
      ]);
    conclude(paths, paths, options, next);
  });
}
