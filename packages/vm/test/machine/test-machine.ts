import { createHamt } from "@copse/hamt";
import { CborWriter, type CidBytes, cidKey, cidOf, rawCidOf, type SyncBlockStore } from "@copse/ipld";
import { MutableStateTree } from "@copse/state";
import { Address, type AttoFil, type Message } from "@copse/types";
import { newActor } from "../../src/call-manager/new-actor.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { ApplyResult } from "../../src/executor/apply-result.ts";
import type { Externs } from "../../src/externs.ts";
import { fvmVersion } from "../../src/fvm-version.ts";
import { createMachine } from "../../src/machine/create-machine.ts";
import type { Machine } from "../../src/machine/machine.ts";
import type { ProofVerifier } from "../../src/proofs.ts";
import { actor } from "../actors/compile.ts";
import { Recorder } from "./recorder.ts";

/** A store in memory, which a test may look into. */
export class MemoryStore implements SyncBlockStore {
  readonly blocks: Map<string, Uint8Array> = new Map();

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.blocks.get(cidKey(cid));
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.blocks.set(cidKey(cid), bytes);
  }

  putManySync(entries: Iterable<readonly [CidBytes, Uint8Array]>): void {
    for (const [cid, bytes] of entries) this.putSync(cid, bytes);
  }
}

/** The account that sends, and its address. */
export const senderId = 100n;
export const sender: Address = Address.fromSecp256k1(new Uint8Array(65).fill(4));
/** The actor under test. */
export const target = 200n;
/** What sender and target have. */
export const funds: bigint = 10n ** 24n;

