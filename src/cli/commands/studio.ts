import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "commander";
import { studioRequest } from "../../studio/options.ts";
import { startStudio } from "../../studio/server.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { type OutputOptions, print } from "../run.ts";
import { onStopSignal } from "../signals.ts";
import { tell } from "../terminal.ts";

/** klish studio: everything in the browser. */
export function addStudio(program: Command): void {
  const studio = program
    .command("studio [folder]")
    .summary("find, name, correct, segment and paint in the browser")
    .description(
      "Opens a page on this machine: for a project of klish cluster, a training run or a data set; or, with a new folder, to begin with a " +
        "generator, photos, or the demo. What is done there is the same as by the commands, and on disk at once. Ctrl-C ends it.",
    );
  withOutput(withOptions(studio, studioRequest)).action(
    async (folder: string | undefined, { json = false, quiet = false }: OutputOptions) => {
      const { open, ...request } = requestOf(studio, studioRequest, folder === undefined ? {} : { folder });
      const { url, port, ticket, close } = await startStudio(request);
      const ended = stopped();
      print({ url, port, folder: request.folder }, [`klish studio is open at ${url}`], json);
      if (!json && !quiet) tell("Ctrl-C ends it; jobs that run then continue when it is opened again");
      if (open && !json) openBrowser(ticket());
      await ended;
      await close();
    },
  );
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
