/** Where a queue is: the address that users give, and what may be shown of it. */
import { ProjectError } from "../storage/files.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What keeps the queue. */
export type QueueServer = "redis" | "postgres";

/** The address of a queue. */
export interface QueueAddress {
  readonly server: QueueServer;
  /** With user and password: never shown or kept. */
  readonly url: string;
  /** Without them. */
  readonly shown: string;
}

const SERVERS: Readonly<Record<string, QueueServer>> = {
  "redis:": "redis",
  "rediss:": "redis",
  "postgres:": "postgres",
  "postgresql:": "postgres",
};

/** Where a password stands that shall not be part of the address. */
const USER = "KLISH_QUEUE_USER";
const PASSWORD = "KLISH_QUEUE_PASSWORD";

/**
 * Reads redis://, rediss:// (TLS), postgres:// and postgresql:// addresses. User and password that it lacks are taken from the environment.
 * Throws ProjectError, which repeats nothing that may be secret.
 */
export function parseQueueAddress(text: string, environment: Environment = process.env): QueueAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new ProjectError(`the queue's address cannot be read. ${EXPECTED}`, { cause });
  }
  const server = Object.hasOwn(SERVERS, url.protocol) ? SERVERS[url.protocol] : undefined;
  if (server === undefined) throw new ProjectError(`${url.protocol}// is not a queue. ${EXPECTED}`);
  if (url.hostname === "") throw new ProjectError(`the queue's address has no host. ${EXPECTED}`);
  const { [USER]: user, [PASSWORD]: password } = environment;
  if (url.username === "" && user !== undefined) url.username = encodeURIComponent(user);
  if (url.password === "" && password !== undefined) url.password = encodeURIComponent(password);
  return { server, url: url.href, shown: `${url.protocol}//${url.host}${url.pathname}` };
}

const EXPECTED =
  "Give it as redis://host:6379, rediss://host:6379 (with TLS) or postgres://host:5432/database; user and password may be in it, or in " +
  `${USER} and ${PASSWORD}.`;
