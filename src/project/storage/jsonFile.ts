import type { z } from "zod";
import { plainIssues } from "../../text/issues.ts";
import { ProjectError, readIfThere } from "./files.ts";

/** Whether a JSON file is another program's: it has not got the member that all files of klish have. Damaged files are not. */
export async function isForeignJson(path: string): Promise<boolean> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return false;
  try {
    const content: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof content !== "object" || content === null || !("klish" in content);
  } catch {
    return false;
  }
}

/**
 * A JSON file of ours, validated; undefined when there is none. Throws ProjectError when it is damaged or of another
 * version: `what` names its content ("a project"), `remedy` says what to do ("Delete it to start again.").
 */
export async function readJsonFile<T>(
  path: string,
  schema: z.ZodType<T>,
  { what, remedy }: { readonly what: string; readonly remedy: string },
): Promise<T | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ProjectError(`${path} is not valid JSON. ${remedy}`, { cause });
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  throw new ProjectError(`${path} is not ${what} that this version reads: ${plainIssues(result.error, content)}`);
}
