import { visible } from "./escape.ts";

/**
 * An error that may repeat names from somebody's file: whoever prints its message, a terminal obeys nothing in it, and it stays one
 * line.
 */
export abstract class OneLineError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(visible(message), options);
  }
}
