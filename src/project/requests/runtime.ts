import { z } from "zod";
import { providers } from "../../runtime/session.ts";
import { inGroup, option, optional } from "./request.ts";

/** Where a job computes. */
export const runtimeOptions = inGroup("Where it runs", {
  provider: option(
    z.enum([...providers, "auto"]).default("auto"),
    "--provider <name>",
    "where the generator runs; auto takes the fastest that passes `klish doctor`",
  ),
  threads: option(optional(z.int().min(1)), "--threads <n>", "CPU threads", { otherwise: "all cores" }),
});
