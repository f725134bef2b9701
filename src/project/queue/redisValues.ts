import type { QueueAddress } from "./address.ts";
import { load } from "./backend.ts";
import { bytesOf, KEPT_MS, type QueueValues } from "./queueValues.ts";

/** Redis takes values of 512 MB. */
const MOST_BYTES = 500e6;

/** Values of Redis; a bell is a list. `trouble` hears of each failure to reach the server. Rejects with ProjectError where ioredis is missing. */
export async function redisValues({ url }: QueueAddress, trouble: (error: Error) => void): Promise<QueueValues> {
  const { Redis } = await load(import("ioredis"), "redis");
  const [redis, waiting] = [0, 1].map(() => new Redis(url, { maxRetriesPerRequest: null }).on("error", trouble));
  return {
    mostBytes: MOST_BYTES,
    async get(...keys) {
      return (await redis.mgetBuffer(keys)).map((value) => value ?? undefined);
    },
    async set(key, value, milliseconds = KEPT_MS) {
      await redis.set(key, bytesOf(value), "PX", milliseconds);
    },
    add: async (key, value) => (await redis.set(key, bytesOf(value), "PX", KEPT_MS, "NX")) !== null,
    async delete(...keys) {
      await redis.del(keys);
    },
    async ring(bell, word) {
      await redis.multi().rpush(bell, word).pexpire(bell, KEPT_MS).exec();
    },
    wait: async (bell, seconds) => (await waiting.blpop(bell, seconds))?.[1],
    close() {
      for (const connection of [redis, waiting]) connection.disconnect();
    },
  };
}
