/** What a class has in JSON files. */
import { z } from "zod";
import { plainName } from "../text/escape.ts";
import { HEX } from "./labelMap.ts";

/** A colour in a JSON file. */
export const colorSchema = z.string().regex(HEX, "expected a colour #rrggbb");

/** The name of a class: one line of at most 80 characters; those that are not seen are left out. */
export const classNameSchema = z.string().overwrite(plainName).min(1).max(80);
