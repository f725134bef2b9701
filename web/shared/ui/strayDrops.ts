/** A file that is dropped beside its place would be opened by the browser in place of the page, with all that is not saved: such drops do nothing. */
export function ignoreStrayDrops(): void {
  for (const type of ["dragover", "drop"] as const)
    addEventListener(type, (event) => {
      const { dataTransfer, defaultPrevented } = event;
      if (defaultPrevented || dataTransfer === null || !dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      dataTransfer.dropEffect = "none";
    });
}
