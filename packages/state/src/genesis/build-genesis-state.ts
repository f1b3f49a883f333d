import { hamtRoot } from "@copse/hamt";
import { CborWriter, type CidBytes, linkCodec, rawCidOf, toCid } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { type Actor, actorCodec } from "../actor.ts";
import type { ActorKind } from "../actor-kind.ts";
import { StateError } from "../errors.ts";
import { writeBigInt } from "../fields.ts";
import { idCodec } from "../init.ts";
import { claimCodec, type PowerClaim } from "../power.ts";
import { BlockList } from "./block-list.ts";
import { proofTypeOf, putMiner, putNoSectors } from "./miner-blocks.ts";

/** A miner of a genesis state. */
export interface GenesisMiner {
  /** Its actor ID, from 100 on. */
  readonly id: number | bigint;
  /** The `f3` address of the key that signs its blocks; it gets an account if it is not among the accounts. */
  readonly worker: Address;
  /** Its owner's key address; the worker's where absent. */
  readonly owner?: Address | undefined;
  /** Unit: bytes. */
  readonly rawBytePower: bigint;
  /** Unit: bytes. */
  readonly qualityAdjPower: bigint;
  /** Unit: bytes: 2 KiB, 8 MiB, 512 MiB, 32 GiB or 64 GiB. */
  readonly sectorSize: number;
  /** Bytes of its libp2p peer ID. */
  readonly peerId?: Uint8Array | undefined;
  readonly balance?: AttoFil | undefined;
}

/** What a genesis state is made of. */
export interface GenesisStateOptions {
  readonly networkName: string;
  readonly miners: readonly GenesisMiner[];
  /** Key addresses (`f1`, `f3`, `f4`) and what they hold; they get IDs from 100 on, in this order. */
  readonly accounts: readonly { readonly address: Address; readonly balance: AttoFil }[];
  /**
   * A miner with at least this raw power counts as above the network's least. Unit: bytes.
   * Absent: every miner with power does, as on a network whose least is nothing.
   */
  readonly minPower?: bigint | undefined;
}

/** A genesis state. */
export interface GenesisState {
  readonly root: CID;
  /** Every block, each once. */
  readonly blocks: readonly (readonly [cid: CidBytes, block: Uint8Array])[];
  /** Actor ID of each key address, by `Address.key`. */
  readonly ids: ReadonlyMap<string, bigint>;
}

const firstId = 100n;
const ids = { system: 0, init: 1, power: 4, burntFunds: 99 } as const;
const kinds: readonly ActorKind[] = [
  "system",
  "init",
  "cron",
  "account",
  "storagepower",
  "storageminer",
  "storagemarket",
  "paymentchannel",
  "multisig",
  "reward",
  "verifiedregistry",
  "datacap",
  "placeholder",
  "evm",
  "eam",
  "ethaccount",
];

/**
 * Makes the genesis state of a local network: state tree version 5, actor state in the layout of actors v16 (network
 * versions 25 and 26), which `loadStateTree` and all other reads take as they take the real thing.
 *
 * It holds what those reads and message checks need: the system actor with its manifest, the init, power and burnt-funds
 * actors, accounts (`f410` ones as eth accounts) and miners. It can not be executed: the code CIDs stand for no Wasm, the
 * miners claim power without sectors, and reward, cron, market and registries are absent. The same options give the same
 * root.
 *
 * @throws {StateError} `state/id-taken`, `state/proof-unknown`, `state/no-key` of an owner, worker or account
 * @example
 * const { root, blocks } = buildGenesisState({ networkName: "local", miners: [], accounts: [] });
 */
export function buildGenesisState(options: GenesisStateOptions): GenesisState {
  const blocks = new BlockList();
  const actors = new Map<bigint, Actor>();
  const add = (id: number | bigint, kind: ActorKind, head: CidBytes, balance: AttoFil, delegated?: Address): void => {
    if (actors.has(BigInt(id))) throw new StateError("state/id-taken", { id: BigInt(id) });
    const delegatedAddress = delegated ?? null;
    actors.set(BigInt(id), { code: toCid(codeOf(kind)), head: toCid(head), nonce: 0n, balance, delegatedAddress });
  };

  const accounts = giveIds(options);
  for (const { address, id, balance } of accounts.values()) {
    const isDelegated = Address.protocol(address) === 4;
    if (isDelegated) add(id, "ethaccount", blocks.put(new CborWriter().array(0)), balance, address);
    else add(id, "account", blocks.put(new CborWriter().array(1).bytes(address)), balance);
  }
  const idAddress = (key: Address): Address => Address.id((accounts.get(Address.key(key)) as Account).id);
  const noSectors = putNoSectors(blocks);
  for (const miner of options.miners) {
    const head = putMiner(blocks, noSectors, {
      owner: idAddress(miner.owner ?? miner.worker),
      worker: idAddress(miner.worker),
      peerId: miner.peerId ?? new Uint8Array(),
      sectorSize: miner.sectorSize,
    });
    add(miner.id, "storageminer", head, miner.balance ?? AttoFil.zero);
  }
  const burnt = new CborWriter().array(1).bytes(Address.id(ids.burntFunds));
  add(ids.burntFunds, "account", blocks.put(burnt), AttoFil.zero);
  add(ids.system, "system", putSystem(blocks), AttoFil.zero);
  add(ids.power, "storagepower", putPower(blocks, options), AttoFil.zero);
  const nextId = [...actors.keys()].reduce((most, id) => (id > most ? id : most), firstId - 1n) + 1n;
  add(ids.init, "init", putInit(blocks, options.networkName, accounts, nextId), AttoFil.zero);

  const entries = [...actors].map(([id, actor]) => [Address.id(id), actor] as const);
  const tree = blocks.tree(hamtRoot(entries, actorCodec(5), { version: 3 }));
  const info = blocks.put(new CborWriter().array(0));
  const root = blocks.put(new CborWriter().array(3).uint(5).link(tree).link(info));
  return {
    root: toCid(root),
    blocks: blocks.all(),
    ids: new Map([...accounts].map(([key, { id }]) => [key, id])),
  };
}

