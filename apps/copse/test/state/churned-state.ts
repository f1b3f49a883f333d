import { type Hamt, hamtRoot, loadHamt } from "@copse/hamt";
import {
  type BlockPair,
  CborWriter,
  type CidBytes,
  type Codec,
  cidKey,
  cidOf,
  rawCidOf,
  runSync,
  type SyncBlockStore,
  toCid,
} from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";

/** How large a made state is, and how much of it changes in an epoch. */
export interface ChurnedOptions {
  readonly seed: number;
  /** Actors in all. */
  readonly actors: number;
  /** Miners with a claim; all but the active ones claim no power. */
  readonly claims: number;
  /** Miners with power, which have a state and a worker that can be read. */
  readonly activeMiners: number;
  /** What each epoch changes: states of active miners, accounts of their workers, other actors, claims. */
  readonly churn: {
    readonly miners: number;
    readonly workers: number;
    readonly others: number;
    readonly claims: number;
  };
}

/** A churn as mainnet has it: some 300 actors an epoch, singletons among them. */
export const mainnetChurn: ChurnedOptions["churn"] = { miners: 45, workers: 60, others: 200, claims: 20 };

/** Blocks in memory. */
export class Blocks implements SyncBlockStore {
  readonly held: Map<string, Uint8Array> = new Map();

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.held.get(cidKey(cid));
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.held.set(cidKey(cid), bytes);
  }

  putManySync(pairs: Iterable<BlockPair>): void {
    for (const [cid, bytes] of pairs) this.putSync(cid, bytes);
  }

  put(writer: CborWriter): CidBytes {
    const block = writer.finish();
    const cid = cidOf(block);
    this.putSync(cid, block);
    return cid;
  }
}

const raw: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};
const keys = { encode: (key: Address): Uint8Array => key, decode: (bytes: Uint8Array) => Address.view(bytes) };
const form = { version: 3, keys } as const;
/** Stands for blocks that no leader check reads. */
const unread = cidOf(Uint8Array.of(0x80));
const firstId = 1000;
const kinds = ["system", "init", "cron", "account", "storagepower", "storageminer", "storagemarket", "reward"] as const;
const codeOf = (kind: string): CidBytes => rawCidOf(utf8(`code of ${kind}`));

/** A miner with power. */
export interface ActiveMiner {
  readonly id: number;
  readonly worker: number;
  /** Unit: bytes. */
  readonly power: bigint;
}

/**
 * A state in the layout of actors v16, as large as one likes, that goes on epoch by epoch as mainnet's does: each epoch
 * changes a few hundred actors. Everything that leader checks read is there; nothing else is.
 */
export class ChurnedState {
  readonly blocks: Blocks = new Blocks();
  readonly miners: readonly ActiveMiner[];
  readonly #options: ChurnedOptions;
  readonly #random: () => number;
  readonly #tree: Hamt<Uint8Array, Address>;
  readonly #claims: Hamt<Uint8Array, Address>;
  readonly #infos = new Map<number, CidBytes>();
  readonly #total: bigint;
  #epoch = 0;
  root: CID;

