import { blake2b256 } from "@copse/crypto";
import { cidOf, toCid } from "@copse/ipld";
import { compareBytes, concatBytes, fromHex, isCopseError, toHex } from "@copse/primitives";
import { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { Address, AttoFil, type BlockHeader, blockCid, createTipset, minTimestamp, TipsetKey } from "../src/index.ts";

const cidNamed = (name: string): CID => toCid(cidOf(new TextEncoder().encode(name)));
const header = (miner: number, change: Partial<BlockHeader> = {}): BlockHeader => ({
  miner: Address.id(miner),
  ticket: { vrfProof: new Uint8Array(96).fill(miner) },
  electionProof: { winCount: 1, vrfProof: new Uint8Array(96) },
  beaconEntries: [],
  winPostProof: [],
  parents: [cidNamed("parent a"), cidNamed("parent b")],
  parentWeight: 10n,
  height: 5,
  parentStateRoot: cidNamed("state"),
  parentMessageReceipts: cidNamed("receipts"),
  messages: cidNamed("messages"),
  blsAggregate: null,
  timestamp: 100 + miner,
  blockSig: null,
  forkSignaling: 0n,
  parentBaseFee: AttoFil.from(100),
  ...change,
});
const codeOf = (run: () => unknown): string => {
  try {
    return `returned ${String(run())}`;
  } catch (error) {
    return isCopseError(error) ? error.code : String(error);
  }
};

describe("createTipset", () => {
  it("sorts by the hash of the ticket, not the ticket", () => {
    const tipset = createTipset([3, 1, 2, 9, 4].map((miner) => header(miner)));
    const hashes = tipset.blocks.map((block) => blake2b256(block.ticket?.vrfProof as Uint8Array));
    expect(hashes).toEqual(hashes.toSorted(compareBytes));
    expect(tipset.blocks.map((block) => blockCid(block).toString())).toEqual(tipset.cids.map(String));
    expect(TipsetKey.cids(tipset.key).map(String)).toEqual(tipset.cids.map(String));
    expect(tipset.height).toBe(5);
    expect(TipsetKey.cids(tipset.parents).map(String)).toEqual(header(1).parents.map(String));
    expect(minTimestamp(tipset)).toBe(101);
  });
  it("sorts equal tickets by CID", () => {
    const ticket = { vrfProof: new Uint8Array(96) };
    const tipset = createTipset([1, 2, 3, 4].map((miner) => header(miner, { ticket })));
    const cids = tipset.cids.map((cid) => cid.bytes as Uint8Array);
    expect(cids).toEqual(cids.toSorted(compareBytes));
  });
  it("gives one key for any order, and leaves the list given alone", () => {
    const blocks = [header(1), header(2), header(3)];
    const before = [...blocks];
    expect(createTipset(blocks).key).toEqual(createTipset(blocks.toReversed()).key);
    expect(blocks).toEqual(before);
  });
  it("takes CIDs that are known already", () => {
    const blocks = [header(1), header(2), header(3)];
    expect(createTipset(blocks, blocks.map(blockCid))).toEqual(createTipset(blocks));
  });
  it.each<[string, BlockHeader[], string]>([
    ["no blocks", [], "tipset/empty"],
    ["a block without ticket", [header(1), header(2, { ticket: null })], "tipset/ticket-absent"],
    ["a block twice", [header(1), header(1)], "tipset/block-twice"],
    ["a miner twice", [header(1), header(1, { timestamp: 7 })], "tipset/miner-twice"],
    ["two heights", [header(1), header(2, { height: 6 })], "tipset/blocks-disagree"],
    ["two parents", [header(1), header(2, { parents: [cidNamed("parent a")] })], "tipset/blocks-disagree"],
    [
      "parents in two orders",
      [header(1), header(2, { parents: header(1).parents.toReversed() })],
      "tipset/blocks-disagree",
    ],
    ["two states", [header(1), header(2, { parentStateRoot: cidNamed("x") })], "tipset/blocks-disagree"],
    ["two receipts", [header(1), header(2, { parentMessageReceipts: cidNamed("x") })], "tipset/blocks-disagree"],
    ["two weights", [header(1), header(2, { parentWeight: 11n })], "tipset/blocks-disagree"],
    ["two base fees", [header(1), header(2, { parentBaseFee: AttoFil.from(1) })], "tipset/blocks-disagree"],
  ])("refuses %s", (_, blocks, code) => {
    expect(codeOf(() => createTipset(blocks))).toBe(code);
  });
});

describe("TipsetKey", () => {
  const genesisParent = CID.parse("bafyreiaqpwbbyjo4a42saasj36kkrpv4tsherf2e7bvezkert2a7dhonoi"); // sha2-256: 36 B
  it("splits CIDs of any length again", () => {
    const cids = [cidNamed("a"), genesisParent, cidNamed("b")];
    const key = TipsetKey.fromCids(cids);
    expect(key.length).toBe(38 + 36 + 38);
    expect(TipsetKey.cids(key).map(String)).toEqual(cids.map(String));
    expect(TipsetKey.fromBytes(key)).toEqual(key);
    expect(TipsetKey.format(key)).toBe(`{${cids.join(",")}}`);
    expect(TipsetKey.key(key).length).toBe(key.length);
  });
  it("is kept as a CBOR byte string under its hash", () => {
    const key = TipsetKey.fromCids([cidNamed("a")]);
    const block = concatBytes(Uint8Array.of(0x58, 38), key);
    expect(toHex(TipsetKey.encode(key))).toBe(toHex(block));
    expect(TipsetKey.decode(block)).toEqual(key);
    expect(TipsetKey.cid(key).toString()).toBe(toCid(cidOf(block)).toString());
  });
  it("may be empty", () => {
    expect(TipsetKey.cids(TipsetKey.empty)).toEqual([]);
    expect(TipsetKey.equals(TipsetKey.fromCids([]), TipsetKey.empty)).toBe(true);
    expect(toHex(TipsetKey.encode(TipsetKey.empty))).toBe("40");
  });
  it("refuses bytes that are no CIDs", () => {
    const key = TipsetKey.fromCids([cidNamed("a")]);
    for (const bytes of [key.subarray(1), key.subarray(0, 37), fromHex("00")]) {
      expect(codeOf(() => TipsetKey.fromBytes(bytes))).toBe("tipset/key-malformed");
    }
    expect(codeOf(() => TipsetKey.decode(fromHex("4000")))).toBe("cbor/trailing-bytes");
  });
});
