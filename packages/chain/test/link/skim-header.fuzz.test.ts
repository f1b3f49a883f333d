import { isCopseError } from "@copse/primitives";
import { describeData, fuzz, mutate, seeded } from "@copse/testkit";
import { decodeBlockHeader, encodeBlockHeader, TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import type { HeaderSkim } from "../../src/link/header-skim.ts";
import { parentsKey } from "../../src/link/parents-key.ts";
import { skimHeader } from "../../src/link/skim-header.ts";
import { fakeChain, fakeGenesis } from "../fixtures/fake-chain.ts";
import { readRealChain, realChainFile } from "../fixtures/real-chain.ts";

/** Both accept with equal values, or both refuse with the same code. */
function agree(bytes: Uint8Array): void {
  let skim: HeaderSkim | undefined;
  let refused: unknown;
  try {
    skim = skimHeader(bytes);
  } catch (error) {
    refused = error;
  }
  if (skim === undefined) {
    if (!isCopseError(refused)) throw refused;
    expect(() => decodeBlockHeader(bytes)).toThrow(refused.message);
    return;
  }
  const header = decodeBlockHeader(bytes);
  const view = (at: number, end: number): Uint8Array | undefined => (at < 0 ? undefined : bytes.slice(at, end));
  const last = header.beaconEntries.at(-1);
  expect(skim.height).toBe(header.height);
  expect(skim.timestamp).toBe(header.timestamp);
  expect(skim.parentWeight).toBe(header.parentWeight);
  expect(skim.winCount).toBe(header.electionProof?.winCount ?? -1);
  expect(view(skim.minerAt, skim.minerEnd)).toEqual(header.miner);
  expect(view(skim.ticketAt, skim.ticketEnd)).toEqual(header.ticket?.vrfProof);
  expect(skim.lastRound).toBe(last?.round ?? -1);
  expect(view(skim.lastSignatureAt, skim.lastSignatureEnd)).toEqual(last?.signature);
  expect(skim.parentCount).toBe(header.parents.length);
  if (header.parents.every((cid) => cid.bytes.length === 38)) {
    expect(parentsKey(skim)).toEqual(TipsetKey.fromCids(header.parents));
  }
  expect(view(skim.messagesAt, skim.messagesEnd)).toEqual(header.messages.bytes);
  expect(skim.complete).toBe(
    [header.ticket, header.electionProof, header.blsAggregate, header.blockSig].every((field) => field !== null),
  );
  const canonical = Buffer.compare(encodeBlockHeader(header), bytes) === 0;
  expect(skim.canonical).toBe(canonical);
}

const seeds: Uint8Array[] = [fakeGenesis, ...fakeChain(fakeGenesis, 4, (h) => (h === 2 ? [1, 2, 3] : [h]))].flatMap(
  (tipset) => [...tipset.headers],
);

describe("skimHeader", () => {
  it("reads what the decoder reads", () => {
    for (const seed of seeds) agree(seed);
  });

  it("agrees with the decoder about every single changed byte", () => {
    const seed = seeds[2] as Uint8Array;
    for (let at = 0; at < seed.length; at++) {
      for (const change of [1, 0x20, 0x80, 0xff]) {
        const bytes = seed.slice();
        bytes[at] = (bytes[at] as number) ^ change;
        agree(bytes);
      }
    }
  });

  it("agrees with the decoder about every cut", () => {
    const seed = seeds[2] as Uint8Array;
    for (let length = 0; length < seed.length; length++) agree(seed.subarray(0, length));
  });

  fuzz("skimHeader against decodeBlockHeader", seeds, agree, () => false);
});

describeData("skimHeader on real headers", [realChainFile], () => {
  const real = readRealChain().tipsets.flatMap(({ headers }) => [...headers]);

  it("reads what the decoder reads, whole and damaged", () => {
    const random = seeded(7);
    for (const header of real) agree(header);
    for (let i = 0; i < 500; i++) agree(mutate(real, random));
  });
});
