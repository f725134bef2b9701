/** Workers that are `klish worker` on any machine: a queue deals seats to them, and each has a mailbox. */
import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { ShardCrew, ShardWorker } from "../../../pixels/shards/shardCrew.ts";
import type { Progress } from "../../../tensor/progress.ts";
import { visible } from "../../../text/escape.ts";
import type { OpenedNetwork } from "../../network/network.ts";
import { EXTRACTOR_FILE } from "../../network/photoExtractor.ts";
import { isShipped } from "../../network/shipped.ts";
import { parseQueueAddress } from "../../queue/address.ts";
import { answered, openBackend } from "../../queue/backend.ts";
import { openValues } from "../../queue/openValues.ts";
import { openRoot } from "../../queue/root.ts";
import { KEPT_SECONDS, QUEUE, type TaskEnvelope } from "../../queue/task.ts";
import { ProjectError } from "../../storage/files.ts";
import { GoneError, RunMailboxes } from "./mailbox.ts";
import { remoteWorker } from "./protocol.ts";
import type { ShardRecipe } from "./recipe.ts";
import { SEAT_KIND, type SeatPiece, type SeatSetup } from "./seatTask.ts";

export interface QueuedOptions {
  readonly queue: string;
  /** The folder that all machines share. */
  readonly root: string;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface QueuedWorkers {
  /** What happens with a worker that the crew lost. */
  lost(worker: ShardWorker, reason: string): void;
  close(): Promise<void>;
}

/** Between looks at who sits where, and at whether the tasks of empty seats are still there: milliseconds. */
const LOOK_MS = 500;
const OFFER_MS = 2000;
/** Tasks that fail in a row while nobody sits. */
const MOST_FAILURES = 8;
/** Seconds after which workers give up a run that they do not hear of: a coordinator that computes says nothing for a while. */
const SILENCE_SECONDS = 60;
/** Most that the end waits for a server that does not answer: milliseconds. */
const FAREWELL_MS = 2000;
const DISCONNECT_MS = 100;

/** Somebody on a seat. */
interface Sitting {
  readonly token: string;
  readonly worker: ShardWorker;
  gone?: Error;
}

/**
 * Offers a seat to each of `seats` workers, and has those who come join `crew`. Rejects with ProjectError where the server does not answer, and where the
 * generator is not in the root.
 */
export async function queuedWorkers(
  crew: Pick<ShardCrew, "join" | "lose" | "close">,
  { recipe, network, seats }: { readonly recipe: ShardRecipe; readonly network: OpenedNetwork; readonly seats: number },
  { queue: url, root, onProgress }: QueuedOptions,
): Promise<QueuedWorkers> {
  const address = parseQueueAddress(url);
  const setup: SeatSetup = { recipe, network: await placeOf(network, root) };
  let lastError: Error | undefined;
  const trouble = (error: Error): void => {
    lastError = error;
  };
  const values = await openValues(address, trouble);
  const queue = (await openBackend(address)).queue(QUEUE);
  queue.on("error", trouble);
  const run = randomBytes(8).toString("hex");
  const mailboxes = new RunMailboxes(values, run, seats, SILENCE_SECONDS);
  const refused = new Map<string, string>();
  /** Tokens of workers that were given up. */
  const left = new Set<string>();
  /** The tasks that stand for seats, by seat; and who took which. */
  const offered = new Map<number, string>();
  const sitting = new Map<number, Sitting>();
  let attempts = 0;
  let failures = 0;
  let lastOffers = performance.now();
  const offer = async (seat: number): Promise<void> => {
    const before = offered.get(seat);
    if (before !== undefined) await (await queue.getJob(before))?.remove().catch(() => undefined);
    const id = `${run}-${seat}-${attempts++}`;
    const piece: SeatPiece = { run, seat };
    const task: TaskEnvelope = {
      ...{ klish: recipe.klish, kind: SEAT_KIND, setup, piece },
      refused: [...refused].map(([worker, reason]) => ({ worker, reason })),
    };
    await queue.add(SEAT_KIND, task, {
      ...{ jobId: id, attempts: 1, removeOnComplete: true, removeOnFail: { age: KEPT_SECONDS } },
    });
    offered.set(seat, id);
  };
  /** Offers empty seats again whose tasks failed, or were forgotten. */
  const offerAgain = async (): Promise<void> => {
    if (performance.now() - lastOffers < OFFER_MS) return;
    for (const [seat, id] of offered) {
      if (sitting.has(seat)) continue;
      const job = await queue.getJob(id);
      if (job !== undefined && job.finishedOn === undefined) continue;
      if (job?.failedReason) {
        note(job.failedReason);
        if (sitting.size === 0 && ++failures >= MOST_FAILURES)
          crew.close(new ProjectError(`${failures} workers in a row failed, the last: ${visible(job.failedReason)}`));
      }
      await offer(seat);
    }
    lastOffers = performance.now();
  };
  const note = (text: string): void =>
    onProgress?.({ phase: "workers of the queue", done: sitting.size, total: seats, note: visible(text) });

  /** The worker of `token`, of which questions go through its mailbox. */
  const seated = (token: string): Sitting => {
    let n = 0;
    const exchange = (question: Uint8Array) => mailboxes.ask(token, n++, question, () => one.gone);
    const one: Sitting = { token, worker: remoteWorker(nameOf(token), recipe, exchange, () => undefined) };
    return one;
  };
  const leave = (seat: number, why: string): void => {
    const one = sitting.get(seat);
    if (one === undefined) return;
    sitting.delete(seat);
    left.add(one.token);
    one.gone = new GoneError(why);
    mailboxes.wake(one.token);
    crew.lose(one.worker, why);
  };
  const look = async (): Promise<void> => {
    await mailboxes.here();
    for (const [seat, token] of (await mailboxes.sitting()).entries()) {
      const before = sitting.get(seat);
      if (before?.token === token || (before === undefined && token === undefined)) continue;
      leave(seat, "not heard of any more");
      if (token === undefined) continue;
      const why = refused.get(nameOf(token));
      if (why !== undefined) {
        await mailboxes.dismiss(token, refusal(why));
        continue;
      }
      // The server had forgotten it, and with it what was asked: it begins again, on a seat that is offered again.
      if (left.has(token)) {
        await mailboxes.dismiss(token, "the run did not hear of this worker for too long");
        continue;
      }
      failures = 0;
      const one = seated(token);
      sitting.set(seat, one);
      note(`${one.worker.name} has come`);
      crew.join(one.worker);
    }
    await offerAgain();
  };

  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look).catch(trouble);
  }, LOOK_MS);
  const close = async (): Promise<void> => {
    clearInterval(timer);
    const farewell = async (): Promise<void> => {
      await looking;
      await mailboxes.close();
      for (const id of offered.values()) await (await queue.getJob(id))?.remove().catch(() => undefined);
      await queue.close();
    };
    await Promise.race([farewell().catch(() => undefined), pause(FAREWELL_MS)]);
    values.close();
    await Promise.race([queue.disconnect().catch(() => undefined), pause(DISCONNECT_MS)]);
  };
  try {
    await answered(Promise.all([queue.waitUntilReady(), mailboxes.here()]), address, () => lastError);
    for (let seat = 0; seat < seats; seat++) await offer(seat);
  } catch (error) {
    await close();
    throw error;
  }
  note("no workers yet: klish worker");
  return {
    lost(worker, reason) {
      const [seat, one] = [...sitting].find(([, sat]) => sat.worker === worker) ?? [];
      if (seat === undefined || one === undefined) return note(`${worker.name}: ${reason}`);
      // It is there, and not believed: its seat is for others.
      sitting.delete(seat);
      one.gone = new GoneError(reason);
      refused.set(worker.name, reason);
      note(`${worker.name} was refused: ${reason}`);
      looking = looking
        .then(async () => {
          await mailboxes.dismiss(one.token, refusal(reason));
          for (let s = 0; s < seats; s++) if (!sitting.has(s)) await offer(s);
        })
        .catch(() => undefined);
    },
    close,
  };
}

const refusal = (reason: string): string => `the run refused this worker's answers: ${reason}`;

/** A token without what makes it one of its kind. */
const nameOf = (token: string): string => visible(token.replace(/-[0-9a-f]{12}$/, "")).slice(0, 64);

/** Where workers find the generator. */
async function placeOf({ file, path }: OpenedNetwork, root: string): Promise<SeatSetup["network"]> {
  if (basename(file) === EXTRACTOR_FILE)
    throw new ProjectError(
      "photos through an extractor are not shared over a queue; --workers <n> on one machine does that.",
    );
  if (isShipped("generator", path)) return { shipped: path };
  return { path: await (await openRoot(root)).of(file) };
}
