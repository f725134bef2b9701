import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import type { Command } from "commander";
import { versions } from "../../project/storage/versions.ts";
import { cacheFolder } from "../../runtime/node/cacheFolder.ts";
import { type ProviderReport, providerReports, resolveProvider } from "../../runtime/node/providers.ts";
import { withOutput } from "../options.ts";
import { conclude, type OutputOptions } from "../run.ts";
import { shellCommand } from "../shell.ts";
import { table } from "../table.ts";

/** klish doctor: what this machine can run. */
export function addDoctor(program: Command): void {
  const doctor = program
    .command("doctor")
    .summary("test what this machine can run, and whether it computes rightly")
    .description(
      "Runs every operator and its gradient on every provider (cpu, webgpu, cuda) and compares with exact results. A provider " +
        "that computes wrongly is refused by all commands. Takes from seconds to a minute; results are remembered.",
    );
  withOutput(doctor).action(async (options: OutputOptions) => {
    const reports = await providerReports({ fresh: true });
    const chosen = await resolveProvider("auto");
    const machine = {
      platform: `${process.platform} ${process.arch}`,
      processor: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      memory: `${gib(totalmem())} GiB, ${gib(freemem())} free`,
      cache: cacheFolder(),
      ...versions(),
    };
    const lines = [
      ...table(Object.entries(machine).map(([name, value]) => [name, String(value)])),
      "",
      ...table([["provider", "verdict", "operators", "worst error", "3x3 conv", ""], ...reports.map(row)]),
      "",
      `--provider auto means ${chosen} here`,
    ];
    conclude({ machine, providers: reports, auto: chosen }, lines, options, [
      [
        shellCommand("cluster", "--network", "portraits", "--images", "64", "--outdir", "parts"),
        "try the generator that comes with klish",
      ],
    ]);
  });
}

const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

function row({ provider, verdict, reason, passed, total, worst, milliseconds }: ProviderReport): string[] {
  if (verdict === "absent") return [provider, "not available", "", "", "", reason];
  return [
    provider,
    verdict === "ok" ? "ok" : "WRONG, refused",
    `${passed} of ${total}`,
    worst.toExponential(1),
    milliseconds === null ? "" : `${milliseconds.toFixed(1)} ms`,
    reason,
  ];
}
