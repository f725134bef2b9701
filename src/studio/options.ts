import { z } from "zod";
import { option } from "../project/requests/request.ts";

/** What `klish studio` can be asked for. */
export const studioRequest = z.strictObject({
  /** A project, a run, a data set, or a folder for new ones, which need not be there. */
  folder: z.string().min(1).default("klish-studio"),
  port: option(z.int().min(0).max(65535).default(0), "--port <n>", "where it listens", {
    otherwise: "any that is free",
  }),
  host: option(
    z.string().min(1).default("127.0.0.1"),
    "--host <address>",
    "0.0.0.0 lets other machines in; whoever has the address with its token may use everything",
  ),
  open: option(z.boolean().default(true), "--no-open", "do not open the browser"),
});
