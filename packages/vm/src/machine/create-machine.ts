import { blockMissing, CborReader, type CidBytes, type SyncBlockStore } from "@copse/ipld";
import { MutableStateTree } from "@copse/state";
import { actorIds } from "../addresses.ts";
import { BufferedStore } from "../buffered-store.ts";
import { emptyState, emptyStateBlock } from "../call-manager/new-actor.ts";
import { Engine } from "../engine/engine.ts";
import { VmError } from "../errors.ts";
import type { Externs } from "../externs.ts";
import { type FvmVersion, fvmVersion } from "../fvm-version.ts";
import { priceList } from "../gas/price-list.ts";
import type { ProofVerifier } from "../proofs.ts";
import { Machine } from "./machine.ts";
import { Manifest } from "./manifest.ts";
import { rulesOf } from "./rules.ts";

/** What a machine is made of. Amounts in attoFIL. */
export interface MachineOptions {
  readonly networkVersion: number;
  /** 314 on mainnet: what EVM contracts see. */
  readonly chainId: bigint;
  readonly epoch: number;
  /** Of the tipset that is executed, or of the null round. Unit: seconds since 1970. */
  readonly timestamp: bigint;
  /** In force for the tipset. */
  readonly baseFee: bigint;
  readonly circSupply: bigint;
  /** The state before, after what null rounds and upgrades did. */
  readonly stateRoot: CidBytes;
  readonly store: SyncBlockStore;
  readonly externs: Externs;
  /** Without one, the first proof is a fault. */
  readonly proofs?: ProofVerifier | undefined;
  /** To be shared between machines. Default: one of its own. */
  readonly engine?: Engine | undefined;
  /** Keeps every charge of gas. Default: no. */
  readonly trace?: boolean | undefined;
  /** Lets actors log; changes what they spend. Default: no. */
  readonly actorDebugging?: boolean | undefined;
}

/**
 * A machine for one network version and epoch, on the state of a root.
 *
 * @throws {VmError} `vm/network-version-unsupported`, `vm/state-unfit`, `vm/manifest-incomplete`
 * @throws {StateError} {HamtError} {CborError} what is no state
 * @throws {HostFault} `host/block-missing`
 * @see ref-fvm:fvm/src/machine/default.rs new
 * @example
 * const machine = createMachine({ networkVersion: 18, epoch, stateRoot, store, externs, ...rest });
 * const { receipt } = machine.execute(message, { kind: "explicit", rawLength });
 * const stateRoot = machine.flush();
 */
export function createMachine(options: MachineOptions): Machine {
  const { networkVersion, chainId, epoch, timestamp, baseFee, circSupply, actorDebugging = false } = options;
  const fvm = fvmVersion(networkVersion);
  if (fvm !== 2) options.store.putSync(emptyState, emptyStateBlock); // the state of actors that have none yet
  const store = new BufferedStore(options.store);
  const tree = loadTree(store, options.stateRoot, fvm);
  return new Machine({
    context: { networkVersion, chainId, epoch, timestamp, baseFee, circSupply, actorDebugging },
    rules: rulesOf(fvm),
    prices: priceList(networkVersion),
    tree,
    store,
    manifest: loadManifest(tree, store, fvm),
    externs: options.externs,
    proofs: options.proofs,
    engine: options.engine ?? new Engine(),
    trace: options.trace ?? false,
  });
}

function loadTree(store: BufferedStore, root: CidBytes, fvm: FvmVersion): MutableStateTree {
  const tree = MutableStateTree.load(store, root);
  const isFit = fvm === 2 ? tree.version < 5 : tree.version === 5;
  if (!isFit) throw new VmError("vm/state-unfit", { version: tree.version, fvm });
  return tree;
}

/** The list that the system actor's state links to. Shape of that state: `[link]`. */
function loadManifest(tree: MutableStateTree, store: BufferedStore, fvm: FvmVersion): Manifest {
  const system = tree.getActor(actorIds.system);
  if (system === undefined) throw new VmError("vm/manifest-incomplete", { name: "the system actor" });
  const reader = new CborReader(blockOf(store, system.head));
  reader.array(1);
  const list = reader.link();
  reader.end();
  return Manifest.decode(blockOf(store, list), fvm);
}

function blockOf(store: BufferedStore, cid: CidBytes): Uint8Array {
  const block = store.getSync(cid);
  if (block === undefined) throw blockMissing(cid);
  return block;
}
