/** Which generator a job is of: a file, an address or a name; and of conditional ones, which class. */
import { useId } from "react";
import type { Workspace } from "../../../src/studio/api.ts";

/** Which generator: the members of a request that say so. */
export interface ChosenGenerator {
  readonly network: string;
  /** Of a conditional generator. */
  readonly class: number | null;
}

export const NO_GENERATOR: ChosenGenerator = { network: "", class: null };

/** The members as a request has them. */
export const generatorOf = ({ network, class: of }: ChosenGenerator): ChosenGenerator => ({
  network: network.trim(),
  class: of,
});

interface Props {
  readonly workspace: Workspace;
  readonly value: ChosenGenerator;
  readonly onChange: (value: ChosenGenerator) => void;
}

export function GeneratorFields({ workspace, value, onChange }: Props) {
  const id = useId();
  return (
    <>
      <label htmlFor={`${id}n`}>
        Generator: {workspace.outsidePaths ? "file or address" : "file in the folder, or address"}
      </label>
      <input
        id={`${id}n`}
        type="text"
        required
        spellCheck={false}
        placeholder="portraits, ffhq.pkl or https://…"
        list={`${id}s`}
        value={value.network}
        onChange={(event) => onChange({ ...value, network: event.currentTarget.value })}
      />
      <datalist id={`${id}s`}>
        {workspace.shipped.generator.map((name) => (
          <option key={name} value={name}>
            comes with klish
          </option>
        ))}
        {workspace.places
          .filter(({ kind, complete }) => kind === "gan" && complete)
          .map(({ at }) => (
            <option key={at} value={at}>
              trained here
            </option>
          ))}
      </datalist>
      <label htmlFor={`${id}c`}>Class</label>
      <input
        id={`${id}c`}
        type="number"
        min={0}
        step={1}
        placeholder="of a conditional generator"
        value={value.class ?? ""}
        onChange={({ currentTarget: { valueAsNumber } }) =>
          onChange({ ...value, class: Number.isNaN(valueAsNumber) ? null : valueAsNumber })
        }
      />
    </>
  );
}
