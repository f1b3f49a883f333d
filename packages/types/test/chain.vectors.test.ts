import { CborReader, cidKey, links } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { describeData, readData } from "@copse/testkit";
import { CID } from "multiformats/cid";
import { expect, it } from "vitest";
import {
  type BlockHeader,
  blockCid,
  calibnet,
  createTipset,
  decodeBlockHeader,
  decodeMessage,
  decodeMsgMeta,
  decodeSignedMessage,
  encodeBlockHeader,
  encodeMessage,
  encodeMsgMeta,
  encodeSignedMessage,
  mainnet,
  messageCid,
  minTimestamp,
  msgMetaCid,
  type SignedMessage,
  signedMessageCid,
  TipsetKey,
  verifyMessageSignature,
} from "../src/index.ts";
import { carBlocks } from "./car-walk.ts";

const file = "chain/mainnet-export40.car";

describeData("genesis of each network", ["chain/mainnet-genesis.car", "chain/calibnet-genesis.car"], () => {
  it.each([
    ["mainnet", mainnet],
    ["calibnet", calibnet],
  ])("of %s has the CID and the time of its constants", (name, rules) => {
    const bytes = readData(`chain/${name}-genesis.car`);
    expect(rootsOf(bytes)).toEqual([cidKey(rules.genesisCid.bytes)]);
    const genesis = decodeBlockHeader(carBlocks(bytes).get(cidKey(rules.genesisCid.bytes)) as Uint8Array);
    expect(blockCid(genesis).equals(rules.genesisCid)).toBe(true);
    expect([genesis.height, genesis.timestamp]).toEqual([0, rules.genesisTime]);
  });
});

describeData("mainnet epochs 0 to 39", [file], () => {
  const bytes = readData(file);
  const blocks = carBlocks(bytes);
  const block = (cid: CID): Uint8Array => blocks.get(cidKey(cid.bytes)) as Uint8Array;
  const roots = rootsOf(bytes);
  const headers = new Map<string, BlockHeader>();
  const read = (key: string): void => {
    if (headers.has(key)) return;
    const found = blocks.get(key);
    if (found === undefined) return;
    const header = decodeBlockHeader(found);
    headers.set(key, header);
    if (header.height > 0) for (const parent of header.parents) read(cidKey(parent.bytes));
  };
  for (const root of roots) read(root);
  const all = [...headers.entries()];

  it("49 headers re-encode to their bytes and CIDs", () => {
    expect(all.length).toBe(49);
    for (const [key, header] of all) {
      expect(equalBytes(encodeBlockHeader(header), blocks.get(key) as Uint8Array)).toBe(true);
      expect(cidKey(blockCid(header).bytes)).toBe(key);
    }
  });

  it("33 tipsets stand in the order of their children's parents", () => {
    const byHeight = Map.groupBy(all, ([, header]) => header.height);
    const tipsets = [...byHeight.values()].map((rows) => createTipset(rows.map(([, header]) => header).reverse()));
    expect(tipsets.length).toBe(33);
    tipsets.sort((a, b) => a.height - b.height);
    for (const [i, tipset] of tipsets.entries()) {
      expect(minTimestamp(tipset)).toBe(mainnet.genesisTime + mainnet.blockDelay * tipset.height);
      if (i > 0) expect(TipsetKey.equals(tipset.parents, tipsets[i - 1]?.key as TipsetKey)).toBe(true);
    }
    expect(tipsets[0]?.cids[0]?.equals(mainnet.genesisCid)).toBe(true);
  });

  it("messages and their roots re-encode to their bytes and CIDs", () => {
    const counts = { bls: 0, secp: 0 };
    for (const [, header] of all) {
      const meta = decodeMsgMeta(block(header.messages));
      expect(equalBytes(encodeMsgMeta(meta), block(header.messages))).toBe(true);
      for (const cid of listed(meta.blsMessages)) {
        const message = decodeMessage(block(cid));
        expect(equalBytes(encodeMessage(message), block(cid))).toBe(true);
        expect(messageCid(message).equals(cid)).toBe(true);
        counts.bls++;
      }
      for (const cid of listed(meta.secpMessages)) {
        const signed = decodeSignedMessage(block(cid));
        expect(equalBytes(encodeSignedMessage(signed), block(cid))).toBe(true);
        expect(signedMessageCid(signed).equals(cid)).toBe(true);
        counts.secp++;
      }
    }
    expect(counts).toEqual({ bls: 73, secp: 512 });
  });

  it("each secp256k1 signature verifies, and none over another message", () => {
    const seen = new Map<string, SignedMessage>();
    for (const [, header] of all) {
      for (const cid of listed(decodeMsgMeta(block(header.messages)).secpMessages)) {
        seen.set(cid.toString(), decodeSignedMessage(block(cid)));
      }
    }
    expect(seen.size).toBe(206);
    for (const signed of seen.values()) {
      expect(verifyMessageSignature(signed, mainnet)).toBe(true);
      const { message, signature } = signed;
      const other = { message: { ...message, nonce: message.nonce + 1n }, signature };
      expect(verifyMessageSignature(other, mainnet)).toBe(false);
    }
  });

  it("most blocks hold no messages, and their roots are the constants", () => {
    const nothing = CID.parse("bafy2bzacecmda75ovposbdateg7eyhwij65zklgyijgcjwynlklmqazpwlhba");
    const none = all.find(([, header]) => header.messages.equals(nothing))?.[1] as BlockHeader;
    const meta = decodeMsgMeta(block(none.messages));
    expect(meta.blsMessages.toString()).toBe("bafy2bzacedswlcz5ddgqnyo3sak3jmhmkxashisnlpq6ujgyhe4mlobzpnhs6");
    expect(msgMetaCid(meta).equals(none.messages)).toBe(true);
  });

  function listed(root: CID): CID[] {
    return TipsetKey.cids(concatLinks(amtValues(block(root))));
  }

  /** Values of an AMT v0, as CBOR: `[height, count, node]`, node `[bitmap, [links], [values]]`. */
  function amtValues(root: Uint8Array): Uint8Array[] {
    const reader = new CborReader(root);
    reader.array(3);
    reader.uint();
    reader.uint();
    return nodeValues(reader);
  }
  function nodeValues(reader: CborReader): Uint8Array[] {
    reader.array(3);
    reader.bytes();
    const children = Array.from({ length: reader.array() }, () => blocks.get(cidKey(reader.link())) as Uint8Array);
    const values = Array.from({ length: reader.array() }, () => reader.skip());
    return [...children.flatMap((child) => nodeValues(new CborReader(child))), ...values];
  }
});

function concatLinks(values: readonly Uint8Array[]): TipsetKey {
  const cids = values.flatMap((value) => links(value));
  return TipsetKey.fromBytes(Uint8Array.from(cids.flatMap((cid) => [...cid])));
}

/** Keys of the roots of a CARv1: its header is a CBOR map, whose only links they are. */
function rootsOf(file: Uint8Array): string[] {
  const reader = new CborReader(file, file[0] !== undefined && file[0] < 0x80 ? 1 : 2);
  const keys: string[] = [];
  reader.skip((cid) => keys.push(cidKey(cid)));
  return keys;
}
