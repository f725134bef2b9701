import { useState } from "react";
import type { Job } from "../../src/studio/api.ts";
import { useStudio } from "./studio.tsx";

/** Starts a job once, and says on the page what is wrong with it. */
export function useStart(): { readonly busy: boolean; readonly begin: (job: Promise<Job>) => void } {
  const studio = useStudio();
  const [busy, setBusy] = useState(false);
  const begin = (job: Promise<Job>): void => {
    setBusy(true);
    job.then(studio.begun, studio.fail).finally(() => setBusy(false));
  };
  return { busy, begin };
}
