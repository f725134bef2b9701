import { useState } from "react";
import { Button, FileTrigger, Radio, RadioGroup } from "react-aria-components";
import { useStore } from "zustand";
import { Picture } from "./Comparison.tsx";
import type { Paintings } from "./paintings.ts";

/** Seeds are drawn from so many. */
const SEEDS = 10_000;

interface Props {
  readonly paintings: Paintings;
  readonly onPicture: (file: File) => Promise<void>;
}

/** The same mask in several styles; one is chosen. */
export function Styles({ paintings, onPicture }: Props) {
  const { styles, chosen } = useStore(paintings.state);
  const [seed, setSeed] = useState("");
  const add = (): void => {
    void paintings.addSeed(seed === "" ? Math.floor(Math.random() * SEEDS) : Number(seed));
    setSeed("");
  };
  return (
    <>
      <RadioGroup
        className="styles"
        aria-label="Style"
        value={String(chosen)}
        onChange={(id) => paintings.choose(Number(id))}
      >
        {styles.map(({ id, name }) => (
          <div key={id} className="style">
            <Radio value={String(id)} className="style-choice">
              <Picture paintings={paintings} id={id} />
              <span>{name}</span>
            </Radio>
            {styles.length > 1 && (
              <Button className="quiet" aria-label={`Remove ${name}`} onPress={() => paintings.remove(id)}>
                ×
              </Button>
            )}
          </div>
        ))}
      </RadioGroup>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <label>
          Seed{" "}
          <input
            type="number"
            min={0}
            max={2 ** 32 - 1}
            step={1}
            placeholder="any"
            value={seed}
            onChange={({ target }) => setSeed(target.value)}
          />
        </label>
        <Button type="submit">Add a style</Button>
        {paintings.engine.pictureStyle !== undefined && (
          <FileTrigger acceptedFileTypes={["image/*"]} onSelect={(files) => files?.[0] && onPicture(files[0])}>
            <Button>Style of a picture…</Button>
          </FileTrigger>
        )}
      </form>
    </>
  );
}
