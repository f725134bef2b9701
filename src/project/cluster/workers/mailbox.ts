/**
 * Questions and answers between a run and its workers as plain values of a Redis server: a mailbox for each worker, with its group of shards. Everything
 * is asked for by number, again and again until it is there, so nothing hangs where a server is started again, or forgets.
 */
import type { Redis } from "ioredis";

/** Values of a run that nobody asks for any more go after so long: milliseconds. */
const KEPT_MS = 3600e3;
/** Between looks, where no bell rings: seconds. */
const LOOK_SECONDS = 1;
/** Redis takes values of 512 MB; longer ones are refused in words that say what to do. */
const MOST_BYTES = 500e6;
/** Looks at which a run is not there before it is given up. */
const MOST_MISSES = 8;

const prefix = (run: string): string => `klish:cluster:${run}`;
const askKey = (run: string, token: string, n: number): string => `${prefix(run)}:${token}:ask:${n}`;
const answerKey = (run: string, token: string, n: number): string => `${prefix(run)}:${token}:answer:${n}`;
/** A list, to which a word is added when there is something to see. */
const bellOf = (run: string, token: string): string => `${prefix(run)}:${token}:bell`;
const hereKey = (run: string): string => `${prefix(run)}:here`;
/** Why a worker shall not go on. */
const outKey = (run: string, token: string): string => `${prefix(run)}:${token}:out`;
const seatKey = (run: string, seat: number): string => `${prefix(run)}:seat:${seat}`;

/** The run's own bell. */
const RUN = "run";
/** What a run says last. */
const OVER = "over";

function checkLength(bytes: Uint8Array): void {
  if (bytes.length > MOST_BYTES)
    throw new Error(`a message of ${bytes.length} bytes is more than Redis takes: use more shards (--shards)`);
}

async function ring(redis: Redis, run: string, token: string, word: string): Promise<void> {
  const bell = bellOf(run, token);
  await redis.multi().rpush(bell, word).pexpire(bell, KEPT_MS).exec();
}

/** The worker of a mailbox is gone. */
export class GoneError extends Error {
  override readonly name = "GoneError";
}

/** Where a run asks its workers. */
export class RunMailboxes {
  readonly #redis: Redis;
  readonly #waiting: Redis;
  readonly #run: string;
  readonly #seats: number;
  readonly #silence: number;
  /** What waits for a look, by token. */
  readonly #lookers = new Map<string, Set<() => void>>();
  #isOpen = true;
  readonly #listening: Promise<void>;

