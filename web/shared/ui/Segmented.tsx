/** A row of buttons of which one is pressed. */
export interface Segment<V extends string> {
  readonly value: V;
  readonly text: string;
  /** What it means, shown when the pointer rests on it. */
  readonly title: string;
}

interface Props<V extends string> {
  readonly label: string;
  readonly segments: readonly Segment<V>[];
  readonly value: V;
  readonly onChange: (value: V) => void;
}

export function Segmented<V extends string>({ label, segments, value, onChange }: Props<V>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset brings a frame and a legend
    <div className="segmented" role="group" aria-label={label}>
      {segments.map((segment) => (
        <button
          key={segment.value}
          type="button"
          title={segment.title}
          aria-pressed={segment.value === value}
          onClick={() => onChange(segment.value)}
        >
          {segment.text}
        </button>
      ))}
    </div>
  );
}
