import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { QueueAddress } from "./address.ts";
import { load, patiently } from "./backend.ts";
import { bytesOf, KEPT_MS, type QueueValues } from "./queueValues.ts";

/** What is used of `pg`, which brings no types. */
interface Pg {
  readonly Pool: new (options: { readonly connectionString: string; readonly max?: number }) => Pool;
}
interface Pool {
  query(text: string, values?: readonly unknown[]): Promise<Found>;
  connect(): Promise<Client>;
  on(event: "error", listener: (error: Error) => void): this;
  end(): Promise<void>;
}
interface Client {
  query(text: string): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "notification", listener: (told: { readonly payload?: string }) => void): this;
  release(destroy: boolean): void;
}
interface Found {
  readonly rows: readonly { readonly key: string; readonly value: Buffer }[];
  readonly rowCount: number | null;
}

/** Of no use after a crash, and so not in the log that would bring it back; numbers are not compressed. */
const TABLE = `
  BEGIN;
  SELECT pg_advisory_xact_lock(hashtext('klish.kept'));
  CREATE SCHEMA IF NOT EXISTS klish;
  CREATE UNLOGGED TABLE IF NOT EXISTS klish.kept (key text PRIMARY KEY, value bytea NOT NULL, until timestamptz NOT NULL);
  ALTER TABLE klish.kept ALTER COLUMN value SET STORAGE EXTERNAL;
  COMMIT;`;
const PUT = `INSERT INTO klish.kept AS old VALUES ($1, $2, now() + $3 * interval '1 ms')
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until`;
const GET = "SELECT key, value FROM klish.kept WHERE key = ANY($1) AND until > now()";

const openPool = async (url: string, max: number): Promise<Pool> => {
  const name = "pg";
  const { default: pg } = (await load(import(name), "postgres")) as { readonly default: Pg };
  return new pg.Pool({ connectionString: url, max });
};

/** Makes the table of values, where there is none. */
export async function migratePostgresValues({ url }: QueueAddress): Promise<void> {
  const pool = await openPool(url, 1);
  try {
    await pool.query(TABLE);
  } finally {
    await pool.end();
  }
}

/**
 * Values of PostgreSQL; bells are notifications. `trouble` hears of each failure to reach the server. Rejects with ProjectError where pg is missing;
 * commands reject where there is no table.
 */
export async function postgresValues({ url }: QueueAddress, trouble: (error: Error) => void): Promise<QueueValues> {
  const pool = await openPool(url, 3);
  pool.on("error", trouble);
  const closing = new AbortController();
  const run = (text: string, values: readonly unknown[]): Promise<Found> =>
    patiently(() => pool.query(text, values), { trouble, signal: closing.signal });
  /** Those who listen, by bell: one connection each. */
  const ears = new Map<string, Ear>();
  await patiently(() => pool.query("DELETE FROM klish.kept WHERE until < now()"), {
    trouble,
    signal: AbortSignal.any([closing.signal, AbortSignal.timeout(CLEANING_MS)]),
  }).catch(() => undefined);
  return {
    mostBytes: MOST_BYTES,
    async get(...keys) {
      const { rows } = await run(GET, [keys]);
      const found = new Map(rows.map(({ key, value }) => [key, value]));
      return keys.map((key) => found.get(key));
    },
    async set(key, value, milliseconds = KEPT_MS) {
      await run(PUT, [key, bytesOf(value), milliseconds]);
    },
    add: async (key, value) =>
      (await run(`${PUT} WHERE old.until <= now()`, [key, bytesOf(value), KEPT_MS])).rowCount === 1,
    async delete(...keys) {
      await run("DELETE FROM klish.kept WHERE key = ANY($1)", [keys]);
    },
    async ring(bell, word) {
      await run("SELECT pg_notify($1, $2)", [channelOf(bell), word]);
    },
    async wait(bell, seconds) {
      const ear = ears.get(bell);
      if (ear !== undefined && !ear.isDeaf) return ear.hear(seconds);
      try {
        ears.set(bell, await Ear.open(pool, bell, trouble));
      } catch (error) {
        trouble(error as Error);
        await pause(seconds * 1000);
      }
      // What was said before is not heard: whoever waits looks again.
      return undefined;
    },
    close() {
      closing.abort(new Error("the queue's values are closed"));
      for (const ear of ears.values()) ear.close();
      pool.end().catch(() => undefined);
    },
  };
}

/** Values come as text of two digits a byte, and a text has half a billion at most. */
const MOST_BYTES = 250e6;
/** Most that old values are cleared away before anything else: milliseconds. */
const CLEANING_MS = 2000;

/** Names of channels have 63 characters at most. */
const channelOf = (bell: string): string => `klish_${createHash("sha256").update(bell).digest("hex").slice(0, 32)}`;

/** A connection that hears the words of one bell. */
class Ear {
  readonly #client: Client;
  readonly #words: string[] = [];
  #wake: () => void = () => undefined;
  /** Whether the connection has ended. */
  isDeaf = false;

  private constructor(client: Client, trouble: (error: Error) => void) {
    this.#client = client;
    client.on("notification", ({ payload = "" }) => {
      this.#words.push(payload);
      this.#wake();
    });
    client.on("error", (error) => {
      trouble(error);
      this.close();
    });
  }

  static async open(pool: Pool, bell: string, trouble: (error: Error) => void): Promise<Ear> {
    const client = await pool.connect();
    const ear = new Ear(client, trouble);
    await client.query(`LISTEN ${channelOf(bell)}`);
    return ear;
  }

  async hear(seconds: number): Promise<string | undefined> {
    if (this.#words.length === 0) {
      const enough = new AbortController();
      this.#wake = () => enough.abort();
      await pause(seconds * 1000, undefined, { signal: enough.signal }).catch(() => undefined);
      this.#wake = () => undefined;
    }
    return this.#words.shift();
  }

  close(): void {
    if (this.isDeaf) return;
    this.isDeaf = true;
    this.#wake();
    this.#client.release(true);
  }
}
