import { readFileSync } from "node:fs";
import { type CidBytes, cidKey, type SyncBlockStore } from "@copse/ipld";
import { actorsFile } from "@copse/testkit";
import { Address } from "@copse/types";
import { actorsOf } from "@copse/types/networks";
import type { ActorBundle } from "../../src/bundle/bundle.ts";
import { readBundle } from "../../src/bundle/read-bundle.ts";
import { Engine } from "../../src/engine/engine.ts";
import { buildGenesis } from "../../src/genesis/build-genesis.ts";

/** Blocks in memory. */
export class HeldBlocks implements SyncBlockStore {
  readonly blocks: Map<string, Uint8Array> = new Map();

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.blocks.get(cidKey(cid));
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.blocks.set(cidKey(cid), bytes.slice());
  }

  putManySync(entries: Iterable<readonly [CidBytes, Uint8Array]>): void {
    for (const [cid, bytes] of entries) this.putSync(cid, bytes);
  }
}

/** A network of the real actors at its genesis. */
export interface MadeNetwork {
  readonly bundle: ActorBundle;
  readonly store: HeldBlocks;
  readonly root: CidBytes;
  readonly accounts: readonly Address[];
  readonly engine: Engine;
}

const fil = 10n ** 18n;
const engine = new Engine();

/** Two accounts of keys, one of Ethereum where there are such, four miners. */
export async function makeNetwork(networkVersion: number): Promise<MadeNetwork> {
  const file = actorsFile(actorsOf(networkVersion)) as string;
  const bundle = await readBundle([readFileSync(file)], { file, network: "mainnet" });
  const store = new HeldBlocks();
  for (const [key, bytes] of bundle.blocks) store.blocks.set(key, bytes);
  const keys = [Address.fromBls(new Uint8Array(48).fill(11)), Address.fromSecp256k1(new Uint8Array(65).fill(12))];
  const accounts = networkVersion < 18 ? keys : [...keys, Address.fromEth(new Uint8Array(20).fill(13))];
  const root = buildGenesis({
    networkVersion,
    networkName: "localnet",
    chainId: 31415926n,
    timestamp: 1_700_000_000,
    manifest: bundle.manifest,
    store,
    accounts: accounts.map((address) => ({ address, balance: 1000n * fil })),
    miners: [1, 2, 3, 4].map((i) => ({
      worker: Address.fromBls(new Uint8Array(48).fill(i)),
      rawBytePower: BigInt(i) << 44n,
      qualityAdjPower: BigInt(i) << 45n,
    })),
    rootVerifier: Address.fromBls(new Uint8Array(48).fill(80)),
    reserve: Address.fromBls(new Uint8Array(48).fill(90)),
    engine,
  });
  return { bundle, store, root, accounts, engine };
}
