/** The painter as a page of its own, which needs no studio. */
import { useId, useState } from "react";
import type { Workspace } from "../../../src/studio/api.ts";
import { start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { freeName } from "../names.ts";
import { useShared } from "../studio.tsx";
import { useStart } from "../useStart.ts";

interface Props {
  readonly model: string;
  readonly workspace: Workspace;
}

export function ExportPage({ model, workspace }: Props) {
  const id = useId();
  const { busy, begin } = useStart();
  const [outdir, setOutdir] = useState(freeName(workspace, `${model.replace(/\.\w+$/, "")}-page`));
  const [title, setTitle] = useState("Paint");
  const done = useShared(({ jobs }) => jobs.some(({ kind, state }) => kind === "paintPage" && state === "done"));
  return (
    <section className="paint-export" aria-labelledby={`${id}h`}>
      <h2 id={`${id}h`}>A page of this painter</h2>
      <p className="lead">
        A folder for any static host. It paints in the visitor's browser: without this studio, and without a network
        once it was loaded. Whoever opens it gets the painter with it.
      </p>
      <form
        className="sheet"
        onSubmit={(event) => {
          event.preventDefault();
          begin(start("paintPage", { model, outdir, title }));
        }}
      >
        <label htmlFor={`${id}o`}>Folder</label>
        <div>
          <input type="text" id={`${id}o`} required value={outdir} onChange={({ target }) => setOutdir(target.value)} />
        </div>
        <label htmlFor={`${id}t`}>Heading</label>
        <div>
          <input
            type="text"
            id={`${id}t`}
            required
            maxLength={200}
            value={title}
            onChange={({ target }) => setTitle(target.value)}
          />
        </div>
        <span />
        <div className="sheet-actions">
          <button type="submit" className="primary" disabled={busy}>
            Write the page
          </button>
        </div>
      </form>
      <JobList kinds={["paintPage"]} />
      {done && (
        <p className="hint" role="status">
          To see it here, run <code>python3 -m http.server</code> in that folder of {workspace.name}, and open
          http://localhost:8000.
        </p>
      )}
    </section>
  );
}
