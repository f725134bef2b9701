/** The list of parts at K: thumbnail, name and area; with the details, IoU and what merges next. */
import { type ComponentType, type KeyboardEvent, memo, type ReactNode, useRef, useState } from "react";
import { effectiveClusters } from "../../../src/cluster/tree/mergeTree.ts";
import { COLLAPSE_SHARE, maximum } from "../../../src/project/report/stops.ts";
import { plainName } from "../../../src/text/escape.ts";
import { decimals, percent } from "../format.ts";
import { useHandler } from "../ui/handler.ts";
import { cssVars } from "../ui/style.ts";
import { useCalled, useChosen, useDispatch, useFrame, useParts } from "./context.tsx";
import { Swatch } from "./PartName.tsx";
import { focusOf } from "./state.ts";
import { Thumbnail, Thumbnails } from "./Thumbnails.tsx";

/** A part in the list: a cluster, or several of one class. */
export interface Row {
  /** The cluster that stands for it. */
  readonly id: number;
  /** All its clusters, the first of them `id`. */
  readonly ids: readonly number[];
  readonly name: string | null;
  /** Of the area, in [0, 1]. */
  readonly share: number;
  /** Of the cluster; of several, their lowest. */
  readonly iou: number;
}

interface Props {
  /** Gives a part another name, "" for none; without it parts cannot be named. */
  readonly onRename?: (row: Row, name: string) => void;
  /** What else can be done with a part, at the end of its row. */
  readonly Actions?: ComponentType<{ readonly row: Row }>;
  /** A word on a part, after its name; "" for none. */
  readonly note?: (row: Row) => string;
  /** Below the list. */
  readonly children?: ReactNode;
}

/** The rows at the K in sight: a row for each cluster, sorted as was chosen. */
export function useRows(): Row[] {
  const { model } = useParts();
  const { names } = useCalled();
  const k = useChosen((state) => state.k);
  const mode = useChosen((state) => state.mode);
  const sort = useChosen((state) => state.sort);
  const { iou } = model.stepAt(k);
  const shares = model.sharesAt(k, mode);
  const rows = Array.from(
    model.hierarchy.aliveAt(k),
    (id, i): Row => ({ id, ids: [id], name: names.get(id) ?? null, share: shares.get(id) ?? 0, iou: iou[i] }),
  );
  return rows.sort((a, b) => (sort === "area" ? b.share - a.share : b.iou - a.iou) || a.id - b.id);
}

export function PartList({ rows, onRename, Actions, note, children }: Props & { readonly rows: readonly Row[] }) {
  const { groups } = useCalled();
  const k = useChosen((state) => state.k);
  const isolated = useChosen((state) => state.isolated);
  const details = useChosen((state) => state.details);
  const dispatch = useDispatch();
  const list = useRef<HTMLUListElement>(null);
  const markOf = useMarks();
  useFollowedPart(list);
  useNamingOfClicked(list);

  const rename = useHandler((id: number, name: string) => {
    const row = rows.find((one) => one.id === id);
    if (row) onRename?.(row, name);
  });
  const onNext = useHandler((id: number, by: number) => {
    const next = rows[rows.findIndex((row) => row.id === id) + by];
    const field = next && list.current?.querySelector<HTMLElement>(`li[data-id="${next.id}"] .name-field`);
    if (field) field.focus();
    else {
      (document.activeElement as HTMLElement | null)?.blur();
      dispatch({ type: "only", id: null });
    }
  });
  return (
    <div id="clusters">
      <div className="list-head">
        <h2>{rows.length === k ? `${k} clusters` : `${rows.length} parts`}</h2>
        {isolated !== null && (
          <button type="button" className="quiet" onClick={() => dispatch({ type: "only", id: null })}>
            Show all
          </button>
        )}
      </div>
      <Thumbnails>
        <ul ref={list} aria-label="Clusters">
          {rows.map((row) => (
            <PartRow
              key={row.id}
              row={row}
              color={`rgb(${groups.rgb[row.id].join(" ")})`}
              details={details}
              mark={details ? markOf(row) : ""}
              note={note?.(row) ?? ""}
              onNext={onNext}
              {...(onRename && { onRename: rename })}
              {...(Actions && { Actions })}
            />
          ))}
        </ul>
      </Thumbnails>
      <Collapse rows={rows} />
      <Hint rows={rows} nameable={onRename !== undefined} />
      {children}
    </div>
  );
}