interface Account {
  readonly address: Address;
  readonly id: bigint;
  readonly balance: AttoFil;
}

/** Accounts by `Address.key`: the listed ones first, then owners and workers that are not among them. */
function giveIds(options: GenesisStateOptions): ReadonlyMap<string, Account> {
  const taken = new Set(options.miners.map(({ id }) => BigInt(id)));
  const accounts = new Map<string, Account>();
  let next = firstId;
  const give = (address: Address, balance: AttoFil): void => {
    const protocol = Address.protocol(address);
    if (protocol === 0 || protocol === 2) throw new StateError("state/no-key", { address: Address.format(address) });
    const key = Address.key(address);
    if (accounts.has(key)) return;
    while (taken.has(next)) next++;
    accounts.set(key, { address, id: next++, balance });
  };
  for (const { address, balance } of options.accounts) give(address, balance);
  for (const { owner, worker } of options.miners) {
    if (owner !== undefined) give(owner, AttoFil.zero);
    give(worker, AttoFil.zero);
  }
  return accounts;
}

/** A code CID that stands for a kind of actor: made up, as no Wasm is behind it. */
function codeOf(kind: ActorKind): CidBytes {
  return rawCidOf(utf8(`copse local network, no code: ${kind}`));
}

function putSystem(blocks: BlockList): CidBytes {
  const manifest = new CborWriter(2048).array(kinds.length);
  for (const kind of kinds) manifest.array(2).text(kind).link(codeOf(kind));
  return blocks.put(new CborWriter().array(1).link(blocks.put(manifest)));
}

function putInit(
  blocks: BlockList,
  networkName: string,
  accounts: ReadonlyMap<string, Account>,
  nextId: bigint,
): CidBytes {
  const entries = [...accounts.values()].map(({ address, id }) => [address, id] as const);
  const addresses = blocks.tree(hamtRoot(entries, idCodec, { version: 3 }));
  return blocks.put(new CborWriter().array(3).link(addresses).uint(nextId).text(networkName));
}

/** @see builtin-actors:actors/power/src/state.rs */
function putPower(blocks: BlockList, { miners, minPower = 1n }: GenesisStateOptions): CidBytes {
  const claims = miners.map(({ id, sectorSize, rawBytePower, qualityAdjPower }): readonly [Address, PowerClaim] => {
    return [Address.id(id), { proofType: proofTypeOf(sectorSize), rawBytePower, qualityAdjPower }];
  });
  const raw = miners.reduce((sum, miner) => sum + miner.rawBytePower, 0n);
  const qualityAdj = miners.reduce((sum, miner) => sum + miner.qualityAdjPower, 0n);
  const above = miners.filter(({ rawBytePower }) => rawBytePower >= minPower).length;
  const claimsRoot = blocks.tree(hamtRoot(claims, claimCodec, { version: 3 }));
  const cronQueue = blocks.tree(hamtRoot([], linkCodec, { version: 3, bitWidth: 6 }));

  const writer = new CborWriter(512).array(17);
  for (const total of [raw, raw, qualityAdj, qualityAdj, 0n]) writeBigInt(writer, total); // 4: pledge
  for (const thisEpoch of [raw, qualityAdj, 0n]) writeBigInt(writer, thisEpoch);
  writer.array(2); // smoothed power: position and velocity, in 128 bits of fraction
  writeBigInt(writer, qualityAdj << 128n);
  writeBigInt(writer, 0n);
  writer.int(miners.length).int(above).int(0).uint(0); // no ramp
  writer.link(cronQueue).int(0).link(claimsRoot).null();
  return blocks.put(writer);
}
