import { createHamt } from "@copse/hamt";
import { CborWriter, type CidBytes, type Codec, cidOf, type SyncBlockStore } from "@copse/ipld";
import { type ActorState, MutableStateTree } from "@copse/state";
import { Address, type AttoFil, type Message } from "@copse/types";
import type { ActorManifest } from "../bundle/bundle.ts";
import type { Engine } from "../engine/engine.ts";
import { VmError } from "../errors.ts";
import { ExternError, type Externs } from "../externs.ts";
import { createMachine } from "../machine/create-machine.ts";
import type { Machine } from "../machine/machine.ts";
import { implicitGasLimit } from "../tipset/implicit-messages.ts";
import { claimPowerParams, createMinerParams, genesisConstructors, singletonIds } from "./constructors.ts";

/** An account that a genesis state has. */
export interface GenesisAccount {
  /** `f1` and `f3` become accounts; `f4` of Ethereum a placeholder that its first message makes an account. */
  readonly address: Address;
  /** Unit: attoFIL. */
  readonly balance: bigint;
}

/** A miner that a genesis state has: its power is claimed, without sectors. */
export interface GenesisMiner {
  /** `f3`: owner and worker. */
  readonly worker: Address;
  /** Unit: bytes. */
  readonly rawBytePower: bigint;
  /** Unit: bytes. */
  readonly qualityAdjPower: bigint;
}

/** What a genesis state is made of. */
export interface GenesisOptions {
  readonly networkVersion: number;
  readonly networkName: string;
  readonly chainId: bigint;
  /** Unit: seconds since 1970. */
  readonly timestamp: number;
  /** The actors; their code is in the store. */
  readonly manifest: ActorManifest;
  readonly store: SyncBlockStore;
  readonly accounts: readonly GenesisAccount[];
  /** They get the IDs from 1000 on, in order. */
  readonly miners: readonly GenesisMiner[];
  /** Key address of the account 80, which names verifiers. */
  readonly rootVerifier: Address;
  /** Key address of the account 90, the reserve. */
  readonly reserve: Address;
  /** Proof type of the miners' windows: 32 GiB (8) before nv19, its V1P1 form (13) since, unless told. */
  readonly windowPostProof?: number | undefined;
  readonly engine?: Engine | undefined;
}

/** IDs of accounts begin here, those of miners at 1000. */
const firstAccount = 100n;
const firstMiner = 1000n;
const wholeFil = 10n ** 18n;
const rewardBalance = 1_100_000_000n * wholeFil;
const reserveBalance = 300_000_000n * wholeFil;
/** More than a miner must bring to be created; what is over stays with it. @see FIPs:fip-0077 */
const minerDeposit = 10_000n * wholeFil;
const emptyArray = Uint8Array.of(0x80);
const construct = 1n;
const createMiner = 2n;
const updateClaimedPower = 3n;

/**
 * Makes a genesis state that can be executed, as a network's own is made: the actors there is one of are brought up by
 * their own constructors, miners by the power actor. The store gets every block of it.
 *
 * Cost: about a second the first time, for compiling; some thirty messages.
 *
 * @returns root of the state
 * @throws {VmError} `vm/genesis-failed`, `vm/manifest-incomplete`, `vm/network-version-unsupported`
 * @see lotus:chain/gen/genesis/genesis.go MakeInitialStateTree, SetupStorageMiners
 * @example
 * const root = buildGenesis({ networkVersion: 22, manifest, store, … });
 */
export function buildGenesis(options: GenesisOptions): CidBytes {
  let root = firstState(options);
  const { miners } = options;
  const [system, reserve, power] = [singletonIds.system, singletonIds.reserve, singletonIds.storagepower].map((id) =>
    Address.id(id),
  ) as [Address, Address, Address];
  const total = miners.reduce((sum, miner) => sum + miner.qualityAdjPower, 0n);
  const constructors = genesisConstructors(total).filter(({ name }) => codeOf(options.manifest, name) !== undefined);
  root = run(options, root, (machine) => {
    for (const { name, params } of constructors) {
      apply(machine, { to: Address.id(singletonIds[name]), from: system, method: construct, params });
    }
  });
  const proof = options.windowPostProof ?? (options.networkVersion < 19 ? 8 : 13);
  root = run(options, root, (machine) => {
    for (const { address, balance } of options.accounts) {
      if (Address.protocol(address) === 4) apply(machine, { to: address, from: reserve, value: balance as AttoFil });
    }
    for (const { worker } of miners) {
      const params = createMinerParams(worker, proof);
      apply(machine, { to: power, from: worker, method: createMiner, params, value: minerDeposit as AttoFil });
    }
  });
  return run(options, root, (machine) => {
    for (const [i, { rawBytePower, qualityAdjPower }] of miners.entries()) {
      const from = Address.id(firstMiner + BigInt(i));
      const params = claimPowerParams(rawBytePower, qualityAdjPower);
      apply(machine, { to: power, from, method: updateClaimedPower, params });
    }
  });
}