/** What the merge from this K does to a row. */
const MARKS = { p: "merges next", q: "absorbs p" } as const;
type Mark = keyof typeof MARKS | "";

function useMarks(): (row: Row) => Mark {
  const { model } = useParts();
  const k = useChosen((state) => state.k);
  const { removed, kept } = model.stepAt(k);
  const alive = model.hierarchy.aliveAt(k);
  return ({ ids }) => (ids.includes(alive[removed]) ? "p" : ids.includes(alive[kept]) ? "q" : "");
}

interface RowProps extends Pick<Props, "Actions"> {
  readonly row: Row;
  readonly onRename?: (id: number, name: string) => void;
  /** In CSS. */
  readonly color: string;
  readonly details: boolean;
  readonly mark: Mark;
  readonly note: string;
  readonly onNext: (id: number, by: number) => void;
}

const sameRow = (a: Row, b: Row): boolean =>
  a.id === b.id && a.name === b.name && a.share === b.share && a.ids.join() === b.ids.join();

/** Most rows stay as they are at a step of K. */
const PartRow = memo(OnePart, ({ row, ...props }, { row: next, ...others }) => {
  const names = Object.keys(props) as (keyof typeof props)[];
  return (
    sameRow(row, next) &&
    names.every((name) => props[name] === others[name]) &&
    (row.iou === next.iou || !props.details)
  );
});

function OnePart({ row, color, details, mark, note, onRename, onNext, Actions }: RowProps) {
  const { id, ids, share, iou, name } = row;
  const isolated = useChosen((state) => state.isolated !== null && ids.includes(state.isolated));
  const focus = useChosen((state) => ids.includes(focusOf(state) ?? -1));
  const dispatch = useDispatch();
  const hash = ids.map((one) => `#${one}`).join(" ");
  const title = name ?? hash;
  return (
    <li
      data-id={id}
      className={[focus && "in-focus", isolated && "isolated"].filter(Boolean).join(" ")}
      onPointerEnter={() => dispatch({ type: "hover", id })}
      onPointerLeave={() => dispatch({ type: "hover", id: null })}
    >
      <button
        type="button"
        className="thumbnail"
        data-id={id}
        aria-pressed={isolated}
        aria-label={`Show ${title} alone`}
        title={`Show ${title} alone`}
        style={cssVars({ "--color": color })}
        onClick={() => dispatch({ type: "isolate", id })}
        onFocus={(event) => {
          if (event.currentTarget.matches(":focus-visible")) dispatch({ type: "hover", id });
        }}
        onBlur={() => dispatch({ type: "hover", id: null })}
      >
        <Thumbnail id={id} fallback={<Swatch color={color} />} />
      </button>
      {onRename ? (
        <NameField id={id} name={name ?? ""} placeholder={hash} onRename={onRename} onNext={onNext} />
      ) : (
        <span className="name-text">{title}</span>
      )}
      {name !== null && onRename && (
        <span className="ids">
          {hash} {note}
        </span>
      )}
      <span className="meter" style={cssVars({ "--value": share, "--color": color })} />
      <span className="value">
        <span className="visually-hidden">area </span>
        {percent(share)}
      </span>
      {details && (
        <span className="value iou">
          {mark && <i title={MARKS[mark]}>{mark}</i>}
          <span className="visually-hidden">{mark && `, ${MARKS[mark]}, `}IoU </span>
          {decimals(iou)}
        </span>
      )}
      {Actions && <Actions row={row} />}
    </li>
  );
}

