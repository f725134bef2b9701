import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { isOwnHost, newSession, sameSecret, standingOf, ticketOffice } from "../../src/studio/web/access.ts";

describe("isOwnHost()", () => {
  it.each([
    ["127.0.0.1:81", true],
    ["localhost:81", true],
    ["[::1]:81", true],
    ["LOCALHOST:81", true],
    ["127.0.0.1", true],
    ["localhost:9000", true],
    ["evil.example:81", false],
    ["127.0.0.1.evil.example:81", false],
    ["localhost.evil.example:81", false],
    ["192.168.1.2:81", false],
    ["evil@127.0.0.1:81", false],
    ["127.0.0.1:81/x", false],
    [`${hostname()}.evil.example:81`, false],
    ["", false],
    [undefined, false],
  ])("on loopback: %s is %s", (header, own) => {
    expect(isOwnHost(header, "127.0.0.1")).toBe(own);
  });

  it("where it serves other machines, takes addresses in numbers, and its own names, but no name of DNS", () => {
    const own = (header: string) => isOwnHost(header, "0.0.0.0");
    expect(["192.168.1.2:81", "[fe80::1]:81", `${hostname().toLowerCase()}:81`, "127.0.0.1:81"].map(own)).toEqual(
      Array(4).fill(true),
    );
    expect(own("rebound.example:81")).toBe(false);
    expect(isOwnHost("box.local:81", "box.local")).toBe(true);
  });
});

describe("standingOf()", () => {
  const session = newSession();
  const host = "127.0.0.1:81";
  const origin = `http://${host}`;
  const cookie = `a=1; ${session.cookie.name}=${session.cookie.value}`;
  const asker = { method: "GET", host, origin: undefined, site: undefined, cookie, authorization: undefined };

  it.each([
    ["a page with its session", {}, "page"],
    ["its POST", { method: "POST", origin }, "page"],
    ["a POST that does not say where it comes from", { method: "POST" }, "foreign"],
    ["a page of another site", { origin: "https://evil.example" }, "foreign"],
    ["a page of another port", { origin: "http://127.0.0.1:82" }, "foreign"],
    ["a sandboxed page", { origin: "null" }, "foreign"],
    ["a picture on another site", { site: "cross-site" }, "foreign"],
    ["a picture on another port", { site: "same-site" }, "foreign"],
    ["an address that was typed", { site: "none" }, "page"],
    ["no session", { cookie: undefined }, "stranger"],
    ["another session", { cookie: `${session.cookie.name}=${session.token}` }, "stranger"],
    ["a program", { cookie: undefined, authorization: `Bearer ${session.token}`, method: "POST" }, "program"],
    ["a program with another token", { cookie: undefined, authorization: "Bearer x" }, "stranger"],
    [
      "a page of another site with the token",
      { origin: "https://evil.example", authorization: session.token },
      "foreign",
    ],
  ] as const)("%s", (_, given, standing) => {
    expect(standingOf({ ...asker, ...given }, session)).toBe(standing);
  });

  it("has secrets of 256 bits, that differ", () => {
    expect(new Set([session.token, session.cookie.value, newSession().token]).size).toBe(3);
    expect(Buffer.from(session.token, "base64url").length).toBe(32);
    expect(sameSecret(session.token, session.token)).toBe(true);
    expect(sameSecret(undefined, session.token)).toBe(false);
  });
});

describe("ticketOffice()", () => {
  it("lets in once", () => {
    const { issue, take } = ticketOffice();
    const ticket = issue();
    expect([take("x"), take(undefined), take(ticket), take(ticket)]).toEqual([false, false, true, false]);
  });
});
