import type { QueueAddress } from "./address.ts";
import { postgresValues } from "./postgresValues.ts";
import type { QueueValues } from "./queueValues.ts";
import { redisValues } from "./redisValues.ts";

/** The values on the server of a queue. `trouble` hears of each failure to reach it. Rejects with ProjectError where a package is missing. */
export const openValues = (address: QueueAddress, trouble: (error: Error) => void): Promise<QueueValues> =>
  address.server === "redis" ? redisValues(address, trouble) : postgresValues(address, trouble);
