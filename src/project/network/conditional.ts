import { GeneratorError } from "../../gan/errors.ts";
import type { GeneratorInfo } from "../../gan/generator.ts";
import { oneHot } from "../../gan/latents.ts";

/** Throws GeneratorError where a conditional generator is given none of its classes, or another one is given any. */
export function checkClass(chosen: number | null, { cDim }: GeneratorInfo): void {
  if (chosen !== null) oneHot(chosen, cDim);
  else if (cDim > 0)
    throw new GeneratorError(`the generator is conditional: choose one of its classes 0 to ${cDim - 1} with --class`);
}
