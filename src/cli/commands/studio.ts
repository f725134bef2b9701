import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { paintPageRequest } from "../../project/paint/options.ts";
import { inGroup } from "../../project/requests/request.ts";
import { studioRequest } from "../../studio/options.ts";
import { startStudio } from "../../studio/server.ts";
import { shellWord } from "../../text/escape.ts";
import { requestOf, usageError, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, print, runWithProgress } from "../run.ts";
import { onStopSignal } from "../signals.ts";
import { tell } from "../terminal.ts";

/** Pages that stand alone. */
const PAGES = ["paint"] as const;

function pageOf(text: string): (typeof PAGES)[number] {
  const page = PAGES.find((name) => name === text);
  if (page === undefined) throw new InvalidArgumentError(`Allowed choices are ${PAGES.join(", ")}.`);
  return page;
}

interface Typed extends OutputOptions {
  readonly export?: (typeof PAGES)[number];
  readonly scenes?: string;
  readonly title?: string;
}

/** klish studio: everything in the browser, and pages of it that need no server. */
export function addStudio(program: Command): void {
  const studio = program
    .command("studio [folder] [outdir]")
    .summary("find, name, correct, segment and paint in the browser")
    .usage("[options] [folder]\n       klish studio --export paint [options] <model> <outdir>")
    .description(
      "Opens a page on this machine: for a project of klish cluster, a training run or a data set; or, with a new folder, to begin with a " +
        "generator, photos, or the demo. What is done there is the same as by the commands, and on disk at once. Ctrl-C ends it.",
    );
  const exported = inGroup("A page without a server", paintPageRequest.shape);
  withOutput(withOptions(withOptions(studio, studioRequest), z.strictObject(exported)))
    .addOption(
      new Option(
        "--export <page>",
        `write a folder that any static host serves: paint, with a painter (choices: ${PAGES})`,
      )
        .argParser(pageOf)
        .helpGroup("A page without a server:"),
    )
    .action((first: string | undefined, second: string | undefined, typed: Typed) =>
      typed.export === undefined ? serve(studio, first, second, typed) : exportPaint(studio, first, second, typed),
    );
}

async function serve(
  studio: Command,
  folder: string | undefined,
  excess: string | undefined,
  { json = false, quiet = false, scenes, title }: Typed,
): Promise<void> {
  if (scenes !== undefined || title !== undefined)
    usageError(studio, `${scenes === undefined ? "--title" : "--scenes"} goes with --export paint`);
  if (excess !== undefined) usageError(studio, `unexpected argument "${excess}"`);
  const { open, ...request } = requestOf(studio, studioRequest, folder === undefined ? {} : { folder });
  const { url, others, port, ticket, close } = await startStudio(request);
  const ended = stopped();
  const lines = [`klish studio is open at ${url}`, ...others.map((other) => `from other machines: ${other}`)];
  print({ url, others, port, folder: request.folder }, lines, json);
  if (!json && !quiet) tell("Ctrl-C ends it; jobs that run then continue when it is opened again");
  if (open && !json) openBrowser(ticket());
  await ended;
  await close();
}

async function exportPaint(
  studio: Command,
  model: string | undefined,
  outdir: string | undefined,
  options: OutputOptions,
): Promise<void> {
  if (model === undefined || outdir === undefined)
    return usageError(
      studio,
      "--export paint needs a painter and a folder: klish studio --export paint <model> <outdir>",
    );
  const request = requestOf(studio, paintPageRequest, { model, outdir });
  const result = await runWithProgress("paintPage", request, options);
  const scenes = result.scenes === 1 ? "1 scene" : `${result.scenes} scenes`;
  conclude(result, [`page     ${result.folder} (${result.classes.length} parts, ${scenes})`], options, [
    [`python3 -m http.server -d ${shellWord(result.folder)}`, "see it here; any static host serves it to others"],
  ]);
}

/** Resolves at the first signal; a second one ends the process. */
async function stopped(): Promise<void> {
  const controller = new AbortController();
  const asked = once(controller.signal, "abort");
  onStopSignal(
    () => {
      tell("ending; press Ctrl-C again to end at once");
      controller.abort();
    },
    () => undefined,
  );
  await asked;
}

/** What opens an address; elsewhere xdg-open does. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Opens an address where there is a browser; where there is none, the printed one does. */
function openBrowser(url: string): void {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (!(process.platform in OPENERS) && !DISPLAY && !WAYLAND_DISPLAY) return;
  const [command, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const browser = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  browser.on("error", () => tell("no browser was found: open the address yourself"));
  browser.unref();
}
