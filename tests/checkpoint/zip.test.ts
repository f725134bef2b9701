import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { crc32, readZip } from "../../src/checkpoint/zip.ts";
import { bytesOf } from "./tinyFiles.ts";

const u16 = (n: number) => [n & 255, n >> 8];
const u32 = (n: number) => [...u16(n & 0xffff), ...u16(n >>> 16)];
const u64 = (n: number) => [...u32(n), 0, 0, 0, 0];
const FULL = [255, 255, 255, 255];

/** One record "a" as torch writes large ones: sizes only in the zip64 field of the directory, and zeros in the local header. */
function zip64(data: Uint8Array): Uint8Array {
  const crc = u32(crc32(data));
  const flags = u16(8);
  const local = bytesOf(
    "PK\x03\x04",
    u16(45),
    flags,
    u16(0),
    u32(0),
    u32(0),
    u32(0),
    u32(0),
    u16(1),
    u16(4),
    "a",
    "FB\0\0",
  );
  const extra = bytesOf(u16(1), u16(24), u64(data.length), u64(data.length), u64(0));
  const names = bytesOf(u16(1), u16(extra.length), u16(0), u16(0), u16(0), u32(0), FULL, "a", extra);
  const central = bytesOf("PK\x01\x02", u16(45), u16(45), flags, u16(0), u32(0), crc, FULL, FULL, names);
  const start = local.length + data.length;
  const counts = [...u64(1), ...u64(1), ...u64(central.length), ...u64(start)];
  const end64 = bytesOf("PK\x06\x06", u64(44), u16(45), u16(45), u32(0), u32(0), counts);
  const locator = bytesOf("PK\x06\x07", u32(0), u64(start + central.length), u32(1));
  const end = bytesOf("PK\x05\x06", u16(0), u16(0), [255, 255, 255, 255], FULL, FULL, u16(0));
  return bytesOf(local, data, central, end64, locator, end);
}

describe("readZip", () => {
  const data = new TextEncoder().encode("123456789");

  it("reads zip64 archives whose local headers are empty, without copying", () => {
    const file = zip64(data);
    const record = readZip(file).get("a")!;
    expect(record.size).toBe(9);
    expect(record.read()).toEqual(data);
    expect(record.read().buffer).toBe(file.buffer);
  });

  it("reads stored and deflated records and archives with a comment", () => {
    const file = zipSync(
      { stored: [data, { level: 0 }], packed: [new Uint8Array(1000), { level: 9 }] },
      { comment: "hello" },
    );
    const records = readZip(file);
    expect(records.get("stored")!.read()).toEqual(data);
    expect(records.get("packed")!.read()).toEqual(new Uint8Array(1000));
    expect([records.get("stored")!.stored, records.get("packed")!.stored]).toEqual([true, false]);
  });

  it("keeps nothing that it inflated", () => {
    const record = readZip(zipSync({ packed: [new Uint8Array(1000), { level: 9 }] })).get("packed")!;
    expect(record.read()).toEqual(record.read());
    expect(record.read()).not.toBe(record.read());
    expect(record.packed).toBeLessThan(50);
  });

  it("finds every changed byte of a record by its checksum", () => {
    // After a local header of 30 bytes and the name: searched for, a byte may be found in the header's time.
    const at = 30 + 1;
    for (let i = 0; i < data.length; i++) {
      const file = zipSync({ a: data }, { level: 0 });
      file[at + i]! ^= 1;
      expect(() => readZip(file).get("a")!.read()).toThrow(/checksum/);
    }
  });

  it("refuses every shorter archive and names that occur twice", () => {
    const file = zip64(data);
    for (let length = 0; length < file.length; length++)
      expect(() => readZip(file.subarray(0, length))).toThrow(CheckpointError);
    const twice = zipSync({ a: data, b: data }, { level: 0 });
    for (let i = 0; i + 1 < twice.length; i++) if (twice[i] === 0x62 && twice[i - 1] === 0) twice[i] = 0x61;
    expect(() => readZip(twice)).toThrow(/two records named "a"/);
  });

  it("refuses a record that has another name in its own header", () => {
    const file = zip64(data);
    file[30] = "b".charCodeAt(0);
    expect(() => readZip(file)).toThrow(/names "a" otherwise/);
  });

  it("refuses a deflated record that declares more than deflate can make", () => {
    const file = zipSync({ a: [new Uint8Array(1000), { level: 9 }] });
    const directory = file.length - 22 - 46 - 1;
    new DataView(file.buffer).setUint32(directory + 24, 2 ** 27, true);
    expect(() => readZip(file).get("a")!.read()).toThrow(/cannot be/);
  });
});

describe("crc32", () => {
  it("has the check value of the standard", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });
});
