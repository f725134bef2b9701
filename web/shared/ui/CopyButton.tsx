import { type ReactNode, useState } from "react";

interface Props {
  readonly text: string;
  readonly children: ReactNode;
}

/** Copies a text, and says whether that worked. */
export function CopyButton({ text, children }: Props) {
  const [said, setSaid] = useState("");
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setSaid("Copied"),
      () => setSaid("Select the text to copy it"),
    );
  };
  return (
    <>
      <button type="button" className="quiet" onClick={copy}>
        {children}
      </button>
      <span className="said" role="status">
        {said}
      </span>
    </>
  );
}