  /** `redis`: two connections, one of which waits most of the time. `silence`: seconds after which the run counts as gone. */
  constructor(redis: readonly [Redis, Redis], run: string, seats: number, silence: number) {
    [this.#redis, this.#waiting] = redis;
    this.#run = run;
    this.#seats = seats;
    this.#silence = silence;
    this.#listening = this.#listen();
  }

  /** Says that the run goes on. */
  async here(): Promise<void> {
    if (this.#isOpen) await this.#redis.set(hereKey(this.#run), "yes", "PX", this.#silence * 1000);
  }

  /** Who sits on each seat: a token that nobody else has, and the worker's name. */
  async sitting(): Promise<(string | null)[]> {
    return this.#redis.mget(Array.from({ length: this.#seats }, (_, seat) => seatKey(this.#run, seat)));
  }

  /** Question `n` to the worker of `token`, and its answer; rejects once `gone` says why there will be none. */
  async ask(token: string, n: number, question: Uint8Array, gone: () => Error | undefined): Promise<Uint8Array> {
    checkLength(question);
    const [ask, answer] = [askKey(this.#run, token, n), answerKey(this.#run, token, n)];
    for (;;) {
      const why = gone();
      if (why !== undefined) throw why;
      // Again, where the server has forgotten it.
      if ((await this.#redis.set(ask, Buffer.from(question), "PX", KEPT_MS, "NX")) !== null)
        await ring(this.#redis, this.#run, token, "ask");
      const said = await this.#redis.getBuffer(answer);
      if (said !== null) {
        await this.#redis.del(ask, answer);
        return said;
      }
      await this.#look(token);
    }
  }

  /** Tells a worker to go, and why. */
  async dismiss(token: string, why: string): Promise<void> {
    await this.#redis.set(outKey(this.#run, token), why.slice(0, 2000), "PX", KEPT_MS);
    await ring(this.#redis, this.#run, token, "out");
  }

  /** Wakes whoever waits for the worker of `token`. */
  wake(token: string): void {
    for (const look of this.#lookers.get(token) ?? []) look();
  }

  /** The run is over. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#redis.set(hereKey(this.#run), OVER, "PX", KEPT_MS);
    await ring(this.#redis, this.#run, RUN, "end");
    await this.#listening;
  }

  /** Waits until a bell rings for `token`, or for a while. */
  #look(token: string): Promise<void> {
    return new Promise((resolve) => {
      const lookers = this.#lookers.get(token) ?? new Set();
      this.#lookers.set(token, lookers);
      const done = (): void => {
        clearTimeout(timer);
        lookers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, LOOK_SECONDS * 1000);
      lookers.add(done);
    });
  }

  async #listen(): Promise<void> {
    while (this.#isOpen) {
      // A connection that was closed answers at once: nothing is open then.
      const rung = await this.#waiting.blpop(bellOf(this.#run, RUN), LOOK_SECONDS).catch(() => null);
      if (rung !== null) this.wake(rung[1]);
    }
  }
}

/** What a worker needs to sit on a seat. */
export interface Seat {
  readonly run: string;
  readonly seat: number;
  /** What nobody else is called. */
  readonly token: string;
  /** Seconds after which a worker that is not heard of has died. */
  readonly silence: number;
}

/**
 * Answers the questions of a run by `answer`, as the worker of one seat, until the run is over: the number of questions. Rejects with the run's reason where
 * it does not believe this worker, and where another has the seat.
 */
export async function answerSeat(
  [redis, waiting]: readonly [Redis, Redis],
  { run, seat, token, silence }: Seat,
  answer: (question: Uint8Array) => Promise<Uint8Array>,
): Promise<number> {
  const key = seatKey(run, seat);
  const sit = (): Promise<unknown> => redis.set(key, token, "PX", silence * 1000);
  let taken = false;
  // Others may be dealt the seat while this machine slept.
  const stay = async (): Promise<void> => {
    const sitting = await redis.get(key);
    if (sitting !== null && sitting !== token) taken = true;
    else await sit();
  };
  await sit();
  const timer = setInterval(() => void stay().catch(() => undefined), (silence * 1000) / 3);
  const last = { n: -1, answer: new Uint8Array(0) };
  const say = async (): Promise<void> => {
    await redis.set(answerKey(run, token, last.n), Buffer.from(last.answer), "PX", KEPT_MS);
    await ring(redis, run, RUN, token);
  };
  try {
    for (let misses = 0; misses < MOST_MISSES; ) {
      if (taken) throw new Error("another worker has this one's seat: it was not heard of for too long");
      const [out, question, here] = await Promise.all([
        redis.get(outKey(run, token)),
        redis.getBuffer(askKey(run, token, last.n + 1)),
        redis.get(hereKey(run)),
      ]);
      if (out !== null) throw new Error(`the run refused this worker's answers: ${out}`);
      if (question !== null) {
        const said = await answer(question);
        checkLength(said);
        last.n++;
        last.answer = new Uint8Array(said);
        await say();
        misses = 0;
        continue;
      }
      if (here === OVER) break;
      misses = here === null ? misses + 1 : 0;
      // A server that was started again may have lost the last answer.
      const isAsked = last.n >= 0 && (await redis.exists(askKey(run, token, last.n))) === 1;
      if (isAsked && (await redis.exists(answerKey(run, token, last.n))) === 0) await say();
      await waiting.blpop(bellOf(run, token), LOOK_SECONDS);
    }
    return last.n + 1;
  } finally {
    clearInterval(timer);
    if (!taken) await redis.del(key).catch(() => undefined);
  }
}
