/** Does the tasks of a queue: the side of a worker. */
import { setTimeout as pause } from "node:timers/promises";
import type { Job } from "bullmq";
import { plainIssues } from "../../text/issues.ts";
import { ProjectError } from "../storage/files.ts";
import { packageVersion } from "../storage/versions.ts";
import { parseQueueAddress } from "./address.ts";
import { answered, openBackend } from "./backend.ts";
import { migratePostgresValues } from "./postgresValues.ts";
import { type OpenTask, QUEUE, type TaskHost, type TaskKind, taskEnvelope } from "./task.ts";

export interface ServeOptions extends TaskHost {
  /** Seconds without work after which it ends; null: never. */
  readonly idle: number | null;
  /** Whether to make or update PostgreSQL's tables first. */
  readonly migrate?: boolean;
  /** The name of the queue on its server. Default: `QUEUE`. */
  readonly queue?: string;
  /** Aborted: it finishes what it has begun, and ends. */
  readonly signal?: AbortSignal;
  /** Gets what is worth a line in a log. */
  readonly tell: (line: string) => void;
}

/** A worker that dies takes its piece along; one piece may see many of them die. */
const MOST_DEATHS = 1000;
/** Before a task that was put back is offered again: milliseconds. */
const PUT_BACK_MS = 1000;
/** Most that the end waits for a server that does not answer: milliseconds. */
const FAREWELL_MS = 2000;
/** Before a server that is away is asked again: milliseconds. */
const RETRY_MS = 1000;
/** Between looks at whether there is work. */
const LOOK_MS = 200;

/**
 * Works until the signal, or for `idle` seconds without work. Resolves to the number of pieces done. Rejects with ProjectError where the server does not
 * answer, and where this machine cannot do what is asked: with another version, another generator or labels, or when its answers were refused. The task
 * is put back for others then.
 */
export async function serveTasks(kinds: readonly TaskKind[], options: ServeOptions): Promise<number> {
  const { url, name, idle, silence, migrate = false, queue = QUEUE, signal, tell } = options;
  const address = parseQueueAddress(url);
  const backend = await openBackend(address, { migrate });
  const klish = packageVersion();
  const tasks = openTasks(options);
  let done = 0;
  let active = 0;
  let last = performance.now();
  let leaving: Error | undefined;
  let lastError: Error | undefined;

  /** Puts a task back, says why, and ends. What comes until then goes back without a word: who waits counts those that leave. */
  const leave = async (job: Job, token: string | undefined, problem: string): Promise<never> => {
    if (leaving === undefined) {
      leaving = new ProjectError(problem);
      await job.updateProgress({ worker: name, problem: problem.slice(0, 2000) });
    }
    await job.moveToDelayed(Date.now() + PUT_BACK_MS, token);
    throw new backend.DelayedError();
  };
  const work = async (job: Job, token: string | undefined): Promise<unknown> => {
    const envelope = taskEnvelope.safeParse(job.data);
    if (!envelope.success) throw new Error(`${name}: not a task of klish: ${plainIssues(envelope.error, job.data)}`);
    const task = envelope.data;
    if (task.klish !== klish)
      return leave(
        job,
        token,
        `the run is of klish ${task.klish.replaceAll(/[^\w.+-]/g, "?")}, this worker of ${klish}: results could differ. Install one version on all machines.`,
      );
    const refusal = task.refused.find(({ worker }) => worker === name);
    if (refusal !== undefined) return leave(job, token, `the run refused this worker's answers: ${refusal.reason}`);
    const kind = kinds.find((k) => k.name === task.kind);
    if (kind === undefined) throw new Error(`${name}: there is no work called ${JSON.stringify(task.kind)}`);
    const setup = kind.setup.safeParse(task.setup);
    const piece = kind.piece.safeParse(task.piece);
    for (const { error, given } of [
      { ...setup, given: task.setup },
      { ...piece, given: task.piece },
    ])
      if (error !== undefined)
        throw new Error(`${name}: a ${kind.name} task that cannot be: ${plainIssues(error, given)}`);
    const use = await tasks.use(kind, setup.data);
    try {
      const opened = await use.opened.catch((error: Error) => error);
      if (opened instanceof Error) return await leave(job, token, opened.message);
      worker.concurrency = opened.lanes;
      const answer = await opened.run(piece.data).catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`, { cause: error });
      });
      done++;
      return { worker: name, answer };
    } finally {
      use.release();
    }
  };
  const worker = backend.worker(
    queue,
    async (job, token) => {
      active++;
      try {
        return await work(job, token);
      } finally {
        active--;
        last = performance.now();
      }
    },
    {
      name,
      autorun: false,
      concurrency: 1,
      lockDuration: silence * 1000,
      stalledInterval: (silence * 1000) / 2,
      maxStalledCount: MOST_DEATHS,
      runRetryDelay: RETRY_MS,
    },
  );
  let told = "";
  worker.on("error", (error) => {
    lastError = error;
    const line = `${address.shown}: ${error.message.split("\n")[0] || (error as NodeJS.ErrnoException).code}`;
    if (line !== told) tell(line);
    told = line;
  });
  worker.on("active", () => {
    told = "";
  });
  worker.on("failed", (_, error) => tell(error.message));
  worker.on("stalled", (id) => tell(`a worker died; its piece is done again (${id})`));
  try {
    await answered(worker.waitUntilReady(), address, () => lastError);
    if (migrate && address.server === "postgres") await migratePostgresValues(address);
    tell(`worker ${name} is ready for ${address.shown}, in ${options.root.folder} (klish ${klish})`);
    const running = worker.run();
    running.catch(() => undefined);
    while (leaving === undefined && !signal?.aborted) {
      if (idle !== null && active === 0 && performance.now() - last >= idle * 1000) break;
      await pause(LOOK_MS);
    }
  } finally {
    // What is begun is finished; a server that does not answer is left.
    const closed = worker.close(active === 0).catch(() => undefined);
    await (active > 0 ? closed : Promise.race([closed, pause(FAREWELL_MS)]));
    await tasks.close();
  }
  if (leaving !== undefined) throw leaving;
  return done;
}

/** The setup that is open, and those who use it: another is opened when they are done. */
function openTasks(host: TaskHost) {
  interface Open {
    readonly key: string;
    readonly opened: Promise<OpenTask<unknown, unknown>>;
    readonly users: Set<Promise<void>>;
  }
  let current: Open | undefined;
  const shut = async (open: Open | undefined): Promise<void> => {
    await open?.opened.then((task) => task.close()).catch(() => undefined);
  };
  return {
    async use(kind: TaskKind, setup: unknown) {
      const key = JSON.stringify([kind.name, setup]);
      while (current !== undefined && current.key !== key) {
        const other = current;
        await Promise.all(other.users);
        if (current !== other || other.users.size > 0) continue;
        current = undefined;
        await shut(other);
      }
      current ??= { key, opened: kind.open(setup, host), users: new Set() };
      const { opened, users } = current;
      // Told to whoever uses it.
      opened.catch(() => undefined);
      let release = (): void => {};
      const use = new Promise<void>((resolve) => {
        release = resolve;
      });
      users.add(use);
      return {
        opened,
        release: () => {
          users.delete(use);
          release();
        },
      };
    },
    close: () => shut(current),
  };
}