  constructor(options: ChurnedOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    const { actors, claims, activeMiners } = options;
    const step = Math.floor(actors / claims);
    // power falls with the rank, as on mainnet: the first tenth has two fifths of it
    const chosen = new Set<number>();
    while (chosen.size < activeMiners) chosen.add(firstId + step * this.#below(claims));
    const workers = new Set<number>();
    while (workers.size < activeMiners) {
      const id = firstId + this.#below(actors);
      if ((id - firstId) % step !== 0) workers.add(id);
    }
    const workerIds = [...workers];
    this.miners = [...chosen].map((id, rank) => ({
      id,
      worker: workerIds[rank] as number,
      power: BigInt(Math.floor(2 ** 50 / (rank + 30))),
    }));
    this.#total = this.miners.reduce((sum, { power }) => sum + power, 0n);
    const active = new Map(this.miners.map((miner) => [miner.id, miner]));

    const claimed = hamtRoot(claimsOf(claims, step, active), raw, form);
    this.blocks.putManySync(claimed.blocks);
    this.#claims = runSync(loadHamt(claimed.root, raw, form), this.blocks);

    const special = new Map<number, Uint8Array>([...this.#singletons(claimed.root)]);
    for (const miner of this.miners) {
      special.set(miner.worker, this.#account(miner.worker));
      special.set(miner.id, this.#miner(miner));
    }
    const made = hamtRoot(actorsOf(actors, step, special), raw, form);
    this.blocks.putManySync(made.blocks);
    this.#tree = runSync(loadHamt(made.root, raw, form), this.blocks);
    this.root = this.#rootOf(made.root);
  }

  /** The state after so many further epochs, of which only the last is made. */
  advance(epochs = 1): CID {
    const { churn, actors } = this.#options;
    for (let left = epochs; left > 0; left--) {
      this.#epoch++;
      for (let i = 0; i < churn.claims; i++) {
        const { id, power } = this.#pick();
        this.#claims.setSync(Address.id(id), claim(power + BigInt(this.#epoch % 5)), this.blocks);
      }
      for (let i = 0; i < churn.miners; i++) {
        const miner = this.#pick();
        this.#set(miner.id, this.#miner(miner));
      }
      for (let i = 0; i < churn.workers; i++) {
        const { worker } = this.#pick();
        this.#set(worker, this.#account(worker));
      }
      for (let i = 0; i < churn.others; i++) {
        const id = firstId + this.#below(actors);
        if (!this.#isActive(id)) this.#set(id, actor("account", unread, BigInt(this.#epoch)));
      }
    }
    const claims = this.#claims.flushSync(this.blocks);
    for (const [id, value] of this.#singletons(claims)) this.#set(id, value);
    this.root = this.#rootOf(this.#tree.flushSync(this.blocks));
    return this.root;
  }

  /** Miners that win, each with the chance of its power. */
  winners(count: number): Address[] {
    const won = new Set<number>();
    while (won.size < count) won.add(this.#winner().id);
    return [...won].map((id) => Address.id(id));
  }

  #winner(): ActiveMiner {
    let left = BigInt(Math.floor(this.#random() * Number(this.#total)));
    for (const miner of this.miners) {
      left -= miner.power;
      if (left < 0n) return miner;
    }
    return this.#pick();
  }

  /** Miners with power, each as likely as another. */
  anyMiners(count: number): Address[] {
    const found = new Set<number>();
    while (found.size < count) found.add(this.#pick().id);
    return [...found].map((id) => Address.id(id));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick(): ActiveMiner {
    return this.miners[this.#below(this.miners.length)] as ActiveMiner;
  }

  #activeIds: Set<number> | undefined;
  #isActive(id: number): boolean {
    this.#activeIds ??= new Set(this.miners.flatMap((miner) => [miner.id, miner.worker]));
    return this.#activeIds.has(id);
  }

  #set(id: number, value: Uint8Array): void {
    this.#tree.setSync(Address.id(id), value, this.blocks);
  }

  #rootOf(tree: CidBytes): CID {
    return toCid(this.blocks.put(new CborWriter().array(3).uint(5).link(tree).link(unread)));
  }

  #account(id: number): Uint8Array {
    const key = Address.fromBls(
      Uint8Array.from({ length: 48 }, (_, at) => (at < 6 ? Math.floor(id / 256 ** at) & 255 : 9)),
    );
    return actor("account", this.blocks.put(new CborWriter().array(1).bytes(key)), BigInt(this.#epoch + id));
  }

  /** Shape: a miner's state and info, with texts as long as on mainnet. */
  #miner({ id, worker }: ActiveMiner): Uint8Array {
    let info = this.#infos.get(id);
    if (info === undefined) {
      const who = Address.id(worker);
      const control = [1, 2, 3].map((more) => Address.id(worker + more));
      const writer = new CborWriter().array(14).bytes(who).bytes(who).array(3);
      for (const address of control) writer.bytes(address);
      writer.null().bytes(new Uint8Array(38).fill(id)).array(1).bytes(new Uint8Array(12).fill(id));
      writer
        .int(13)
        .uint(2 ** 35)
        .uint(2349)
        .int(-1)
        .null()
        .bytes(who)
        .array(3);
      info = this.blocks.put(writer.bytes(amount(0n)).bytes(amount(0n)).int(0).null());
      this.#infos.set(id, info);
    }
    const funds = 10n ** 21n + BigInt(this.#epoch) * 10n ** 15n + BigInt(id);
    const writer = new CborWriter()
      .array(15)
      .link(info)
      .bytes(amount(funds / 3n))
      .bytes(amount(funds));
    writer
      .array(2)
      .array(2)
      .int(this.#epoch)
      .bytes(amount(funds / 99n))
      .link(unread);
    writer.bytes(amount(0n)).bytes(amount(funds)).link(unread).link(unread).link(unread).link(unread);
    writer
      .int(this.#epoch - (this.#epoch % 2880))
      .uint(this.#epoch % 48)
      .link(unread)
      .bytes(new Uint8Array())
      .bool(true);
    return actor("storageminer", this.blocks.put(writer), 0n);
  }

  #singletons(claims: CidBytes): [number, Uint8Array][] {
    const manifest = new CborWriter().array(kinds.length);
    for (const kind of kinds) manifest.array(2).text(kind).link(codeOf(kind));
    const system = this.blocks.put(new CborWriter().array(1).link(this.blocks.put(manifest)));
    const power = new CborWriter().array(17);
    const total = this.#total + BigInt(this.#epoch);
    for (const value of [total, total, total, total, 10n ** 26n, total, total, 10n ** 26n]) power.bytes(amount(value));
    power
      .array(2)
      .bytes(amount(total << 128n))
      .bytes(amount(total << 100n));
    power
      .int(this.#options.claims)
      .int(this.miners.length)
      .int(-1)
      .uint(365)
      .link(unread)
      .int(this.#epoch)
      .link(claims)
      .null();
    const counter = BigInt(this.#epoch);
    return [
      [0, actor("system", system, 0n)],
      [1, actor("init", unread, 0n)],
      [2, actor("reward", unread, counter)],
      [4, actor("storagepower", this.blocks.put(power), 0n)],
      [5, actor("storagemarket", unread, counter)],
      [99, actor("account", unread, counter)],
    ];
  }
}

const amount = (value: bigint): Uint8Array => AttoFil.encodeBigInt(value);

function actor(kind: (typeof kinds)[number], head: CidBytes, counter: bigint): Uint8Array {
  const balance = amount(10n ** 19n + counter * 10n ** 12n);
  return new CborWriter().array(5).link(codeOf(kind)).link(head).uint(counter).bytes(balance).null().finish();
}

function claim(power: bigint): Uint8Array {
  return new CborWriter().array(3).int(13).bytes(amount(power)).bytes(amount(power)).finish();
}

function* claimsOf(
  count: number,
  step: number,
  active: ReadonlyMap<number, ActiveMiner>,
): Generator<[Address, Uint8Array]> {
  const none = claim(0n);
  for (let i = 0; i < count; i++) {
    const id = firstId + i * step;
    const power = active.get(id)?.power;
    yield [Address.id(id), power === undefined ? none : claim(power)];
  }
}

function* actorsOf(
  count: number,
  step: number,
  special: ReadonlyMap<number, Uint8Array>,
): Generator<[Address, Uint8Array]> {
  const [plain, idleMiner] = [actor("account", unread, 3n), actor("storageminer", unread, 0n)];
  for (const [id, value] of special) if (id < firstId) yield [Address.id(id), value];
  for (let i = 0; i < count; i++) {
    const id = firstId + i;
    yield [Address.id(id), special.get(id) ?? (i % step === 0 ? idleMiner : plain)];
  }
}
