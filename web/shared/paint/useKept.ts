import { useEffect, useState } from "react";
import { keep } from "./kept.ts";
import type { Paintings } from "./paintings.ts";

/** The mask is kept when it has been left alone for so many milliseconds, and when the page is left. */
const REST = 400;

/** Keeps mask and styles in this browser under a name, from now on. False where the browser does not. */
export function useKept(name: string, paintings: Paintings): boolean {
  const [works, setWorks] = useState(true);
  useEffect(() => {
    const { editor, state } = paintings;
    let timer = 0;
    const save = (): void => {
      if (timer === 0) return;
      clearTimeout(timer);
      timer = 0;
      const seeds = state.getState().styles.flatMap(({ seed }) => (seed === undefined ? [] : [seed]));
      setWorks(keep(name, { mask: editor.edit, seeds }, editor.classes));
    };
    const later = (): void => {
      clearTimeout(timer);
      timer = setTimeout(save, REST);
    };
    const ends = [
      editor.edit.watch(later),
      state.subscribe((now, before) => {
        if (now.styles !== before.styles) later();
      }),
    ];
    addEventListener("pagehide", save);
    return () => {
      for (const end of ends) end();
      removeEventListener("pagehide", save);
      save();
    };
  }, [name, paintings]);
  return works;
}
