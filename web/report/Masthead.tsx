/** What the report is about, and how it was made. */

import type { ReportData } from "../../src/project/report/data.ts";
import { TERMS } from "../shared/parts/terms.ts";
import { CopyButton } from "../shared/ui/CopyButton.tsx";

export function Masthead({ data }: { readonly data: ReportData }) {
  return (
    <header id="masthead">
      <p className="eyebrow">
        <span>KLiSH report</span>
        <a href="#run">How this was made</a>
      </p>
      <h1>{data.title}</h1>
      <p className="summary">{data.summary}</p>
      {data.notes.map((note) => (
        <p key={note} className="warning" role="note">
          {note}
        </p>
      ))}
    </header>
  );
}

const WORDS = [
  ["IoU", `of a cluster: ${TERMS.iou}`],
  ["SVM", TERMS.argmax],
  ["Merged", TERMS.merged],
  ["v", TERMS.confidence],
  ["ECoS", TERMS.ecos],
  ["Effective clusters", TERMS.effective],
  ["R2, R2rel", TERMS.r2rel],
  ["#12", TERMS.id],
] as const;

export function Run({ data }: { readonly data: ReportData }) {
  return (
    <section id="run" aria-labelledby="run-title">
      <h2 id="run-title">How this was made</h2>
      {data.command && (
        <div className="command">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, by keys as well */}
          <pre tabIndex={0}>
            <code>{data.command}</code>
          </pre>
          <CopyButton text={data.command}>Copy</CopyButton>
        </div>
      )}
      <dl>
        {data.facts.map(({ label, value, note }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {value}
              {note && <small>{note}</small>}
            </dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>What the words mean</summary>
        <dl className="terms">
          {WORDS.map(([term, meaning]) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </details>
      <p className="hint">
        {data.fidelity.join(" ")} Keys: ← → one cluster fewer or more, space plays, [ ] picture before or after, Esc
        shows all clusters; in a picture, arrow keys move a crosshair and Enter isolates.
      </p>
    </section>
  );
}