interface NameFieldProps {
  readonly id: number;
  /** "" for none. */
  readonly name: string;
  readonly placeholder: string;
  readonly onRename: (id: number, name: string) => void;
  readonly onNext: (id: number, by: number) => void;
}

/** A part's name, to be typed: Enter and the arrow keys go on to the next, Escape takes back what was typed. */
const NameField = memo(({ id, name, placeholder, onRename, onNext }: NameFieldProps) => {
  const dispatch = useDispatch();
  /** What is being typed; null while nothing is. */
  const [draft, setDraft] = useState<string | null>(null);
  const commit = (): void => {
    const typed = plainName(draft ?? "");
    if (draft !== null && typed !== name) onRename(id, typed);
    setDraft(null);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.nativeEvent.isComposing) return;
    // The field that is left commits.
    if (event.key === "Enter") onNext(id, event.shiftKey ? -1 : 1);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") onNext(id, event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Escape" && draft !== null) setDraft(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <input
      className="name-field"
      type="text"
      maxLength={80}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      enterKeyHint="next"
      aria-label={`Name of ${placeholder}`}
      placeholder={placeholder}
      value={draft ?? name}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onFocus={(event) => {
        event.currentTarget.select();
        dispatch({ type: "only", id });
      }}
      onBlur={commit}
      onKeyDown={onKeyDown}
    />
  );
});

/** A part pointed at in a picture comes into sight in the list, without moving the page. */
function useFollowedPart(list: React.RefObject<HTMLUListElement | null>): void {
  useFrame((now, before) => {
    const { current } = list;
    const focus = focusOf(now);
    if (!current || focus === null || before === null || focus === focusOf(before) || current.matches(":hover")) return;
    const row = current.querySelector<HTMLElement>(`li[data-id="${focus}"]`);
    if (row && current.scrollHeight > current.clientHeight)
      current.scrollTop = row.offsetTop - current.offsetTop - current.clientHeight / 2;
  }, []);
}

/** A part that is clicked in a picture can be named at once. By a finger it is not: that would open the keyboard over the picture. */
function useNamingOfClicked(list: React.RefObject<HTMLUListElement | null>): void {
  useFrame((now, before) => {
    if (before === null || now.isolated === null || now.isolated === before.isolated || now.place === null) return;
    if (now.place.byKeys || !matchMedia("(pointer: fine)").matches) return;
    list.current
      ?.querySelector<HTMLElement>(`li[data-id="${now.isolated}"] .name-field`)
      ?.focus({ preventScroll: true });
  }, []);
}

function Collapse({ rows }: { readonly rows: readonly Row[] }) {
  const areas = rows.map(({ share }) => share);
  const largest = maximum(areas);
  if (largest <= COLLAPSE_SHARE) return null;
  return (
    <p className="warning" role="note">
      One cluster holds {percent(largest)}: these {rows.length} are worth {effectiveClusters(areas).toFixed(1)} equal
      ones.
    </p>
  );
}

function Hint({ rows, nameable }: { readonly rows: readonly Row[]; readonly nameable: boolean }) {
  const { model } = useParts();
  const k = useChosen((state) => state.k);
  const mode = useChosen((state) => state.mode);
  const details = useChosen((state) => state.details);
  const none = rows.filter(({ share }) => share === 0).map(({ id }) => `#${id}`);
  const merged = mode === "merged";
  return (
    <p className="hint">
      {nameable && "Click a part and type its name; Enter goes to the next. "}
      {merged ? "Area: share of everything that was clustered. " : "Area: share of what is shown here. "}
      {none.length > 0 &&
        `${none.join(", ")}: no pixel ${merged ? "started there" : "of these pictures scores highest there"}. `}
      {details && model.stepAt(k).removed >= 0 && "p merges next, into q."}
    </p>
  );
}
