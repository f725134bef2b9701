/** Work on the same thing one after another: each begins when the one before has ended, however that ended. */
export function takingTurns(): <T>(of: string, work: () => Promise<T>) => Promise<T> {
  const turns = new Map<string, Promise<unknown>>();
  return (of, work) => {
    const turn = (turns.get(of) ?? Promise.resolve()).then(work);
    turns.set(
      of,
      turn.catch(() => undefined),
    );
    return turn;
  };
}
