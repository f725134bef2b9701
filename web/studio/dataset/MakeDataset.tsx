/** Asks for a data set of a project: how many pictures, which formats, and what is left out. */
import { type FormEvent, useId, useState } from "react";
import { type Dataset, type Job, type Place, type StartJob, urlOf, type Workspace } from "../../../src/studio/api.ts";
import { percent } from "../../shared/format.ts";
import { ask, start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { freeName } from "../names.ts";
import { useAnswer, useShared } from "../studio.tsx";
import { useStart } from "../useStart.ts";
import { Samples } from "./Samples.tsx";

/** Pictures of a preview. */
const PREVIEW = 32;

/** What a preview shows without being made again: the figures of its pictures are there. */
interface Filter {
  /** Shares in [0, 1]; null: no filter. */
  readonly maxUncertain: number | null;
  readonly minForeground: number | null;
  /** Names of classes. */
  readonly require: readonly string[];
}

/** What changes the masks, or needs a sample of its own: a preview is made with it. */
interface Cleaning {
  /** Lead of the best score; 0: none. */
  readonly ignoreMargin: number;
  /** Another clustering's place. */
  readonly agree: readonly string[];
  /** A share; null: no filter. */
  readonly dropImplausible: number | null;
}

/** Why a filter leaves a sample out; "" where none does. */
function removalOf({ uncertain, foreground, pixels }: Sample, filter: Filter, classes: Dataset["classes"]): string {
  if (filter.maxUncertain !== null && (uncertain ?? 0) > filter.maxUncertain) return "too uncertain";
  if (filter.minForeground !== null && (foreground ?? 1) < filter.minForeground) return "too little foreground";
  const missing = classes.find(({ name }, i) => filter.require.includes(name) && pixels?.[i] === 0);
  return missing === undefined ? "" : `no ${missing.name}`;
}

type Sample = Dataset["samples"][number];

/** Starts a data set. Where nothing was named or chosen yet, every cluster of the suggested K is a class. */
async function make(
  at: string,
  request: Omit<StartJob<"dataset">["request"], "projects">,
  as: Pick<StartJob, "preview"> = {},
): Promise<Job> {
  const { revision, k } = await ask("labels", { at });
  if (revision === "") await ask("editLabels", { at }, { edits: [{ type: "cut", k }] });
  return start("dataset", { projects: [at], ...request }, as);
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
  const [filter, setFilter] = useState<Filter>({ maxUncertain: null, minForeground: null, require: [] });
  const [cleaning, setCleaning] = useState<Cleaning>({ ignoreMargin: 0, agree: [], dropImplausible: null });
  const { answer: labels } = useAnswer("labels", { at: project.at });
  const { answer: options } = useAnswer("jobOptions", { kind: "dataset" });
  const known = options?.options.find(({ path }) => path.join(".") === "formats")?.choices ?? [];
  const previews = useShared((shared) => shared.jobs).filter(
    ({ preview, request }) => preview && (request["projects"] as readonly string[])[0] === project.at,
  );
  const previewing = previews.some(({ state }) => state === "running" || state === "waiting");
  const previewed = previews.find(({ state }) => state === "done");
  const rivals = workspace.places.filter(
    ({ at, kind, complete }) => kind === "project" && complete && at !== project.at,
  );

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const outdir = freeName(workspace, `${project.at}-data`);
    begin(make(project.at, { outdir, count, filter, ...cleaning, formats: [...formats] }));
  };
  const preview = (): void => {
    const outdir = freeName(workspace, `${project.at}-preview`);
    begin(make(project.at, { outdir, count: PREVIEW, ...cleaning }, { preview: true }));
  };
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
        <Checks
          label="Leave out pictures without"
          names={labels?.classes.filter(({ named, split }) => named && split === null).map(({ name }) => name) ?? []}
          chosen={filter.require}
          onChange={(require) => setFilter({ ...filter, require })}
        />
        <FilterField
          label="Ignore unsure pixels"
          meaning="pixels whose best part leads by less than this are 255 in masks (SVM scores: margins lie at -1 and 1)"
          value={cleaning.ignoreMargin === 0 ? null : cleaning.ignoreMargin}
          otherwise={0.1}
          show={(value) => value.toFixed(2)}
          onChange={(margin) => setCleaning({ ...cleaning, ignoreMargin: margin ?? 0 })}
        />
        <Checks
          label="Ignore pixels of which another clustering says otherwise"
          names={rivals.map(({ at }) => at)}
          chosen={cleaning.agree}
          onChange={(agree) => setCleaning({ ...cleaning, agree })}
        />
        <FilterField
          label="Leave out implausible pictures"
          meaning="this share, which looks worst to the discriminator: of generators that were trained here"
          value={cleaning.dropImplausible}
          otherwise={0.1}
          least={0.01}
          most={0.9}
          onChange={(dropImplausible) => setCleaning({ ...cleaning, dropImplausible })}
        />
        <Checks label="Formats beside images and masks" names={known} chosen={formats} onChange={setFormats} />
        <span />
        <div className="sheet-actions">
          <button type="submit" className="primary" disabled={busy}>
            Make the data set
          </button>
          <button type="button" disabled={busy || previewing} onClick={preview}>
            Preview {PREVIEW} pictures
          </button>
        </div>
      </form>
      <JobList kinds={["dataset", "datasetExport"]} />
      {previewed?.at && <Preview key={previewed.id} at={previewed.at} project={project.at} filter={filter} />}
    </>
  );
}

