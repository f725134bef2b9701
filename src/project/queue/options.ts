import { z } from "zod";
import { inGroup, option, optional } from "../requests/request.ts";

const path = z.string().min(1);

/** The folder under which everything lies that machines share. */
const root = option(path.default("."), "--root <folder>", "folder that all machines share; all paths lie in it", {
  otherwise: "the current folder",
});

/** Of jobs that workers can do. */
export const queueOptions = inGroup("On several machines", {
  queue: option(
    optional(path),
    "--queue <url>",
    "have workers do it (klish worker): redis://host:6379, rediss://… or postgres://host/database",
  ),
  root,
});

/** What `klish worker` can be asked for, but for where it computes. */
export const workerOptions = {
  queue: option(
    path,
    "--queue <url>",
    "where work is queued: redis://host:6379, rediss://… or postgres://host/database",
  ),
  root,
  name: option(
    optional(z.string().regex(/^[\w.-]{1,64}$/, "expected letters, digits, -, _ and .")),
    "--name <name>",
    "what the worker is called",
    { otherwise: "its host's name and its process" },
  ),
  idle: option(
    optional(z.number().min(0)),
    "--idle <seconds>",
    "end after so long without work, as jobs of a scheduler should",
    { otherwise: "never" },
  ),
  silence: option(
    z.number().min(1).default(15),
    "--silence <seconds>",
    "when a worker has not been heard of for so long, others take over its work",
  ),
  migrate: option(z.boolean().default(false), "--migrate", "make or update the queue's tables in PostgreSQL first"),
};
