/** BullMQ over Redis or PostgreSQL. Neither comes with klish: who uses a queue installs it. */
import { setTimeout as pause } from "node:timers/promises";
import type { Job, Queue, QueueEvents, Worker, WorkerOptions } from "bullmq";
import { ProjectError } from "../storage/files.ts";
import type { QueueAddress, QueueServer } from "./address.ts";

/** What is made on one server. Whoever makes one listens to its "error", or the process ends at the first. */
export interface QueueBackend {
  queue(name: string): Queue;
  events(name: string): QueueEvents;
  worker(
    name: string,
    work: (job: Job, token: string | undefined) => Promise<unknown>,
    options: Omit<WorkerOptions, "connection">,
  ): Worker;
  /** What a worker throws that has put a task back. */
  readonly DelayedError: new () => Error;
}

const DRIVERS: Readonly<Record<QueueServer, string>> = { redis: "ioredis", postgres: "pg" };
/** Loads a package that does not come with klish. Rejects with ProjectError that says what to install. */
export async function load<T>(loading: Promise<T>, server: QueueServer): Promise<T> {
  try {
    return await loading;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw cause;
    throw new ProjectError(
      `a queue on ${TITLES[server]} needs two packages that do not come with klish. Install them where klish is: npm install bullmq ${DRIVERS[server]}`,
      { cause },
    );
  }
}

const TITLES: Readonly<Record<QueueServer, string>> = { redis: "Redis", postgres: "PostgreSQL" };

/** Rejects with ProjectError that says what to install. */
export async function openBackend(
  { server, url }: QueueAddress,
  { migrate = false }: { readonly migrate?: boolean } = {},
): Promise<QueueBackend> {
  const bull = await load(import("bullmq"), server);
  // BullMQ would load it itself, and say less.
  await load(import(DRIVERS[server]), server);
  const { DelayedError } = bull;
  if (server === "redis") {
    // Commands wait for a server that is started again.
    const connection = { url, maxRetriesPerRequest: null };
    return {
      queue: (name) => new bull.Queue(name, { connection }),
      events: (name) => new bull.QueueEvents(name, { connection }),
      worker: (name, work, options) => new bull.Worker(name, work, { ...options, connection }),
      DelayedError,
    };
  }
  const classes = bull.withBackend(bull.createPostgresBackend);
  const connection = { connectionString: url, migrate };
  // The same classes over another server: BullMQ's types tell them apart.
  return {
    queue: (name) => new classes.Queue(name, { connection }) as unknown as Queue,
    events: (name) => new classes.QueueEvents(name, { connection }) as unknown as QueueEvents,
    worker: (name, work, options) =>
      new classes.Worker(name, work, { ...options, connection } as never) as unknown as Worker,
    DelayedError,
  };
}

/** What says that a server is away or starting, and not that a command is wrong: codes of Node and of PostgreSQL. */
const AWAY = /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08\w{3}|53300|57P0[123])$/;
const AWAY_WORDS =
  /Connection (terminated|is closed|ended)|timeout exceeded when trying to connect|connection timeout/i;
const RETRY_MS = 500;

/**
 * Does `command` until the server answers. Redis' client waits by itself, PostgreSQL's does not. `trouble` hears of each failure. Rejects with the signal's
 * reason, and with any other error.
 */
export async function patiently<T>(
  command: () => Promise<T>,
  { trouble, signal }: { readonly trouble: (error: Error) => void; readonly signal: AbortSignal | undefined },
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await command();
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException;
      if (!AWAY.test(code) && !AWAY_WORDS.test(message)) throw error;
      trouble(error as Error);
      await pause(RETRY_MS);
    }
  }
}

/** PostgreSQL's word for a table that is not there. */
const NO_TABLE = "42P01";

/** How long a server is waited for before it is called missing: milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * Waits until the server answers. `lastError` is what it said last. Rejects with ProjectError that shows the address without its secrets.
 */
export async function answered(
  ready: Promise<unknown>,
  { shown, server }: QueueAddress,
  lastError: () => Error | undefined,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lastError() ?? new Error("no answer")), PATIENCE_MS);
  });
  try {
    await Promise.race([ready, late]);
  } catch (cause) {
    const { name, message, code } = cause as NodeJS.ErrnoException;
    if (name === "SchemaMigrationRequiredError" || code === NO_TABLE)
      throw new ProjectError(
        `${shown} has no tables for queues, or older ones. Make them once with an account that may: klish worker --queue <url> --migrate --idle 0`,
        { cause },
      );
    const why = message === "" ? (code ?? name) : message.split("\n")[0];
    throw new ProjectError(
      `${shown} does not answer (${why}). Is ${TITLES[server]} running there, and are user and password right?`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}
