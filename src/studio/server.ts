/** The studio's server: one folder, one user, on loopback unless it is told otherwise. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { getRequestListener } from "@hono/node-server";
import { runJob } from "../project/jobs/runJob.ts";
import { ProjectError } from "../project/storage/files.ts";
import { studioApp } from "./app.ts";
import { openPainters } from "./drawing/painters.ts";
import { openPictures } from "./drawing/pictures.ts";
import { openJobs, type RunJob } from "./jobs/jobs.ts";
import { openWorkspace } from "./places/workspace.ts";
import { watchWorkspace } from "./watch.ts";
import { isLocal, isOwnHost, newSession, ticketOffice } from "./web/access.ts";
import { newEvents } from "./web/events.ts";
import { builtPage } from "./web/files.ts";

/** What the studio opens, and where it listens. */
export interface StudioOptions {
  /** The folder; it need not be there. */
  readonly folder: string;
  /** Default: 127.0.0.1. Anything else serves other machines, and paths outside the folder are refused then. */
  readonly host?: string;
  /** Default: any that is free. */
  readonly port?: number;
  /** How jobs are run; for tests. Default: in a thread each. */
  readonly run?: RunJob;
  /** The folder of the built page; for tests. Default: that of the package. */
  readonly page?: string;
}

/** A server that listens. */
export interface Studio {
  /** The address to open: whoever has it may use the studio. */
  readonly url: string;
  /** The same for other machines, where it listens on all of this one's addresses. */
  readonly others: readonly string[];
  readonly port: number;
  readonly token: string;
  /** An address that lets one browser in, within a minute. */
  ticket(): string;
  /** Stops jobs at their next safe point, answers what was asked, and ends. */
  close(): Promise<void>;
}

/** Starts the server. Rejects with ProjectError where the folder is a file or open in another studio, the page is not built, or the port is taken. */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  const { folder, host = "127.0.0.1", port = 0, run = runJob } = options;
  const workspace = await openWorkspace(folder);
  const page = options.page ?? (await builtPage("studio"));
  const outsidePaths = isLocal(host);
  const events = newEvents();
  const jobs = await openJobs({ workspace, events, outsidePaths, run });
  const pictures = openPictures();
  const painters = openPainters();
  const endWatching = watchWorkspace(workspace, events);
  const session = newSession();
  const tickets = ticketOffice();
  const isOwn = (header: string | undefined): boolean => isOwnHost(header, host);
  const app = studioApp({ workspace, events, jobs, outsidePaths, pictures, painters, session, tickets, isOwn, page });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  const end = async (): Promise<void> => {
    endWatching();
    events.close();
    await Promise.all([jobs.close(), pictures.close(), painters.close()]);
  };
  server.listen(port, host);
  await once(server, "listening").catch(async (error) => {
    await end();
    throw refusedPort(error as NodeJS.ErrnoException, host, port);
  });
  const { port: bound } = server.address() as AddressInfo;
  // Whoever listens everywhere is reached on this machine, too; by IPv4 also where it listens on IPv6, which a machine need not have.
  const everywhere = host === "0.0.0.0" || host === "::";
  const shown = everywhere ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const home = `http://${shown}:${bound}/`;
  const others = everywhere ? ownAddresses() : [];
  return {
    url: `${home}?token=${session.token}`,
    others: others.map((address) => `http://${address}:${bound}/?token=${session.token}`),
    ticket: () => `${home}?ticket=${tickets.issue()}`,
    port: bound,
    token: session.token,
    async close() {
      const closed = once(server, "close");
      server.close();
      await end();
      server.closeIdleConnections();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** By which other machines know this one. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((list = []) => list)
    .flatMap(({ family, internal, address }) => (family === "IPv4" && !internal ? [address] : []));

/** Why nothing can listen there. */
function refusedPort(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const at = port === 0 ? host : `${host}, port ${port}`;
  const reason = {
    EADDRINUSE: "another program listens there. Choose another --port, or none: any that is free is taken",
    EACCES: "this needs more rights. Choose a --port of at least 1024",
    EADDRNOTAVAIL: "this machine does not have that address. Give --host one of its own, or 0.0.0.0",
    EAFNOSUPPORT: "this machine has no such addresses. Give --host 0.0.0.0",
    ENOTFOUND: "there is no such address. Give --host one of this machine, or 0.0.0.0",
  }[error.code ?? ""];
  return reason === undefined ? error : new ProjectError(`${at}: ${reason}.`, { cause: error });
}
