import { CborWriter, cidKey, cidOf, rawCidOf, readCid, links as scannedLinks } from "@copse/ipld";
import { concatBytes, fromHex, isCopseError } from "@copse/primitives";
import { fuzz, seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { priceList } from "../src/gas/price-list.ts";
import { GasTracker } from "../src/gas/tracker.ts";
import { scanLinks } from "../src/link-scan.ts";
import { OutOfGas, SyscallError } from "../src/syscall-error.ts";
import { naiveScan } from "./naive-link-scan.ts";

const prices = priceList(28);
const dagCbor = 0x71;

/** Random DAG-CBOR: canonical in its heads, with links of every kind there is. */
function randomBlock(random: () => number): Uint8Array {
  const pick = (limit: number): number => Math.floor(random() * limit);
  const writer = new CborWriter();
  const cid = (): Uint8Array => {
    const made = (pick(3) === 0 ? rawCidOf : cidOf)(Uint8Array.of(pick(256)));
    const kind = pick(12);
    if (kind === 0) return Uint8Array.of(1, 0x71, 0, 2, 0x81, 0x00); // [0], held by the CID itself
    if (kind === 1) return concatBytes(fromHex("0181e203922020"), made.subarray(6)); // a sealed sector
    if (kind === 2) return concatBytes(Uint8Array.of(1, 0x71, 0, 43, 0xd8, 0x2a, 0x58, 0x27, 0), made); // a link in it
    return made;
  };
  const item = (depth: number): void => {
    const kind = pick(depth > 4 ? 6 : 9);
    if (kind === 0) writer.uint(2n ** BigInt(pick(64)) - 1n);
    else if (kind === 1) writer.int(-1 - pick(70_000));
    else if (kind === 2) writer.bytes(new Uint8Array(pick(300)));
    else if (kind === 3) writer.text("é".repeat(pick(30)));
    else if (kind === 4) writer.bool(pick(2) === 0);
    else if (kind === 5 || kind === 6) writer.link(cid());
    else {
      const count = pick(6);
      if (kind === 7) writer.array(count);
      else writer.map(count);
      for (let i = 0; i < count; i++) {
        if (kind === 8) writer.text(`k${i}`);
        item(depth + 1);
      }
    }
  };
  writer.array(8);
  for (let i = 0; i < 8; i++) item(1);
  return writer.finish();
}

const random = seeded(11);
const blocks = Array.from({ length: 200 }, () => randomBlock(random)).toSorted((a, b) => b.length - a.length);

function check(bytes: Uint8Array): readonly string[] | undefined {
  // a limit that many inputs pass in the middle, and one that none does
  const limits = [BigInt(bytes.reduce((sum, byte) => sum + byte, 0) % 4096), 10n ** 8n];
  let found: readonly string[] | undefined;
  for (const limit of limits) {
    const gas = new GasTracker(limit);
    let end = "ok";
    let links: readonly string[] | undefined;
    try {
      links = scanLinks(prices, gas, dagCbor, bytes);
    } catch (error) {
      if (error instanceof OutOfGas) end = "OutOfGas";
      else if (error instanceof SyscallError) end = error.errorName;
      else throw error;
    }
    const naive = naiveScan(dagCbor, bytes, limit * 1000n);
    if (end !== naive.end || gas.used !== naive.spent) {
      throw new Error(`limit ${limit}: ${end} for ${gas.used}, not ${naive.end} for ${naive.spent}`);
    }
    if (links !== undefined && links.join() !== naive.links.join()) throw new Error("other links");
    found = links;
  }
  return found;
}

/** What `ipld` finds, as the machine takes it: no sectors, and what identity CIDs hold. */
function linksOfIpld(bytes: Uint8Array): string[] {
  return scannedLinks(bytes, { form: "chain" }).flatMap((cid) => {
    const { codec, hash, digest } = readCid(cid);
    if (codec === 0xf101 || codec === 0xf102) return [];
    if (hash === 0) return codec === dagCbor ? linksOfIpld(digest) : [];
    return [cidKey(cid)];
  });
}

describe("scanLinks", () => {
  it("finds in DAG-CBOR what the scan of ipld finds", () => {
    let count = 0;
    for (const block of blocks) {
      const found = check(block);
      expect(found).toEqual(linksOfIpld(block));
      count += found?.length ?? 0;
    }
    expect(count).toBeGreaterThan(200);
  });

  fuzz(
    "link scan, against a naive one and that of ipld",
    [...blocks.slice(0, 40), fromHex("9b00000001000000008000"), fromHex("bb7fffffffffffffff81")],
    (bytes) => {
      const found = check(bytes);
      if (found === undefined) return;
      let other: string[];
      try {
        other = linksOfIpld(bytes);
      } catch (error) {
        // it bounds depth, and reads varints as Go does
        if (isCopseError(error, "cbor/") || isCopseError(error, "cid/")) return;
        throw error;
      }
      // links within map keys are none there: what it finds is a part of what is found here, in order
      let at = 0;
      for (const key of found) if (key === other[at]) at++;
      if (at < other.length) throw new Error(`ipld finds ${other.length} links, of which ${at} are found here`);
    },
    () => false,
  );
});
