import { type CidBytes, cidOf, toCid } from "@copse/ipld";
import { createTipset, encodeBlockHeader, type Network, type Tipset } from "@copse/types";
import { asParent } from "./build-tipset.ts";
import { MintError } from "./errors.ts";
import { genesisBlock } from "./genesis-block.ts";
import { type MintMachine, noMachine } from "./machine.ts";
import { createSenders, type Sender } from "./messages.ts";
import { createMiners, type MintedMiner } from "./miners.ts";
import { type ChainParts, mintEpochs } from "./mint-epochs.ts";
import { mintedNetwork } from "./network.ts";
import type { MintedEpoch } from "./parent.ts";
import { seededBy } from "./seeded.ts";
import { beaconOf, noSigner, realSigner, shortBlsKey } from "./signer.ts";

/** What a minted chain is made of. The same options give the same chain, byte for byte. */
export interface MintOptions {
  /** Any text. */
  readonly seed: string;
  /** Miners that take part: 1 to 50; 4 unless told. */
  readonly miners?: number;
  /**
   * Blocks an epoch holds on average, above 0 and at most 5; 1.4 unless told: some 1.7 a tipset, and one null round in
   * six. With few miners there are fewer.
   */
  readonly blocks?: number;
  /** The network's name; `localnet-` and the seed unless told. */
  readonly name?: string;
  /** Unit: seconds since 1970; a fixed moment unless told. */
  readonly genesisTime?: number;
  /** Unit: seconds; 30 unless told. */
  readonly blockDelay?: number;
  /** `none`: filler in place of every signature, for measuring what looks at links alone. `real` unless told. */
  readonly signatures?: "real" | "none";
  /** Whether blocks list messages: true, unless signatures are none. */
  readonly messages?: boolean;
  /** Chance that an epoch begins a short fork, where one can: 0.25 unless told. */
  readonly forks?: number;
  /** What executes the chain; unless told there is none: every header names the genesis state and no receipts. */
  readonly machine?: MintMachine;
}

/** A chain that is made as it is read. */
export interface Mint {
  /** Its rules; validators take it as any other. */
  readonly network: Network;
  readonly genesis: {
    readonly tipset: Tipset;
    /** The header's bytes. */
    readonly bytes: Uint8Array;
    /** Every block of the genesis state. */
    readonly state: readonly (readonly [CidBytes, Uint8Array])[];
  };
  readonly miners: readonly MintedMiner[];
  /** Quality-adjusted power of the network. Unit: bytes. */
  readonly totalPower: bigint;
  readonly senders: readonly Sender[];
  /**
   * Epochs from 1 on, without end: take as many as you need. Each call begins anew and gives the same.
   *
   * Bound: memory does not grow with the height. A fork that is open where you stop is lighter than the chain.
   */
  epochs(): Generator<MintedEpoch, never, undefined>;
}

const fixedGenesisTime = 1_700_000_000;
/** Unit: seconds from the beacon's first round to genesis, so that genesis has rounds below it. */
const beaconLead = 300;

/**
 * Makes a chain for tests, benches and a local network: its own genesis and beacon, miners with BLS keys, tickets,
 * election proofs and win counts as the rules have them, messages of every kind, null rounds, and forks that lose.
 *
 * Without a machine every header names the genesis state and no receipts: accounts' nonces run on from block to block,
 * yet the state does not follow them. With one each tipset is executed before its children are made.
 *
 * Cost: with `real` signatures some 6 BLS signatures an epoch (bench/README.md).
 *
 * @throws {MintError} `mint/option-out-of-range`
 * @see lotus:chain/gen/gen.go, which does this for Lotus' tests
 * @example
 * const mint = createMint({ seed: "example" });
 * for (const { height, tipset } of mint.epochs().take(10)) console.log(height, tipset?.blocks.length ?? 0);
 */
export function createMint(options: MintOptions): Mint {
  const { genesisTime = fixedGenesisTime, blockDelay = 30, blocks = 1.4, forks = 0.25 } = options;
  const count = within("miners", options.miners ?? 4, 1, 50);
  within("blocks", blocks, 0.001, 5);
  within("blockDelay", blockDelay, 3, 3600); // the beacon has a round every three seconds
  within("forks", forks, 0, 1);
  const seeded = seededBy(options.seed);
  const beaconKey = shortBlsKey(seeded, "beacon", 0);
  const beacon = beaconOf(beaconKey, genesisTime - beaconLead);
  const machine = options.machine ?? noMachine;
  const power = createMiners(seeded, count, blocks, options.machine !== undefined);
  // Ethereum's accounts came with network version 18.
  const senders = createSenders(seeded).filter(({ key }) => key.type !== 3 || (machine.networkVersion ?? 18) >= 18);
  const name = options.name ?? `localnet-${options.seed}`;
  const state = machine.genesis({ networkName: name, genesisTime, power, senders });
  const header = genesisBlock(state.root, seeded.bytes("genesis ticket", 0), genesisTime);
  const bytes = encodeBlockHeader(header);
  const genesisCid = toCid(cidOf(bytes));
  const network = mintedNetwork({ name, genesisCid, genesisTime, blockDelay, beacon, version: machine.networkVersion });
  const tipset = createTipset([header], [genesisCid]);
  const signed = options.signatures !== "none";
  const chain: ChainParts = {
    network,
    seeded,
    power,
    senders: (options.messages ?? signed) ? senders : [],
    signer: signed ? realSigner(beaconKey) : noSigner(),
    machine,
    noMessages: header.messages,
    forks,
  };
  const first = asParent(
    { network, totalPower: power.total, machine },
    tipset,
    [{ bytes, messages: { bls: [], secp: [] } }],
    [[]],
    { tipset: undefined, nonces: senders.map(() => 0n) },
  );
  return {
    network,
    genesis: { tipset, bytes, state: state.blocks },
    miners: power.miners,
    totalPower: power.total,
    senders,
    epochs: () => mintEpochs(chain, first),
  };
}

function within(option: string, found: number, least: number, most: number): number {
  if (found >= least && found <= most) return found;
  throw new MintError("mint/option-out-of-range", { option, found, least, most });
}
