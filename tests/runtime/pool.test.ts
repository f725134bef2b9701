import { describe, expect, it } from "vitest";
import { makeInOrder } from "../../src/runtime/node/pool.ts";

interface Piece {
  readonly index: number;
}

function* twenty(): Generator<Piece> {
  for (let index = 0; index < 20; index++) yield { index };
}
const never = (): boolean => false;

describe("makeInOrder()", () => {
  it("hands on in order what is made in any order, and keeps few back", async () => {
    const seen: number[] = [];
    let running = 0;
    let begun = 0;
    const slow = async ({ index }: Piece): Promise<number> => {
      begun = Math.max(begun, index);
      running++;
      await new Promise((done) => setTimeout(done, index === 0 ? 60 : 1));
      running--;
      return index;
    };
    const finished = async (made: number): Promise<void> => {
      if (made === 0) expect(begun).toBeLessThan(19);
      seen.push(made);
    };
    await makeInOrder(twenty(), [slow, slow], finished, never);
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(running).toBe(0);
  });

  it("tells of every piece whose maker gives nothing back", async () => {
    let told = 0;
    await makeInOrder(twenty(), [async () => undefined], async () => void told++, never);
    expect(told).toBe(20);
  });

  it("ends with the first failure, after what was begun", async () => {
    const seen: number[] = [];
    const maker = async ({ index }: Piece): Promise<number> => {
      if (index === 5) throw new RangeError("no more");
      return index;
    };
    const run = makeInOrder(twenty(), [maker], async (made) => void seen.push(made), never);
    await expect(run).rejects.toThrow("no more");
    expect(seen).toEqual([0, 1, 2, 3, 4].slice(0, seen.length));
    const full = makeInOrder(
      twenty(),
      [async ({ index }) => index],
      async () => Promise.reject(new Error("full")),
      never,
    );
    await expect(full).rejects.toThrow("full");
  });
});
