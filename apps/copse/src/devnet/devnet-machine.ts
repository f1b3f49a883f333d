import { createMint, type Mint, type MintMachine } from "@copse/chain/mint";
import { type CidBytes, toCid } from "@copse/ipld";
import { fromLatin1 } from "@copse/primitives";
import { Address, devnet, type Tipset } from "@copse/types";
import { Engine } from "@copse/vm";
import type { ActorBundle } from "@copse/vm/bundles";
import { buildGenesis } from "@copse/vm/genesis";
import type { TipsetContext } from "@copse/vm/tipset";
import type { LayeredStore } from "../vm/layered-store.ts";
import { executeTipset } from "./chain-machine.ts";
import { composer } from "./compose.ts";
import { HeldChain } from "./held-chain.ts";

/** What a local chain of the real actors is made of. The same gives the same chain, byte for byte. */
export interface DevnetOptions {
  readonly networkVersion: number;
  readonly seed: string;
  readonly bundle: ActorBundle;
  /** Gets every block of state and receipts. */
  readonly store: LayeredStore;
  readonly miners?: number | undefined;
  /** Default: one of its own, which keeps nothing on disk. */
  readonly engine?: Engine | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each message that was executed, implicit ones and those of forks too. */
  readonly onApplied?: TipsetContext["onApplied"];
}

const fil = 10n ** 18n;
const senderBalance = 1_000_000n * fil;

/**
 * A local chain that is executed as it is made: the real actors of a network version, brought up by their own
 * constructors, and messages of every kind. Each tipset is executed when it gets children.
 *
 * @throws {VmError} `vm/genesis-failed`, `vm/manifest-incomplete`
 * @example
 * for (const { height, tipset } of createDevnet(options).epochs().take(100)) { … }
 */
export function createDevnet(options: DevnetOptions): Mint {
  const { networkVersion, seed, bundle, store, miners, signal, onApplied } = options;
  for (const [key, bytes] of bundle.blocks) store.putSync(fromLatin1(key), bytes);
  const engine = options.engine ?? new Engine();
  const chain = new HeldChain();
  const code = (name: string): CidBytes =>
    bundle.manifest.entries.find((entry) => entry.name === name)?.code as CidBytes;
  const machine: MintMachine = {
    networkVersion,
    compose: composer({ multisig: code("multisig"), paymentChannel: code("paymentchannel") }),
    genesis: ({ networkName, genesisTime, power, senders }) => {
      const root = buildGenesis({
        networkVersion,
        networkName,
        chainId: BigInt(devnet.ethChainId),
        timestamp: genesisTime,
        manifest: bundle.manifest,
        store,
        accounts: senders.map(({ address }) => ({ address, balance: senderBalance })),
        miners: power.miners.map(({ worker, power: held }) => ({ worker, rawBytePower: held, qualityAdjPower: held })),
        rootVerifier: Address.actor(Uint8Array.of(80)),
        reserve: Address.actor(Uint8Array.of(90)),
        engine,
      });
      return { root, blocks: store.written() };
    },
    execute: (tipset, parents, messages) => {
      chain.add(tipset, parents);
      const first = tipset.blocks[0] as Tipset["blocks"][number];
      if (tipset.height === 0) return { stateRoot: first.parentStateRoot, receipts: first.parentMessageReceipts };
      const network = mint.network;
      const done = executeTipset({ network, store, engine, signal, onApplied }, chain.viewFrom(tipset), messages);
      return { stateRoot: toCid(done.stateRoot), receipts: toCid(done.receiptsRoot) };
    },
  };
  const mint: Mint = createMint({ seed, machine, ...(miners === undefined ? {} : { miners }) });
  return mint;
}
