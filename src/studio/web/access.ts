/**
 * Who may ask the server: a browser that was opened with the token's address, on a page of this server. A program on another site that the
 * user's browser shows can send requests to loopback, too; it has no session (the cookie is SameSite=Strict), names itself in Origin, and one
 * that had its name resolved to this machine names itself in Host.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";

/** The secrets of one server. */
export interface Session {
  /** In the address that is opened. */
  readonly token: string;
  /** Of the cookie that the token is exchanged for. */
  readonly cookie: { readonly name: string; readonly value: string };
}

const secret = (): string => randomBytes(32).toString("base64url");

/** New secrets. The cookie has a name of its own, too: browsers keep cookies by host, whatever the port. */
export const newSession = (): Session => ({
  token: secret(),
  cookie: { name: `klish-${randomBytes(4).toString("hex")}`, value: secret() },
});

/** How long a ticket is good. */
const TICKET_MS = 60_000;

/**
 * Tickets let one browser in, once: an address that opens one stands in the list of processes, which others on this machine read.
 */
export function ticketOffice(): { issue(): string; take(ticket: string | undefined): boolean } {
  const issued = new Map<string, number>();
  return {
    issue() {
      const ticket = secret();
      issued.set(ticket, Date.now() + TICKET_MS);
      return ticket;
    },
    take(ticket) {
      const until = ticket === undefined ? undefined : issued.get(ticket);
      if (ticket !== undefined) issued.delete(ticket);
      return until !== undefined && Date.now() < until;
    },
  };
}

/** Whether two texts are the same, in a time that says nothing about where they differ. */
export function sameSecret(given: string | undefined, secret: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return given !== undefined && timingSafeEqual(hash(given), hash(secret));
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);

/**
 * Whether a Host header names this server, bound to `bound`. No name that somebody else's DNS could resolve does: only localhost,
 * numbers of an address, and, where it is bound to more than loopback, what the user called the machine and its own name. The port
 * may be another one: that of a tunnel, or a container.
 */
export function isOwnHost(header: string | undefined, bound: string): boolean {
  if (header === undefined || !/^[\w.:[\]-]+$/.test(header)) return false;
  let url: URL;
  try {
    url = new URL(`http://${header}`);
  } catch {
    return false;
  }
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (isLoopback(host)) return true;
  if (isLoopback(bound)) return false;
  return isIP(host) !== 0 || host === bound.toLowerCase() || host === hostname().toLowerCase();
}

/** Whether a server that is bound to this address serves this machine alone. */
export const isLocal = (bound: string): boolean => isLoopback(bound);

/** What a request says of where it comes from. */
export interface Asker {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site. */
  readonly site: string | undefined;
  readonly cookie: string | undefined;
  /** Authorization. */
  readonly authorization: string | undefined;
}

/** Who asks: a page of ours, a program that has the token, a browser without a session, or a page of somebody else. */
export type Standing = "page" | "program" | "stranger" | "foreign";

/** Who asks, once Host was found right. */
export function standingOf(asker: Asker, { token, cookie }: Session): Standing {
  const { method, host, origin, site } = asker;
  if (origin !== undefined && origin !== `http://${host}`) return "foreign";
  if (site !== undefined && site !== "same-origin" && site !== "none") return "foreign";
  const bearer = /^Bearer (\S+)$/.exec(asker.authorization ?? "")?.[1];
  if (sameSecret(bearer, token)) return "program";
  if (!sameSecret(cookieNamed(asker.cookie, cookie.name), cookie.value)) return "stranger";
  // Every browser says where a POST comes from.
  return method !== "GET" && origin === undefined ? "foreign" : "page";
}

function cookieNamed(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(";") ?? []) {
    const [key, ...value] = part.trim().split("=");
    if (key === name) return value.join("=");
  }
  return undefined;
}
