import { describe, expect, it } from "vitest";
import { crc32c, eventRecord, startRecords, tfRecord } from "../../../src/project/train/log/eventFile.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const repeated = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

describe("crc32c()", () => {
  it("gives the values of RFC 3720, B.4, and the check value of the polynomial", () => {
    expect(crc32c(repeated(0))).toBe(0x8a9136aa);
    expect(crc32c(repeated(0xff))).toBe(0x62a8ab43);
    expect(crc32c(repeated(0).map((_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });
});

describe("tfRecord()", () => {
  it("frames nothing as TensorFlow does: the masked CRC of eight zero bytes, and of none", () => {
    // crc32c(8 zero bytes) = 0x8c28b28a: turned by 15 bits 0x65151851, plus 0xa282ead8 = 0x07980329. crc32c() = 0.
    expect(hex(tfRecord(new Uint8Array()))).toBe("000000000000000029039807d8ea82a2");
  });
});

describe("eventRecord()", () => {
  it("writes a scalar byte for byte", () => {
    const event = [
      "09000000000000f83f", // 1: wall time 1.5, a double
      "1003", // 2: step 3
      "2a0a", // 5: summary, 10 bytes
      "0a08", // 1: value, 8 bytes
      "0a0161", // 1: tag "a"
      "1500000040", // 2: 2, a float
    ].join("");
    // The CRCs are from a bitwise implementation in Python.
    const expected = `1700000000000000e7cef81e${event}e81c3a9d`;
    expect(hex(eventRecord({ wallTime: 1.5, step: 3, scalars: { a: 2 } }))).toBe(expected);
  });

  it("writes an image with its size", () => {
    const png = Uint8Array.of(1, 2, 3);
    const record = eventRecord({ wallTime: 0, step: 300, images: { s: { width: 16, height: 8, png } } });
    const event = [
      "090000000000000000",
      "10ac02", // 2: step 300
      "2a12", // 5: summary, 18 bytes
      "0a10", // 1: value, 16 bytes
      "0a0173", // 1: tag "s"
      "220b", // 4: image, 11 bytes
      "0808", // 1: height
      "1010", // 2: width
      "1803", // 3: RGB
      "2203010203", // 4: the file
    ].join("");
    expect(hex(record.subarray(12, -4))).toBe(event);
  });
});

describe("startRecords()", () => {
  it("names the file's version, and the step from which older files are out of date", () => {
    const records = startRecords(1, 5);
    const first = Number(new DataView(records.buffer, records.byteOffset).getBigUint64(0, true));
    const version = records.subarray(12, 12 + first);
    expect(hex(version)).toBe(`09000000000000f03f10001a0d${Buffer.from("brain.Event:2").toString("hex")}`);
    // 7: session log, 2 bytes, in which 1: status START
    expect(hex(records.subarray(16 + first + 12, -4))).toBe("09000000000000f03f10053a020801");
  });
});
