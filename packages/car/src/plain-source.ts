import type { BlockEntry } from "@copse/blockstore";
import { type CidBytes, readCid } from "@copse/ipld";
import { chunksAtOnce, chunksOf, type Reading, readLater } from "./access.ts";
import { assertBlock } from "./check.ts";
import { checkedPieces } from "./checked-stream.ts";
import type { CarLayout } from "./layout.ts";
import type { CarReadOptions } from "./options.ts";
import type { Place } from "./places.ts";
import { type CarBlock, CarScanner } from "./scanner.ts";
import { readSection, sectionData } from "./section.ts";
import type { PlacedSource, SourceOptions } from "./source.ts";

/** Blocks of a CAR that is not compressed, at the places of their sections. */
export function plainSource(layout: CarLayout, options: SourceOptions): PlacedSource {
  const { dataEnd, dataOffset } = layout;
  const { limits, verify } = options;
  const scanOptions: CarReadOptions = { verify, limits, requireRoots: false, codecs: "any" };
  return {
    *fetch(cid: CidBytes, places: readonly Place[]): Reading<Uint8Array | undefined> {
      for (const { offset, length } of places) {
        const data = yield* readSection(cid, offset, length, dataEnd, limits);
        if (data === undefined) continue;
        if (verify) assertBlock(cid, data, offset);
        return data;
      }
      return undefined;
    },
    *holds(cid: CidBytes, places: readonly Place[]): Reading<boolean> {
      for (const { offset } of places) {
        if ((yield* sectionData(cid, offset, dataEnd)) !== undefined) return true;
      }
      return false;
    },
    async *stream(access, cid, places, streamOptions) {
      for (const { offset } of places) {
        const start = await readLater(sectionData(cid, offset, dataEnd), access, streamOptions);
        if (start === undefined) continue;
        const data = chunksOf(access, start.dataStart, start.dataEnd, streamOptions);
        yield* verify ? checkedPieces(data, cid, offset) : data;
        return true;
      }
      return false;
    },
    async *entries(access, entriesOptions) {
      const scanner = new CarScanner(scanOptions);
      for await (const chunk of chunksOf(access, dataOffset, dataEnd, entriesOptions)) yield* pushed(scanner, chunk);
      scanner.end();
    },
    *entriesSync(access) {
      const scanner = new CarScanner(scanOptions);
      for (const chunk of chunksAtOnce(access, dataOffset, dataEnd)) yield* pushed(scanner, chunk);
      scanner.end();
    },
  };
}

/** What a chunk completes, copied: the entries of a store belong to the caller. */
export function pushed(scanner: CarScanner, chunk: Uint8Array): BlockEntry[] {
  const blocks: CarBlock[] = [];
  scanner.push(chunk, blocks);
  return blocks.map(({ cid, bytes }) => [Uint8Array.from(cid), Uint8Array.from(bytes)]);
}

/** The data of an identity CID, which is in the CID; `undefined` for any other. */
export function identityData(cid: CidBytes): Uint8Array | undefined {
  // Nearly every CID says at its third byte that it is none.
  if (cid[0] !== 1 || cid.length < 4) return undefined;
  const { hash, digest } = readCid(cid);
  return hash === 0 ? Uint8Array.from(digest) : undefined;
}
