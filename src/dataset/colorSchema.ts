import { z } from "zod";
import { HEX } from "./labelMap.ts";

/** A colour in a JSON file. */
export const colorSchema = z.string().regex(HEX, "expected a colour #rrggbb");
