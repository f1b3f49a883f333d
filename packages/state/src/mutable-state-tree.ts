import { createHamt, type Hamt, loadHamt } from "@copse/hamt";
import { blockMissing, CborReader, CborWriter, type CidBytes, cidOf, runSync, type SyncBlockStore } from "@copse/ipld";
import { Address } from "@copse/types";
import { type ActorState, actorKeys, actorStateCodec, type MutableVersion, sameActor } from "./actor-state.ts";
import { AddressBook } from "./address-book.ts";
import { StateError } from "./errors.ts";
import { UndoMap } from "./undo-map.ts";

const initActorId = 1n;
/** What the root's last field links to: an empty list. */
const emptyInfo: Uint8Array = Uint8Array.of(0x80);

/** An actor in memory; no actor is one that is known not to be there. */
interface Cached {
  readonly actor: ActorState | undefined;
  /** Whether the tree does not have it yet. */
  readonly dirty: boolean;
}

/** Heights of the logs when a transaction began. */
interface Layer {
  readonly actors: number;
  readonly ids: number;
}

/**
 * All actors at one moment of the chain, to be changed by a machine: at once, over a store that answers at once.
 *
 * Changes stay in memory until `flush`. Transactions stack; ending one with `revert` takes back what was done in it,
 * addresses that were resolved or registered included. Cost: of a transaction nothing, of a revert what is taken back.
 *
 * Bound: keeps each actor it was asked for and the tree's nodes on the way there; made to live as long as a tipset.
 *
 * @see ref-fvm:fvm/src/state_tree.rs
 * @example
 * const tree = MutableStateTree.load(store, root);
 * tree.beginTransaction();
 * tree.setActor(100n, { ...sender, balance: sender.balance - value });
 * tree.endTransaction(failed);
 * const after = tree.flush();
 */
export class MutableStateTree {
  readonly version: MutableVersion;
  /** A field of the root that means nothing so far, written again as it was read. */
  readonly info: CidBytes;
  readonly store: SyncBlockStore;
  readonly #tree: Hamt<ActorState, bigint>;
  readonly #addresses: AddressBook;
  readonly #actors: UndoMap<bigint, Cached> = new UndoMap();
  readonly #ids: UndoMap<string, bigint> = new UndoMap();
  readonly #layers: Layer[] = [];

  private constructor(store: SyncBlockStore, version: MutableVersion, info: CidBytes, tree: Hamt<ActorState, bigint>) {
    this.store = store;
    this.version = version;
    this.info = info;
    this.#tree = tree;
    this.#addresses = new AddressBook(store);
  }

  /**
   * A state without actors. Stores the block of its info field.
   *
   * @throws {StateError} `state/version-unsupported`
   * @example
   * const tree = MutableStateTree.create(store, 5);
   */
  static create(store: SyncBlockStore, version: MutableVersion): MutableStateTree {
    assertMutable(version);
    const info = cidOf(emptyInfo);
    store.putSync(info, emptyInfo);
    return new MutableStateTree(store, version, info, createHamt(actorStateCodec(version), hamtOptions));
  }

  /**
   * The state of a root. Shape: `[version, actors, info]`.
   *
   * Version 3 is for machines of FVM 2 only, as 4 is; those of FVM 3 and 4 take version 5, and check it.
   *
   * @throws {StateError} `state/version-unsupported`
   * @throws {HamtError} {CborError} what is no state
   * @throws {HostFault} `host/block-missing`
   * @example
   * MutableStateTree.load(store, fromCid(header.parentStateRoot)).version // => 5
   */
  static load(store: SyncBlockStore, root: CidBytes): MutableStateTree {
    const block = store.getSync(root);
    if (block === undefined) throw blockMissing(root);
    const reader = new CborReader(block);
    const version = reader.array() === 3 ? reader.safeUint() : 0; // a tree of version 0 is its root, of two fields
    assertMutable(version);
    const actors = reader.link().slice();
    const info = reader.link().slice();
    reader.end();
    const tree = runSync(loadHamt(actors, actorStateCodec(version), hamtOptions), store);
    return new MutableStateTree(store, version, info, tree);
  }

  /**
   * The actor of an ID, or `undefined`.
   *
   * @throws {HamtError} {CborError} the tree is damaged
   * @throws {HostFault} `host/block-missing`
   */
  getActor(id: bigint): ActorState | undefined {
    const known = this.#actors.get(id);
    if (known !== undefined) return known.actor;
    const actor = this.#tree.getSync(id, this.store);
    // the tree under a transaction does not change, so what was read stays true when it is reverted
    this.#actors.keep(id, { actor, dirty: false });
    return actor;
  }

  /**
   * Puts an actor in the place of the one of this ID, if there is one. It is kept: do not change its bytes.
   *
   * @throws {StateError} `state/delegated-address` before version 5
   */
  setActor(id: bigint, actor: ActorState): void {
    if (this.version < 5 && actor.delegatedAddress !== null) {
      throw new StateError("state/delegated-address", { id, version: this.version });
    }
    this.#change(id, actor);
  }

  /** Takes the actor of an ID away, if there is one. */
  deleteActor(id: bigint): void {
    this.#change(id, undefined);
  }