const names = [
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

const engine: Engine = new Engine();

/** What stands in the state besides. */
export interface TestActor {
  readonly code: Uint8Array;
  readonly balance?: bigint;
  readonly head?: CidBytes;
  readonly delegated?: Address;
  readonly sequence?: bigint;
}

/** What a test machine differs in. */
export interface TestOptions {
  readonly networkVersion: number;
  /** Actors by ID; that of {@link target} is the one under test. */
  readonly actors?: Readonly<Record<string, TestActor>>;
  /** Code by the name of a built-in actor. */
  readonly builtin?: Readonly<Record<string, Uint8Array>>;
  readonly blocks?: readonly Uint8Array[];
  readonly externs?: Partial<Externs>;
  readonly proofs?: ProofVerifier;
  readonly epoch?: number;
  readonly baseFee?: bigint;
  readonly actorDebugging?: boolean;
  readonly trace?: boolean;
  readonly engine?: Engine;
}

/** A machine over a small state: the actors every machine needs, a sender with funds, and those of a test. */
export interface TestMachine {
  readonly machine: Machine;
  readonly store: MemoryStore;
  readonly root: CidBytes;
  /** Sends a message, of the sender to the target unless it says otherwise. */
  send(message?: Partial<Message>, rawLength?: number): ApplyResult;
  /** The state as of the last flush, after one. */
  state(): MutableStateTree;
}

const noExterns: Externs = {
  chainRandomness: () => new Uint8Array(32).fill(7),
  beaconRandomness: () => new Uint8Array(32).fill(8),
  tipsetCid: () => cidOf(Uint8Array.of(1)),
  verifyConsensusFault: () => undefined,
};

export function testMachine(options: TestOptions): TestMachine {
  const { networkVersion, actors = {}, builtin = {}, blocks = [], baseFee = 100n, epoch = 1000 } = options;
  const fvm = fvmVersion(networkVersion);
  const store = new MemoryStore();
  for (const block of blocks) store.putSync(cidOf(block), block);
  const putCode = (code: Uint8Array): CidBytes => {
    const cid = rawCidOf(code);
    store.putSync(cid, code);
    return cid;
  };
  const codes = new Map<string, CidBytes>();
  for (const [index, name] of names.slice(0, fvm === 2 ? 12 : 16).entries()) {
    // a code of its own for each, else types could not be told apart
    codes.set(name, putCode(builtin[name] ?? actor(fvm, { body: `(drop (i32.const ${index})) (i32.const 0)` })));
  }
  // FVM 2 runs built-in code only
  if (fvm === 2) for (const [id, { code }] of Object.entries(actors)) codes.set(`test${id}`, putCode(code));
  const list = new CborWriter().array(codes.size);
  for (const [name, code] of codes) list.array(2).text(name).link(code);
  const manifest = put(store, list.finish());
  const tree = MutableStateTree.create(store, fvm === 2 ? 4 : 5);
  const code = (name: string): CidBytes => codes.get(name) as CidBytes;
  const systemHead = put(store, new CborWriter().array(1).link(manifest).finish());
  tree.setActor(0n, { ...newActor(code("system"), null), head: systemHead });
  tree.setActor(1n, { ...newActor(code("init"), null), head: initState(store) });
  tree.setActor(2n, newActor(code("reward"), null));
  tree.setActor(99n, newActor(code("account"), null));
  const accountHead = put(store, new CborWriter().array(1).bytes(sender).finish());
  tree.setActor(senderId, { ...newActor(code("account"), null), head: accountHead, balance: funds });
  for (const [id, { code: wasm, balance, head, delegated, sequence }] of Object.entries(actors)) {
    const made = newActor(putCode(wasm), delegated ?? null);
    tree.setActor(BigInt(id), {
      ...made,
      balance: balance ?? funds,
      head: head ?? made.head,
      sequence: sequence ?? 0n,
    });
  }
  store.putSync(cidOf(Uint8Array.of(0x80)), Uint8Array.of(0x80));
  const root = tree.flush();
  const context = {
    networkVersion,
    chainId: 31415926n,
    epoch,
    timestamp: BigInt(epoch) * 30n,
    baseFee,
    circSupply: 10n ** 27n,
  };
  const isPlain = options.actorDebugging !== true && options.proofs?.pretends !== false;
  const state = { root, manifest, blocks: store.blocks };
  const recorder = new Recorder(context, state, { ...noExterns, ...options.externs }, isPlain);
  const machine = createMachine({
    ...context,
    stateRoot: root,
    store,
    externs: recorder.externs,
    proofs: options.proofs,
    engine: options.engine ?? engine,
    actorDebugging: options.actorDebugging,
    trace: options.trace,
  });
  let nonce = 0n;
  return {
    machine,
    store,
    root,
    send(message = {}, rawLength = 100) {
      const whole: Message = {
        version: 0,
        from: sender,
        to: Address.id(target),
        nonce: message.from === undefined ? nonce : 0n,
        value: 0n as AttoFil,
        gasLimit: 10_000_000_000n,
        gasFeeCap: 200n as AttoFil,
        gasPremium: 1n as AttoFil,
        method: 2n,
        params: new Uint8Array(0),
        ...message,
      };
      let result: ApplyResult;
      try {
        result = machine.execute(whole, { kind: "explicit", rawLength });
        recorder.add(whole, rawLength, result, () => machine.flush());
      } catch (error) {
        recorder.fault();
        throw error;
      }
      if (whole.from === sender) nonce = whole.nonce + 1n;
      return result;
    },
    state: () => MutableStateTree.load(store, machine.flush()),
  };
}

function put(store: MemoryStore, block: Uint8Array): CidBytes {
  const cid = cidOf(block);
  store.putSync(cid, block);
  return cid;
}

/** Shape: `[address map, next ID, network name]`. */
function initState(store: MemoryStore): CidBytes {
  const addresses = createHamt<bigint>(
    { encode: (writer, id) => void writer.uint(id), decode: (reader) => reader.uint() },
    { version: 3 },
  );
  addresses.setSync(sender, senderId, store);
  const map = addresses.flushSync(store);
  return put(store, new CborWriter().array(3).link(map).uint(1000).text("test").finish());
}
