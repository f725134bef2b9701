import { OneLineError } from "../text/oneLineError.ts";

/** Thrown when a file or an option does not fit a generator; says what was expected, what came, what to do. */
export class GeneratorError extends OneLineError {
  override readonly name = "GeneratorError";

  /** `way`: lines below the message that show the way on, such as a program to copy. Names in them are escaped for its language. */
  constructor(message: string, { way, ...options }: ErrorOptions & { readonly way?: string } = {}) {
    super(message, options);
    if (way !== undefined) this.message += `\n${way}`;
  }
}
