/** Values beside a queue's tasks: the same on every server. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseQueueAddress } from "../../../src/project/queue/address.ts";
import { openValues } from "../../../src/project/queue/openValues.ts";
import { migratePostgresValues } from "../../../src/project/queue/postgresValues.ts";
import type { QueueValues } from "../../../src/project/queue/queueValues.ts";
import { hasPostgres, hasRedis, startPostgres, startRedis, type TestServer } from "./servers.ts";

const SERVERS = [
  ["Redis", hasRedis, startRedis, async () => undefined],
  ["PostgreSQL", hasPostgres, startPostgres, migratePostgresValues],
] as const;

for (const [name, isThere, startServer, migrate] of SERVERS)
  describe.skipIf(!isThere)(`values on ${name} (skipped where it is not installed)`, () => {
    let folder: string;
    let server: TestServer;
    let values: QueueValues;
    let other: QueueValues;
    const open = () => openValues(parseQueueAddress(server.url), () => undefined);
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "klish-values-"));
      server = await startServer(folder);
      // Twice, at once: as several workers may.
      await Promise.all([1, 2].map(() => migrate(parseQueueAddress(server.url))));
      [values, other] = [await open(), await open()];
    });
    afterAll(async () => {
      values.close();
      other.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it("are kept, replaced, added once, deleted, and gone after their time", async () => {
      const every = Uint8Array.from({ length: 256 }, (_, i) => i);
      await values.set("a", every);
      await values.set("b", "text");
      expect(await other.get("b", "none", "a")).toEqual([Buffer.from("text"), undefined, Buffer.from(every)]);
      await other.set("b", every.subarray(3, 5));
      expect(await values.add("b", every)).toBe(false);
      expect(await values.add("c", every.subarray(7, 8))).toBe(true);
      expect(await values.get("b", "c")).toEqual([Buffer.from([3, 4]), Buffer.from([7])]);
      await values.delete("b", "c", "none");
      await values.set("brief", "x", 20);
      while ((await values.get("brief"))[0] !== undefined) await pause(10);
      expect(await values.add("brief", every)).toBe(true);
      expect(await other.get("a", "b", "c", "brief")).toEqual([
        Buffer.from(every),
        undefined,
        undefined,
        Buffer.from(every),
      ]);
    });

    it("have bells that wake whoever waits, with every word in turn", async () => {
      // The first wait may only begin to listen.
      await values.wait("bell", 1);
      const heard = values.wait("bell", 60);
      await other.ring("another bell", "no");
      await other.ring("bell", "one");
      await other.ring("bell", "two");
      expect([await heard, await values.wait("bell", 60), await values.wait("bell", 1)]).toEqual([
        "one",
        "two",
        undefined,
      ]);
    });

    it("wait for a server that is started again, and reject once they are closed", async () => {
      await Promise.all([server.restart(), values.set("after", "x", 60_000)]);
      await values.set("after", "y");
      expect(await values.get("after")).toEqual([Buffer.from("y")]);
      const closed = await open();
      closed.close();
      await expect(closed.get("after")).rejects.toThrow();
    });
  });
