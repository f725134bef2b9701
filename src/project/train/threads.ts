import { availableParallelism } from "node:os";

/** As many as asked for, or one a core. */
export const threadsOf = ({ threads }: { readonly threads: number | null }): number =>
  threads ?? availableParallelism();
