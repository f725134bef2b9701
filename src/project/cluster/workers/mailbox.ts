/**
 * Questions and answers between a run and its workers as values of the queue's server: a mailbox for each worker, with its group of shards. Everything
 * is asked for by number, again and again until it is there, so nothing hangs where a server is started again, or forgets.
 */
import type { QueueValues } from "../../queue/queueValues.ts";

/** Between looks, where no bell rings: seconds. */
const LOOK_SECONDS = 1;
/** Looks at which a run is not there before it is given up. */
const MOST_MISSES = 8;

const prefix = (run: string): string => `klish:cluster:${run}`;
const askKey = (run: string, token: string, n: number): string => `${prefix(run)}:${token}:ask:${n}`;
const answerKey = (run: string, token: string, n: number): string => `${prefix(run)}:${token}:answer:${n}`;
/** Rings when there is something to see. */
const bellOf = (run: string, token: string): string => `${prefix(run)}:${token}:bell`;
const hereKey = (run: string): string => `${prefix(run)}:here`;
/** Why a worker shall not go on. */
const outKey = (run: string, token: string): string => `${prefix(run)}:${token}:out`;
const seatKey = (run: string, seat: number): string => `${prefix(run)}:seat:${seat}`;

/** The run's own bell. */
const RUN = "run";
/** What a run says last. */
const OVER = "over";

/** Longer messages are refused in words that say what to do. */
function checkLength({ mostBytes }: QueueValues, bytes: Uint8Array): void {
  if (bytes.length > mostBytes)
    throw new Error(
      `a message of ${bytes.length} bytes is more than the queue's server takes: use more shards (--shards)`,
    );
}

/** The worker of a mailbox is gone. */
export class GoneError extends Error {
  override readonly name = "GoneError";
}

/** Where a run asks its workers. */
export class RunMailboxes {
  readonly #values: QueueValues;
  readonly #run: string;
  readonly #seats: number;
  readonly #silence: number;
  /** What waits for a look, by token. */
  readonly #lookers = new Map<string, Set<() => void>>();
  #isOpen = true;
  readonly #listening: Promise<void>;

  /** `silence`: seconds after which the run counts as gone. */
  constructor(values: QueueValues, run: string, seats: number, silence: number) {
    this.#values = values;
    this.#run = run;
    this.#seats = seats;
    this.#silence = silence;
    this.#listening = this.#listen();
  }

  /** Says that the run goes on. */
  async here(): Promise<void> {
    if (this.#isOpen) await this.#values.set(hereKey(this.#run), "yes", this.#silence * 1000);
  }

  /** Who sits on each seat: a token that nobody else has, and the worker's name. */
  async sitting(): Promise<(string | undefined)[]> {
    const seats = await this.#values.get(...Array.from({ length: this.#seats }, (_, seat) => seatKey(this.#run, seat)));
    return seats.map((token) => token?.toString("utf8"));
  }

  /** Question `n` to the worker of `token`, and its answer; rejects once `gone` says why there will be none. */
  async ask(token: string, n: number, question: Uint8Array, gone: () => Error | undefined): Promise<Uint8Array> {
    checkLength(this.#values, question);
    const [ask, answer] = [askKey(this.#run, token, n), answerKey(this.#run, token, n)];
    for (;;) {
      const why = gone();
      if (why !== undefined) throw why;
      // Again, where the server has forgotten it.
      if (await this.#values.add(ask, question)) await this.#values.ring(bellOf(this.#run, token), "ask");
      const [said] = await this.#values.get(answer);
      if (said !== undefined) {
        await this.#values.delete(ask, answer);
        return said;
      }
      await this.#look(token);
    }
  }

  /** Tells a worker to go, and why. */
  async dismiss(token: string, why: string): Promise<void> {
    await this.#values.set(outKey(this.#run, token), why.slice(0, 2000));
    await this.#values.ring(bellOf(this.#run, token), "out");
  }

  /** Wakes whoever waits for the worker of `token`. */
  wake(token: string): void {
    for (const look of this.#lookers.get(token) ?? []) look();
  }

  /** The run is over. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#values.set(hereKey(this.#run), OVER);
    await this.#values.ring(bellOf(this.#run, RUN), "end");
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
      const token = await this.#values.wait(bellOf(this.#run, RUN), LOOK_SECONDS).catch(() => undefined);
      if (token !== undefined) this.wake(token);
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
  values: QueueValues,
  { run, seat, token, silence }: Seat,
  answer: (question: Uint8Array) => Promise<Uint8Array>,
): Promise<number> {
  const key = seatKey(run, seat);
  const sit = (): Promise<void> => values.set(key, token, silence * 1000);
  let taken = false;
  // Others may be dealt the seat while this machine slept.
  const stay = async (): Promise<void> => {
    const [sitting] = await values.get(key);
    if (sitting !== undefined && sitting.toString("utf8") !== token) taken = true;
    else await sit();
  };
  await sit();
  const timer = setInterval(() => void stay().catch(() => undefined), (silence * 1000) / 3);
  const last: { n: number; answer: Uint8Array } = { n: -1, answer: new Uint8Array(0) };
  const say = async (): Promise<void> => {
    await values.set(answerKey(run, token, last.n), last.answer);
    await values.ring(bellOf(run, RUN), token);
  };
  try {
    for (let misses = 0; misses < MOST_MISSES; ) {
      if (taken) throw new Error("another worker has this one's seat: it was not heard of for too long");
      const [out, question, here] = await values.get(outKey(run, token), askKey(run, token, last.n + 1), hereKey(run));
      if (out !== undefined) throw new Error(out.toString("utf8"));
      if (question !== undefined) {
        const said = await answer(question);
        checkLength(values, said);
        last.n++;
        last.answer = said;
        await say();
        misses = 0;
        continue;
      }
      if (here?.toString("utf8") === OVER) break;
      misses = here === undefined ? misses + 1 : 0;
      // A server that was started again may have lost the last answer.
      const [asked, said] = await values.get(askKey(run, token, last.n), answerKey(run, token, last.n));
      if (asked !== undefined && said === undefined) await say();
      await values.wait(bellOf(run, token), LOOK_SECONDS);
    }
    return last.n + 1;
  } finally {
    clearInterval(timer);
    if (!taken) await values.delete(key).catch(() => undefined);
  }
}
