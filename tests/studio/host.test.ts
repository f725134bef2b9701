/** Where the studio listens, and what it says of that. */
import { mkdtemp, rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openStudio } from "./openStudio.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === "IPv6"));

describe("--host", () => {
  it.each(["127.0.0.1", "0.0.0.0", ...(hasIpv6 ? ["::", "::1"] : [])])(
    "%s prints addresses that can be opened",
    async (host) => {
      const folder = await mkdtemp(join(tmpdir(), "klish-host-"));
      const studio = await openStudio(folder, { host });
      try {
        for (const url of [studio.url, ...studio.others])
          expect((await fetch(url)).headers.get("set-cookie"), url).not.toBeNull();
        expect(studio.others.length > 0).toBe(host === "0.0.0.0" || host === "::" ? ownAddresses() > 0 : false);
      } finally {
        await studio.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});

/** By how many addresses other machines reach this one. */
const ownAddresses = (): number =>
  Object.values(networkInterfaces()).flatMap(
    (list) => list?.filter(({ family, internal }) => family === "IPv4" && !internal) ?? [],
  ).length;