// What no constructor can make: system and init, the accounts, and empty actors for the constructors to run on.
function firstState(options: GenesisOptions): CidBytes {
  const { manifest, store, networkVersion } = options;
  const tree = MutableStateTree.create(store, networkVersion < 18 ? 4 : 5);
  const put = (bytes: Uint8Array): CidBytes => {
    const cid = cidOf(bytes);
    store.putSync(cid, bytes);
    return cid;
  };
  const set = (id: bigint, name: string, head: CidBytes, balance = 0n): void => {
    const code = codeOf(manifest, name);
    if (code === undefined) throw new VmError("vm/manifest-incomplete", { name });
    const actor: ActorState = { code, head, sequence: 0n, balance, delegatedAddress: null };
    tree.setActor(id, actor);
  };
  const account = (id: bigint, key: Address, balance: bigint): void => {
    set(id, "account", put(new CborWriter().array(1).bytes(key).finish()), balance);
  };

  const noState = put(emptyArray);
  set(singletonIds.system, "system", put(new CborWriter().array(1).link(manifest.cid).finish()));
  for (const { name } of genesisConstructors(0n)) {
    const balance = name === "reward" ? rewardBalance : 0n;
    if (codeOf(manifest, name) !== undefined) set(singletonIds[name], name, noState, balance);
  }
  account(singletonIds.burntFunds, Address.id(singletonIds.burntFunds), 0n);
  account(singletonIds.rootVerifier, options.rootVerifier, 0n);
  account(singletonIds.reserve, options.reserve, reserveBalance);

  const addresses = createHamt<bigint>(ids, { version: 3 });
  addresses.setSync(options.rootVerifier, singletonIds.rootVerifier);
  addresses.setSync(options.reserve, singletonIds.reserve);
  let next = firstAccount;
  const keyed = options.accounts.filter(({ address }) => Address.protocol(address) !== 4);
  const workers = options.miners.map(({ worker }) => ({ address: worker, balance: 2n * minerDeposit }));
  for (const { address, balance } of [...keyed, ...workers]) {
    addresses.setSync(address, next);
    account(next, address, balance);
    next++;
  }
  // Ethereum's accounts come by transfers, before the miners: they take the IDs below.
  const eth = BigInt(options.accounts.length - keyed.length);
  const head = new CborWriter()
    .array(3)
    .link(addresses.flushSync(store))
    .uint(firstMiner - eth)
    .text(options.networkName)
    .finish();
  set(singletonIds.init, "init", put(head));
  return tree.flush();
}

const ids: Codec<bigint> = {
  encode: (writer, id) => void writer.uint(id),
  decode: (reader) => reader.uint(),
};

function codeOf(manifest: ActorManifest, name: string): CidBytes | undefined {
  return manifest.entries.find((entry) => entry.name === name)?.code;
}

// Genesis has no chain below it to ask.
const nothing = (): never => {
  throw new ExternError("there is no chain below genesis");
};
const noChain: Externs = {
  chainRandomness: nothing,
  beaconRandomness: nothing,
  tipsetCid: nothing,
  verifyConsensusFault: () => undefined,
};

function run(options: GenesisOptions, stateRoot: CidBytes, work: (machine: Machine) => void): CidBytes {
  const { networkVersion, chainId, timestamp, store, engine } = options;
  const machine = createMachine({
    networkVersion,
    chainId,
    epoch: 0,
    timestamp: BigInt(timestamp),
    baseFee: 0n,
    circSupply: 0n,
    stateRoot,
    store,
    externs: noChain,
    engine,
  });
  work(machine);
  return machine.flush();
}

function apply(machine: Machine, fields: Partial<Message> & Pick<Message, "to" | "from">): void {
  const zero = 0n as AttoFil;
  const plain = { version: 0, nonce: 0n, value: zero, gasFeeCap: zero, gasPremium: zero, method: 0n };
  const message: Message = { ...plain, gasLimit: implicitGasLimit, params: new Uint8Array(0), ...fields };
  const { receipt } = machine.execute(message, { kind: "implicit", rawLength: 0 });
  if (receipt.exitCode === 0) return;
  const { to, method } = message;
  throw new VmError("vm/genesis-failed", { to: Address.format(to), method, exitCode: receipt.exitCode });
}
