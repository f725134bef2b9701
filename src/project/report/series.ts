/**
 * Label series: the labels of the same pixels at a sequence of K, each frame stored as its differences from a prediction.
 *
 * Bytes: every label of the first frame; then for each further frame the number of wrong predictions, and for each of them its distance
 * from the one before and its label. All numbers are LEB128 varints (seven bits a byte, low first, high bit = more follow).
 */

type Labels = Uint8Array | Uint16Array;

/** Turns the labels of frame i - 1 into a guess at those of frame i, in place. */
export type Predict = (frame: number, labels: Uint16Array) => void;

/** Every frame of a decoded series. */
export interface LabelSeries {
  readonly frames: number;
  readonly pixels: number;
  /** Labels of one frame, [pixels]. The array is reused by the next call. */
  at(frame: number): Uint16Array;
}

/** Distance between frames kept whole, so that a jump costs few replays and memory stays small. */
const KEYFRAME_EVERY = 8;

const noChange: Predict = () => {};

/** A growing list of varints. */
function makeWriter(): { write(value: number): void; bytes(): Uint8Array } {
  let buffer = new Uint8Array(1 << 16);
  let length = 0;
  return {
    write(value) {
      if (length + 5 > buffer.length) {
        const larger = new Uint8Array(buffer.length * 2);
        larger.set(buffer);
        buffer = larger;
      }
      let rest = value;
      while (rest > 127) {
        buffer[length++] = (rest & 127) | 128;
        rest >>>= 7;
      }
      buffer[length++] = rest;
    },
    bytes: () => buffer.slice(0, length),
  };
}

/** Encodes frames of equal length. `predict` must be the one given to `decodeSeries`. Throws RangeError on unequal lengths. */
export function encodeSeries(frames: Iterable<Labels>, predict: Predict = noChange): Uint8Array {
  const { write, bytes } = makeWriter();
  let guess: Uint16Array | undefined;
  let index = 0;
  for (const labels of frames) {
    if (guess === undefined) {
      guess = Uint16Array.from(labels);
      for (const label of guess) write(label);
    } else {
      if (labels.length !== guess.length)
        throw new RangeError(`encodeSeries: frame ${index} has ${labels.length} labels, the first has ${guess.length}`);
      predict(index, guess);
      let wrong = 0;
      for (let n = 0; n < guess.length; n++) if (labels[n] !== guess[n]) wrong++;
      write(wrong);
      let last = 0;
      for (let n = 0; n < guess.length; n++) {
        if (labels[n] === guess[n]) continue;
        write(n - last);
        write(labels[n]);
        last = n;
      }
      guess.set(labels);
    }
    index++;
  }
  return bytes();
}

/** Decodes `frames` frames of `pixels` labels. Throws RangeError when the bytes end early or go on. */
export function decodeSeries(
  bytes: Uint8Array,
  pixels: number,
  frames: number,
  predict: Predict = noChange,
): LabelSeries {
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= bytes.length) throw new RangeError("decodeSeries: the labels end too early");
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };

  const current = Uint16Array.from({ length: pixels }, read);
  const changes = Array.from({ length: frames - 1 }, () => {
    const count = read();
    const positions = new Uint32Array(count);
    const labels = new Uint16Array(count);
    for (let i = 0, position = 0; i < count; i++) {
      position += read();
      positions[i] = position;
      labels[i] = read();
    }
    return { positions, labels };
  });
  if (at !== bytes.length) throw new RangeError(`decodeSeries: ${bytes.length - at} bytes are left over`);

  const advance = (frame: number): void => {
    predict(frame, current);
    const { positions, labels } = changes[frame - 1];
    for (let i = 0; i < positions.length; i++) current[positions[i]] = labels[i];
  };
  const keyframes = [current.slice()];
  let shown = 0;
  const seek = (frame: number): void => {
    const key = Math.min(keyframes.length - 1, Math.floor(frame / KEYFRAME_EVERY));
    if (frame < shown || key * KEYFRAME_EVERY > shown) {
      current.set(keyframes[key]);
      shown = key * KEYFRAME_EVERY;
    }
    while (shown < frame) {
      advance(++shown);
      if (shown === keyframes.length * KEYFRAME_EVERY) keyframes.push(current.slice());
    }
  };
  return {
    frames,
    pixels,
    at(frame) {
      if (!(frame >= 0 && frame < frames))
        throw new RangeError(`label series: expected a frame in [0, ${frames}), got ${frame}`);
      seek(frame);
      return current;
    },
  };
}

/** The prediction behind `ReportData.argmax`: when p joins q, its pixels become q's. `merges` as in `Hierarchy.merges`. */
export function followMerges(merges: readonly { readonly kept: number; readonly removed: number }[]): Predict {
  return (frame, labels) => {
    const { kept, removed } = merges[frame - 1];
    for (let n = 0; n < labels.length; n++) if (labels[n] === removed) labels[n] = kept;
  };
}