interface PreviewProps {
  readonly at: string;
  readonly project: string;
  readonly filter: Filter;
}

/** A few pictures, with what these filters would remove of them. */
function Preview({ at, project, filter }: PreviewProps) {
  const { answer } = useAnswer("dataset", { at, count: PREVIEW });
  if (answer === null) return null;
  const { samples, classes } = answer;
  const drawn = answer.removed.map(({ name, seed, reasons }): [Sample, string] => [
    {
      ...{ name, imageUrl: urlOf("/api/picture", { at: project, seed }), maskUrls: [] },
      ...{ uncertain: null, foreground: null, contested: null, pixels: null },
    },
    reasons.join(", "),
  ]);
  const reasons = new Map([...samples.map((one) => [one, removalOf(one, filter, classes)] as const), ...drawn]);
  const all = [...reasons.keys()];
  const removed = all.filter((one) => reasons.get(one) !== "").length;
  // What is removed comes first.
  const sorted = all.toSorted((a, b) => Number(reasons.get(a) === "") - Number(reasons.get(b) === ""));
  return (
    <section aria-label="Preview">
      <h2>Preview</h2>
      <p className="lead" role="status">
        The filters remove {removed} of these {all.length} pictures
        {all.length > 0 && ` (${percent(removed / all.length)})`}.
      </p>
      <Samples dataset={{ ...answer, samples: sorted }} removal={(sample) => reasons.get(sample) ?? ""} />
    </section>
  );
}

interface FilterFieldProps {
  readonly label: string;
  readonly meaning: string;
  readonly value: number | null;
  /** What it starts with when it is switched on. */
  readonly otherwise: number;
  readonly least?: number;
  readonly most?: number;
  /** The value in words. */
  readonly show?: (value: number) => string;
  readonly onChange: (value: number | null) => void;
}

function FilterField(props: FilterFieldProps) {
  const { label, meaning, value, otherwise, least = 0, most = 1, show = percent, onChange } = props;
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
              min={least}
              max={most}
              step={0.01}
              value={value}
              onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
            />{" "}
            <output>{show(value)}</output>{" "}
          </>
        )}
        <span className="hint">{meaning}</span>
      </div>
    </>
  );
}

interface ChecksProps {
  readonly label: string;
  readonly names: readonly string[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/** Any of a few names; nothing where there are none. */
function Checks({ label, names, chosen, onChange }: ChecksProps) {
  if (names.length === 0) return null;
  return (
    <>
      <span className="field-label" aria-hidden="true">
        {label}
      </span>
      <fieldset className="checks">
        <legend className="visually-hidden">{label}</legend>
        {names.map((name) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              onChange={(event) =>
                onChange(event.currentTarget.checked ? [...chosen, name] : chosen.filter((other) => other !== name))
              }
            />
            {name}
          </label>
        ))}
      </fieldset>
    </>
  );
}
