/** Thrown when a file or an option does not fit a generator; says what was expected, what came, what to do. */
export class GeneratorError extends Error {
  override readonly name = "GeneratorError";
}
