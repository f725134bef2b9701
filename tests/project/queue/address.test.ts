import { describe, expect, it } from "vitest";
import { withoutSecrets } from "../../../src/project/network/address.ts";
import { parseQueueAddress } from "../../../src/project/queue/address.ts";

describe("parseQueueAddress()", () => {
  it("reads Redis and PostgreSQL, and shows neither user nor password nor query", () => {
    expect(parseQueueAddress("redis://me:s3cret@host:6380/2?x=1", {})).toEqual({
      server: "redis",
      url: "redis://me:s3cret@host:6380/2?x=1",
      shown: "redis://host:6380/2",
    });
    expect(parseQueueAddress("postgresql://me:s3cret@host/db", {})).toMatchObject({
      server: "postgres",
      shown: "postgresql://host/db",
    });
    expect(parseQueueAddress("rediss://host", {}).server).toBe("redis");
  });

  it("takes what the address lacks from the environment, with any character in it", () => {
    const environment = { KLISH_QUEUE_USER: "me", KLISH_QUEUE_PASSWORD: "a/b@c:d" };
    expect(parseQueueAddress("redis://host", environment).url).toBe("redis://me:a%2Fb%40c%3Ad@host");
    expect(parseQueueAddress("redis://you:there@host", environment).url).toBe("redis://you:there@host");
  });

  it("repeats nothing of an address that it cannot read", () => {
    for (const text of ["redis//:s3cret@host", "http://me:s3cret@host", "redis://:s3cret@", "s3cret"])
      expect(() => parseQueueAddress(text, {}), text).toThrow(/^(?!.*s3cret)/);
    expect(() => parseQueueAddress("amqp://host", {})).toThrow("amqp:// is not a queue. Give it as redis://host:6379");
  });
});

describe("withoutSecrets()", () => {
  it("leaves nothing secret of a queue's or a bucket's address in a command that is kept", () => {
    expect(withoutSecrets("redis://me:s3cret@host:6379/2?password=s3cret")).toBe("redis://host:6379/2?…");
    expect(withoutSecrets("--queue=postgres://me:s3cret@host/db")).toBe("--queue=postgres://host/db");
    expect(withoutSecrets("s3://bucket/folder")).toBe("s3://bucket/folder");
    expect(withoutSecrets("--network=https://u:p@h/x?key=1")).toBe("--network=https://h/x?…");
    for (const plain of ["C:\\pictures", "a/b.pkl", "portraits", "--outdir=x"])
      expect(withoutSecrets(plain)).toBe(plain);
  });
});
