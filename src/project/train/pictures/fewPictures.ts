/** Below this a discriminator soon knows the pictures by heart, also with adaptive augmentation, whose paper begins at 1,000. */
const ENOUGH = 1000;

/** What to expect of so few pictures, as a sentence; undefined where they are enough. */
export function fewPicturesWarning(count: number, mirror: boolean): string | undefined {
  if (count >= ENOUGH) return undefined;
  return (
    `${count} pictures are few: below about ${ENOUGH.toLocaleString("en")} a GAN repeats them or collapses. ` +
    `Add pictures${mirror ? "" : ", turn on --mirror where left and right may be exchanged"}, or begin from the weights of a larger run (--resume).`
  );
}
