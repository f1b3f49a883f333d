import { hamtRoot } from "@copse/hamt";
import { CborWriter, type CidBytes, type Codec, cidKey, cidOf, rawCidOf, toCid } from "@copse/ipld";
import { concatBytes, utf8 } from "@copse/primitives";
import { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";

/** A state made by hand in the layout of a version of the actors, with one miner (f01000) and its account (f0100). */
export interface MadeState {
  readonly root: CID;
  readonly store: { readonly blocks: Map<string, Uint8Array>; getSync(cid: CidBytes): Uint8Array | undefined };
}

export const key: Address = Address.fromBls(new Uint8Array(48).fill(5));
const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};
const amount = (value: bigint): Uint8Array => new CborWriter().bytes(AttoFil.encodeBigInt(value)).finish();

/** State tree version of the actors' time. */
export function treeVersionOf(actors: number): number {
  if (actors === 0) return 0;
  return actors < 5 ? actors - 1 : actors < 10 ? 4 : 5;
}

export function madeState(actors: number): MadeState {
  const blocks = new Map<string, Uint8Array>();
  const put = (writer: CborWriter): CidBytes => {
    const block = writer.finish();
    const cid = cidOf(block);
    blocks.set(cidKey(cid), block);
    return cid;
  };
  const hamtVersion = actors === 0 ? 0 : actors === 2 ? 2 : 3;
  const map = (entries: readonly (readonly [Uint8Array, Uint8Array])[]): CidBytes => {
    const flushed = hamtRoot(entries, rawCodec, { version: hamtVersion });
    for (const [cid, block] of flushed.blocks) blocks.set(cidKey(cid), block);
    return flushed.root;
  };
  const code = (kind: string): CidBytes => {
    if (actors >= 8) return rawCidOf(utf8(`${actors} ${kind}`));
    const name = utf8(`fil/${Math.max(actors, 1)}/${kind}`);
    return concatBytes(Uint8Array.of(1, 0x55, 0, name.length), name);
  };
  const link = cidOf(Uint8Array.of(0x80));

  const manifest = new CborWriter().array(5);
  for (const kind of ["system", "init", "account", "storagepower", "storageminer"]) {
    manifest.array(2).text(kind).link(code(kind));
  }
  const system = actors < 8 ? put(new CborWriter().array(0)) : put(new CborWriter().array(1).link(put(manifest)));
  const account = put(new CborWriter().array(1).bytes(key));
  const addresses = map([[key, new CborWriter().uint(100).finish()]]);
  const init = put(new CborWriter().array(3).link(addresses).uint(1001).text(`made ${actors}`));

  const infoFields = actors === 0 ? 9 : actors < 9 ? 11 : 14;
  const info = new CborWriter().array(infoFields).bytes(Address.id(100)).bytes(Address.id(100)).array(1);
  info.bytes(Address.id(100)).array(2).bytes(Address.id(101)).int(77);
  info
    .bytes(utf8("peer"))
    .array(1)
    .bytes(utf8("addr"))
    .int(8)
    .uint(2 ** 35)
    .uint(2349);
  if (actors > 0) info.int(1234).bytes(Address.id(102));
  if (actors >= 9) info.bytes(Address.id(103)).array(3).raw(amount(1n)).raw(amount(2n)).int(9).null();
  const miner = new CborWriter().array(actors === 0 ? 13 : actors < 4 ? 14 : 15).link(put(info));
  miner.raw(amount(1n)).raw(amount(2n));
  if (actors < 16) miner.link(link);
  else miner.array(2).array(2).int(5).raw(amount(3n)).link(link);
  if (actors > 0) miner.raw(amount(33n));
  miner.raw(amount(4n)).link(link).link(link).link(link).link(link).int(10).uint(1).link(link).bytes(new Uint8Array());
  if (actors >= 4) miner.bool(true);

  const claim = actors === 0 ? new CborWriter().array(2) : new CborWriter().array(3).int(8);
  const claims = map([[Address.id(1000), claim.raw(amount(500n)).raw(amount(5000n)).finish()]]);
  const power = new CborWriter().array(actors === 0 ? 16 : actors < 15 ? 15 : 17);
  for (const total of [500n, 600n, 5000n, 6000n, 7n, 8n, 9n, 10n]) power.raw(amount(total));
  power.array(2).raw(amount(1n)).raw(amount(1n)).int(1).int(0);
  if (actors >= 15) power.int(-1).uint(365);
  power.link(link).int(3);
  if (actors === 0) power.int(2);
  power.link(claims).null();

  const actorOf = (kind: string, head: CidBytes, delegated?: Address): Uint8Array => {
    const writer = new CborWriter()
      .array(actors >= 10 ? 5 : 4)
      .link(code(kind))
      .link(head)
      .uint(3)
      .raw(amount(11n));
    if (actors < 10) return writer.finish();
    return delegated === undefined ? writer.null().finish() : writer.bytes(delegated).finish();
  };
  const tree = map([
    [Address.id(0), actorOf("system", system)],
    [Address.id(1), actorOf("init", init)],
    [Address.id(4), actorOf("storagepower", put(power))],
    [Address.id(100), actorOf("account", account)],
    [Address.id(1000), actorOf("storageminer", put(miner))],
  ]);
  const version = treeVersionOf(actors);
  const root = actors === 0 ? tree : put(new CborWriter().array(3).uint(version).link(tree).link(link));
  return { root: toCid(root), store: { blocks, getSync: (cid) => blocks.get(cidKey(cid)) } };
}
