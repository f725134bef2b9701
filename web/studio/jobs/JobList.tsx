/** Jobs as cards: how far each is, and what can be done with it. */
import { ProgressBar } from "react-aria-components";
import type { Job, StudioJob, StudioJobResult } from "../../../src/studio/api.ts";
import { cssVars } from "../../shared/ui/style.ts";
import { addressOf } from "../address.ts";
import { ask } from "../client.ts";
import { screenOf } from "../screens.ts";
import { useShared, useStudio } from "../studio.tsx";
import { pace } from "./pace.ts";

const TITLES: Partial<Record<StudioJob, string>> = {
  cluster: "Find the parts",
  report: "Write the report",
  auto: "From photos to parts",
  dataset: "Make a data set",
  datasetExport: "Export",
  segment: "Masks of photos",
  trainGan: "Train a generator",
  trainSegmenter: "Train a segmenter",
  trainPainter: "Train a painter",
  trainExtractor: "Train an extractor",
  teach: "Teach parts",
  editStep: "Edit the tree",
  edit: "Save the edited tree",
  labelApply: "Take labels over",
  labelPreview: "Draw the labels",
  portraits: "Draw portraits",
  generate: "Generate pictures",
  paintPage: "Write the painter's page",
};

const STATES: Readonly<Record<Job["state"], string>> = {
  waiting: "waits for another job",
  running: "running",
  pausing: "pausing at the next safe point",
  paused: "paused: nothing is lost",
  done: "done",
  failed: "failed",
};

interface Props {
  /** Only jobs that make or change this place. */
  readonly at?: string;
  /** Only jobs of these kinds. */
  readonly kinds?: readonly StudioJob[];
}

export function JobList({ at, kinds }: Props) {
  const jobs = useShared((shared) => shared.jobs).filter(
    (job) => (at === undefined || job.at === at) && (kinds === undefined || kinds.includes(job.kind)),
  );
  if (jobs.length === 0) return null;
  return (
    <ul className="jobs" aria-label="Jobs">
      {jobs.map((job) => (
        <li key={job.id}>
          <JobCard job={job} />
        </li>
      ))}
    </ul>
  );
}

export function JobCard({ job }: { readonly job: Job }) {
  const studio = useStudio();
  const place = useShared(({ workspace }) => workspace?.places.find(({ at }) => at === job.at));
  const act = (action: "pause" | "continue" | "forget"): void => {
    // Events tell what comes of it: the answer may be older than they are.
    ask("actOnJob", {}, { id: job.id, action }).catch(studio.fail);
  };
  const screen = place && screenOf(place.kind);
  const active = job.state === "running" || job.state === "waiting";
  return (
    <article className="job" data-state={job.state}>
      <p>
        <b>{job.preview ? "Preview" : (TITLES[job.kind] ?? job.kind)}</b>{" "}
        {job.at !== null && <span className="at">{job.at}</span>}
      </p>
      <p className="state">
        {STATES[job.state]}
        {job.state === "running" && job.progress && `: ${job.progress.phase}`}
      </p>
      {job.state === "running" && job.progress && <Progress progress={job.progress} />}
      {job.state === "done" && job.kind === "segment" && <Rejected result={job.result} />}
      {job.error && (
        <p className="warning" role="alert">
          {job.error}
        </p>
      )}
      <div className="job-actions">
        {active && (
          <button type="button" onClick={() => act("pause")}>
            Pause
          </button>
        )}
        {(job.state === "paused" || job.state === "failed") && (
          <button type="button" onClick={() => act("continue")}>
            Continue
          </button>
        )}
        {!active && job.state !== "pausing" && (
          <button type="button" className="quiet" onClick={() => act("forget")}>
            Clear
          </button>
        )}
        {job.state === "done" && screen && job.at && <a href={addressOf(screen, job.at)}>Open</a>}
      </div>
    </article>
  );
}

/** Photos that `klish segment` could not read, and why. */
function Rejected({ result }: { readonly result: unknown }) {
  const { rejected } = result as StudioJobResult<"segment">;
  if (rejected.length === 0) return null;
  return (
    <ul className="warning">
      {rejected.map(({ photo, reason }) => (
        <li key={photo}>
          {photo}: {reason}
        </li>
      ))}
    </ul>
  );
}

function Progress({ progress }: { readonly progress: NonNullable<Job["progress"]> }) {
  const { phase, done, total, note } = progress;
  return (
    <>
      <ProgressBar className="progress" aria-label={phase} value={done} maxValue={Math.max(1, total)}>
        {({ percentage = 0 }) => <div className="progress-bar" style={cssVars({ "--done": `${percentage}%` })} />}
      </ProgressBar>
      <p className="hint">
        {[
          total > 1 && `${Math.round(done).toLocaleString("en")} of ${total.toLocaleString("en")}`,
          pace(progress),
          note,
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </>
  );
}
