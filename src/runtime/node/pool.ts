/** Pieces that one maker has at a time: while one is computed, the files of the other are encoded and written. */
const PIECES_EACH = 2;
/** Finished pieces, per maker, that may wait for a slower one before them. */
const WAITING_EACH = 4;

/**
 * Has pieces of work done by several makers side by side. `finished` gets what they made in the order of the pieces' numbers, which
 * follow each other, one at a time. Pieces are drawn only as makers become free, and few finished ones wait for their turn, so memory does not grow with their
 * number. After a failure, or once `stop` says so, no further piece is begun; those begun are finished first. Rejects with the
 * first failure.
 */
export async function makeInOrder<Piece extends { readonly index: number }, Made>(
  pieces: Iterator<Piece>,
  makers: readonly ((piece: Piece) => Promise<Made>)[],
  finished: (made: Made) => Promise<void>,
  stop: () => boolean,
): Promise<void> {
  const waiting = new Map<number, Made>();
  let next: number | undefined;
  let failure: unknown;
  let failed = false;
  let writing: Promise<void> = Promise.resolve();
  let wake: () => void = () => {};
  let woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const changed = (): void => {
    wake();
    woken = new Promise((resolve) => {
      wake = resolve;
    });
  };
  const fail = (error: unknown): void => {
    if (!failed) failure = error;
    failed = true;
    changed();
  };
  const drain = async (): Promise<void> => {
    while (next !== undefined && waiting.has(next) && !failed) {
      const made = waiting.get(next) as Made;
      waiting.delete(next);
      next++;
      await finished(made);
    }
    changed();
  };
  const lane = async (maker: (piece: Piece) => Promise<Made>): Promise<void> => {
    while (!failed && !stop()) {
      const { value, done } = pieces.next();
      if (done === true) return;
      next ??= value.index;
      try {
        waiting.set(value.index, await maker(value));
      } catch (error) {
        return fail(error);
      }
      writing = writing.then(drain).catch(fail);
      await writing;
      while (!failed && waiting.size > WAITING_EACH * makers.length) await woken;
    }
  };
  await Promise.all(makers.flatMap((maker) => Array.from({ length: PIECES_EACH }, () => lane(maker))));
  if (failed) throw failure;
}
