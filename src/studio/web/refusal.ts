/** Why a request is refused, and how an error becomes an answer. */
import { isForUsers } from "../../project/jobs/errors.ts";
import type { ApiError } from "../api.ts";

/** Thrown for a request that is refused: the answer's status, and a sentence for whoever asked. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Status and body of the answer to an error. What is written for users is told as it is: a wrong request (RangeError), or a folder that is
 * not as it should be. Of a defect only its message is.
 */
export function refusalOf(error: unknown): { readonly status: number; readonly body: ApiError } {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const { name, message } = thrown;
  if (thrown instanceof Refusal) return { status: thrown.status, body: { error: name, message } };
  if (!isForUsers(thrown)) return { status: 500, body: { error: name, message: `unexpected error: ${message}` } };
  return { status: name === "RangeError" ? 400 : 409, body: { error: name, message } };
}