  #change(id: bigint, actor: ActorState | undefined): void {
    const known = this.#actors.get(id);
    if (known !== undefined && sameActor(known.actor, actor)) return;
    const entry: Cached = { actor, dirty: true };
    if (this.#layers.length > 0) this.#actors.set(id, entry);
    else this.#actors.keep(id, entry);
  }

  /**
   * The ID behind an address, or `undefined`. An ID address is its own, whether or not an actor has it; what the init actor
   * did before, in an open transaction too, is seen.
   *
   * @throws {StateError} `state/actor-missing` of the init actor, `state/layout-unknown`
   * @throws {HostFault} `host/block-missing`
   */
  lookupId(address: Address): bigint | undefined {
    if (Address.protocol(address) === 0) return Address.idOf(address);
    const key = Address.key(address);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#addresses.lookup(this.#initActor().head, address);
    if (id !== undefined) this.#learn(key, id);
    return id;
  }

  /**
   * Gives an address the next ID, in the init actor's state. There is no actor under it yet. What ID the address had before
   * is not asked.
   *
   * @throws {StateError} `state/actor-missing` of the init actor, `state/layout-unknown`
   * @throws {HostFault} `host/block-missing`
   */
  registerNewAddress(address: Address): bigint {
    const actor = this.#initActor();
    const { id, head } = this.#addresses.register(actor.head, address);
    this.setActor(initActorId, { ...actor, head });
    this.#learn(Address.key(address), id);
    return id;
  }

  #initActor(): ActorState {
    const actor = this.getActor(initActorId);
    if (actor === undefined) throw new StateError("state/actor-missing", { address: `f0${initActorId}` });
    return actor;
  }

  #learn(key: string, id: bigint): void {
    // that of an address which an open transaction registered goes with it
    if (this.#layers.length > 0) this.#ids.set(key, id);
    else this.#ids.keep(key, id);
  }

  /** Transactions that are open. */
  get depth(): number {
    return this.#layers.length;
  }

  /** Opens a transaction within those that are open. */
  beginTransaction(): void {
    this.#layers.push({ actors: this.#actors.height, ids: this.#ids.height });
  }

  /**
   * Ends the innermost transaction: what was done in it is done in the one around it, or taken back.
   *
   * @throws {StateError} `state/transaction-absent`
   */
  endTransaction(revert: boolean): void {
    const layer = this.#layers.pop();
    if (layer === undefined) throw new StateError("state/transaction-absent", {});
    if (revert) {
      this.#actors.rollback(layer.actors);
      this.#ids.rollback(layer.ids);
    }
    if (this.#layers.length > 0) return;
    this.#actors.forget();
    this.#ids.forget();
  }

  /**
   * Stores the blocks of all changes, the root last. The tree goes on from there; where the store fails, the changes stay.
   *
   * @returns the root
   * @throws {StateError} `state/transaction-open`
   * @throws {HamtError} the tree is damaged
   * @throws {HostFault} `host/block-missing` of a node on the way to an actor that is taken away
   * @example
   * const parentStateRoot = toCid(tree.flush());
   */
  flush(): CidBytes {
    if (this.#layers.length > 0) throw new StateError("state/transaction-open", { depth: this.#layers.length });
    const { store } = this;
    const changed: [bigint, ActorState | undefined][] = [];
    for (const [id, { actor, dirty }] of this.#actors.entries()) {
      if (!dirty) continue;
      if (actor === undefined) this.#tree.deleteSync(id, store);
      else this.#tree.setSync(id, actor, store);
      changed.push([id, actor]);
    }
    const actors = this.#tree.flushSync(store);
    const block = new CborWriter().array(3).uint(this.version).link(actors).link(this.info).finish();
    const root = cidOf(block);
    store.putSync(root, block);
    for (const [id, actor] of changed) this.#actors.keep(id, { actor, dirty: false });
    return root;
  }

  /**
   * Every actor with its ID, as of now: first those of the tree in its order, then those that are not flushed yet. The
   * tree must not be changed meanwhile.
   *
   * Bound: reads the whole tree, keeps one path of it and the IDs that were changed.
   *
   * @throws {HamtError} {CborError} the tree is damaged
   * @throws {HostFault} `host/block-missing`
   * @example
   * for (const [id, actor] of tree.actors()) total += actor.balance;
   */
  *actors(): Generator<readonly [id: bigint, actor: ActorState], void> {
    const changes = new Map<bigint, ActorState | undefined>();
    for (const [id, { actor, dirty }] of this.#actors.entries()) if (dirty) changes.set(id, actor);
    for (const [id, held] of this.#tree.entries(this.store)) {
      const actor = changes.has(id) ? changes.get(id) : held;
      changes.delete(id);
      if (actor !== undefined) yield [id, actor];
    }
    for (const [id, actor] of changes) if (actor !== undefined) yield [id, actor];
  }
}

const hamtOptions = { version: 3, keys: actorKeys } as const;

function assertMutable(version: number): asserts version is MutableVersion {
  if (version !== 3 && version !== 4 && version !== 5) {
    throw new StateError("state/version-unsupported", { version, expected: "3, 4 or 5" });
  }
}
