/** Classes that are taught: new ones, and what they are called. */
import { type FormEvent, useEffect, useEffectEvent, useId, useRef, useState } from "react";
import type { Labels } from "../../../src/studio/api.ts";
import type { LabelDesk } from "../parts/useLabels.ts";

interface Props {
  readonly labels: Labels;
  readonly desk: LabelDesk;
}

/** Characters of a name at most. */
const LONGEST = 80;

/** A field for the name of a class; Enter adds it, and the field waits for the next. */
export function NewClass({ labels, desk }: Props) {
  const id = useId();
  const [name, setName] = useState("");
  const add = (event: FormEvent): void => {
    event.preventDefault();
    const wanted = name.trim();
    if (wanted === "") return;
    desk.edit(labels.k, [{ type: "add", name: wanted }]);
    setName("");
  };
  return (
    <form className="new-class" onSubmit={add}>
      <label htmlFor={id}>New class</label>
      <input
        id={id}
        type="text"
        maxLength={LONGEST}
        spellCheck={false}
        autoComplete="off"
        placeholder={labels.classes.length === 0 ? "hair" : ""}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" className={labels.classes.length === 0 ? "primary" : ""}>
        Add
      </button>
    </form>
  );
}

/** Names and colours, to be changed. */
export function ClassList({ labels, desk }: Props) {
  return (
    <details className="taught-classes">
      <summary>Rename, recolour or remove classes</summary>
      <ul className="plain">
        {labels.classes.map(({ name, color, parts: [part], painted }) => (
          <li key={part}>
            <ClassColor
              key={color}
              name={name}
              color={color}
              onColor={(to) => desk.edit(labels.k, [{ type: "color", part, color: to }])}
            />
            <ClassName
              key={name}
              name={name}
              onName={(to) => desk.edit(labels.k, [{ type: "name", part, name: to }])}
            />
            <span className="hint">{(painted ?? 0).toLocaleString("en")} pixels painted</span>
            <button
              type="button"
              className="quiet"
              aria-label={`Remove ${name}`}
              onClick={() => desk.edit(labels.k, [{ type: "remove", part }])}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

interface ClassColorProps {
  readonly name: string;
  readonly color: string;
  readonly onColor: (color: string) => void;
}

/** A colour that is kept when it is chosen, not while one looks through them: that is the browser's "change", which React does not tell. */
function ClassColor({ name, color, onColor }: ClassColorProps) {
  const field = useRef<HTMLInputElement>(null);
  const keep = useEffectEvent(() => onColor(field.current!.value));
  useEffect(() => {
    const ending = new AbortController();
    field.current!.addEventListener("change", () => keep(), ending);
    return () => ending.abort();
  }, []);
  return <input ref={field} type="color" aria-label={`Colour of ${name}`} defaultValue={color} />;
}

/** A name that is kept on Enter, or when the field is left. */
function ClassName({ name, onName }: { readonly name: string; readonly onName: (name: string) => void }) {
  const [value, setValue] = useState(name);
  const keep = (): void => {
    const wanted = value.trim();
    if (wanted !== "" && wanted !== name) onName(wanted);
    else setValue(name);
  };
  return (
    <input
      type="text"
      aria-label={`Name of ${name}`}
      maxLength={LONGEST}
      spellCheck={false}
      value={value}
      onChange={(event) => setValue(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={({ key }) => {
        if (key === "Enter") keep();
        else if (key === "Escape") setValue(name);
      }}
    />
  );
}
