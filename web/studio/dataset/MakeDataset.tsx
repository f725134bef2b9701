/** Asks for a data set of a project: how many pictures, which formats, and what is left out. */
import { type FormEvent, useId, useState } from "react";
import type { Dataset, Job, Place, StartJob, Workspace } from "../../../src/studio/api.ts";
import { percent } from "../../shared/format.ts";
import { ask, start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { freeName } from "../names.ts";
import { useAnswer, useShared } from "../studio.tsx";
import { useStart } from "../useStart.ts";
import { Samples } from "./Samples.tsx";

/** Pictures of a preview. */
const PREVIEW = 32;

interface Filter {
  /** Shares in [0, 1]; null: no filter. */
  readonly maxUncertain: number | null;
  readonly minForeground: number | null;
}

/** Why a filter leaves a sample out; "" where none does. */
function removalOf({ uncertain, foreground }: Dataset["samples"][number], filter: Filter): string {
  if (filter.maxUncertain !== null && (uncertain ?? 0) > filter.maxUncertain) return "too uncertain";
  if (filter.minForeground !== null && (foreground ?? 1) < filter.minForeground) return "too little foreground";
  return "";
}

/** Starts a data set. Where nothing was named or chosen yet, every cluster of the suggested K is a class. */
async function make(at: string, request: Omit<StartJob<"dataset">["request"], "projects">): Promise<Job> {
  const { revision, k } = await ask("labels", { at });
  if (revision === "") await ask("editLabels", { at }, { edits: [{ type: "cut", k }] });
  return start("dataset", { projects: [at], ...request });
}

interface Props {
  readonly workspace: Workspace;
  /** The project's place. */
  readonly project: Place;
}

export function MakeDataset({ workspace, project }: Props) {
  const { busy, begin } = useStart();
  const id = useId();
  const [count, setCount] = useState(1000);
  const [formats, setFormats] = useState<readonly string[]>([]);
  const [filter, setFilter] = useState<Filter>({ maxUncertain: null, minForeground: null });
  const { answer: options } = useAnswer("jobOptions", { kind: "dataset" });
  const known = options?.options.find(({ path }) => path.join(".") === "formats")?.choices ?? [];
  const previewAt = `${project.at}-preview`;
  const jobs = useShared((shared) => shared.jobs);
  const previewed = workspace.places.some(({ at, complete }) => at === previewAt && complete);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const outdir = freeName(workspace, `${project.at}-data`);
    begin(make(project.at, { outdir, count, filter, formats: [...formats] }));
  };
  const preview = (): void => begin(make(project.at, { outdir: previewAt, count: PREVIEW }));
  const previewing = jobs.some(({ at, state }) => at === previewAt && (state === "running" || state === "waiting"));
  return (
    <>
      <form className="sheet" onSubmit={submit}>
        <label htmlFor={`${id}n`}>Pictures to look at</label>
        <div>
          <input
            id={`${id}n`}
            type="number"
            min={1}
            max={1_000_000}
            required
            value={Number.isNaN(count) ? "" : count}
            onChange={(event) => setCount(event.currentTarget.valueAsNumber)}
          />{" "}
          <span className="hint">
            each is generated from its seed, with its mask; what a filter removes is not kept
          </span>
        </div>
        <FilterField
          label="Leave out uncertain pictures"
          meaning="pictures in which more than this share of the pixels is uncertain between two parts"
          value={filter.maxUncertain}
          otherwise={0.2}
          onChange={(maxUncertain) => setFilter({ ...filter, maxUncertain })}
        />
        <FilterField
          label="Leave out empty pictures"
          meaning="pictures whose foreground (all but the background and what is ignored) has less than this share"
          value={filter.minForeground}
          otherwise={0.2}
          onChange={(minForeground) => setFilter({ ...filter, minForeground })}
        />
        <span className="field-label">Formats</span>
        <fieldset className="checks">
          <legend className="visually-hidden">Formats beside images/ and masks/</legend>
          {known.map((format) => (
            <label key={format}>
              <input
                type="checkbox"
                checked={formats.includes(format)}
                onChange={(event) =>
                  setFormats(event.currentTarget.checked ? [...formats, format] : formats.filter((f) => f !== format))
                }
              />
              {format}
            </label>
          ))}
        </fieldset>
        <span />
        <div className="sheet-actions">
          <button type="submit" className="primary" disabled={busy}>
            Make the data set
          </button>
          <button type="button" disabled={busy || previewing || previewed} onClick={preview}>
            Preview {PREVIEW} pictures
          </button>
        </div>
      </form>
      <JobList kinds={["dataset", "datasetExport"]} />
      {previewed && <Preview at={previewAt} filter={filter} />}
    </>
  );
}

/** A few pictures without a filter, with what these filters would remove of them. */
function Preview({ at, filter }: { readonly at: string; readonly filter: Filter }) {
  const { answer } = useAnswer("dataset", { at, count: PREVIEW });
  if (answer === null) return null;
  const removed = answer.samples.filter((sample) => removalOf(sample, filter) !== "").length;
  return (
    <section aria-label="Preview">
      <h2>Preview</h2>
      <p className="lead" role="status">
        The filters remove {removed} of these {answer.samples.length} pictures
        {answer.samples.length > 0 && ` (${percent(removed / answer.samples.length)})`}.
      </p>
      <Samples dataset={answer} removal={(sample) => removalOf(sample, filter)} />
    </section>
  );
}

interface FilterFieldProps {
  readonly label: string;
  readonly meaning: string;
  readonly value: number | null;
  /** What it starts with when it is switched on. */
  readonly otherwise: number;
  readonly onChange: (value: number | null) => void;
}

function FilterField({ label, meaning, value, otherwise, onChange }: FilterFieldProps) {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <div>
        <input
          id={id}
          type="checkbox"
          checked={value !== null}
          onChange={(event) => onChange(event.currentTarget.checked ? otherwise : null)}
        />{" "}
        {value !== null && (
          <>
            <input
              type="range"
              aria-label={`${label}: share`}
              min={0}
              max={1}
              step={0.01}
              value={value}
              onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
            />{" "}
            <output>{percent(value)}</output>{" "}
          </>
        )}
        <span className="hint">{meaning}</span>
      </div>
    </>
  );
}
