/** A seat among the workers of a clustering run, as a task of a queue. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { isShipped, shippedPath } from "../../network/shipped.ts";
import { parseQueueAddress } from "../../queue/address.ts";
import { openValues } from "../../queue/openValues.ts";
import { rootPath } from "../../queue/root.ts";
import type { TaskKind } from "../../queue/task.ts";
import { answerSeat } from "./mailbox.ts";
import { startProcess } from "./processes.ts";
import { shardRecipe } from "./recipe.ts";

/** What all workers of a run are told. */
export const seatSetup = z.strictObject({
  recipe: shardRecipe,
  /** The generator: a file below the root, or the name of one that comes with klish. */
  network: z.union([
    z.strictObject({ path: rootPath }),
    z.strictObject({ shipped: z.string().refine((name) => isShipped("generator", name)) }),
  ]),
});
export type SeatSetup = z.infer<typeof seatSetup>;

/** One seat. Whoever has it answers questions until the run is over. */
export const seatPiece = z.strictObject({
  run: z.string().regex(/^[0-9a-f]{16}$/),
  seat: z.int().min(0).max(4096),
});
export type SeatPiece = z.infer<typeof seatPiece>;

/** The name of the kind. */
export const SEAT_KIND = "cluster-shards";

/** Holds shards in a process of its own, so that the queue hears of the worker while it computes; carries what is asked and answered. */
export const clusterShards: TaskKind<SeatSetup, SeatPiece, { readonly answers: number }> = {
  name: SEAT_KIND,
  setup: seatSetup,
  piece: seatPiece,
  answer: z.strictObject({ answers: z.int().min(0) }),
  async open({ network }, { root, url, name, silence }) {
    const file = "path" in network ? await root.at(network.path) : shippedPath("generator", network.shipped);
    const address = parseQueueAddress(url);
    return {
      lanes: 1,
      async run({ run, seat }) {
        // BullMQ's own connection tells of the trouble.
        const values = await openValues(address, () => undefined);
        const holder = startProcess({ file });
        try {
          const token = `${name}-${randomBytes(6).toString("hex")}`;
          return { answers: await answerSeat(values, { run, seat, token, silence }, (asked) => holder.ask(asked)) };
        } finally {
          holder.end();
          values.close();
        }
      },
      close: async () => undefined,
    };
  },
};
