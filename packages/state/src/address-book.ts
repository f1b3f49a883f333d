import { type Hamt, loadHamt } from "@copse/hamt";
import { blockMissing, CborWriter, type CidBytes, cidKey, cidOf, runSync, type SyncBlockStore } from "@copse/ipld";
import type { Address } from "@copse/types";
import { openStruct } from "./fields.ts";
import { idCodec } from "./init.ts";

/** State of the init actor, opened. */
interface OpenInit {
  readonly addresses: Hamt<bigint>;
  readonly nextId: bigint;
  readonly networkName: string;
}

/** Heads that stay open: a message's own, and those it may go back to. */
const maxOpen = 4;

/**
 * Reads and appends to the init actor's map of addresses, whatever head that actor has at the moment.
 *
 * Shape of its state: `[address map, next ID, network name]`, of the map: address to ID, bit width 5.
 *
 * @see ref-fvm:fvm/src/init_actor.rs
 */
export class AddressBook {
  readonly #store: SyncBlockStore;
  readonly #open: Map<string, OpenInit> = new Map();

  constructor(store: SyncBlockStore) {
    this.#store = store;
  }

  /**
   * The ID of an address under a head of the init actor.
   *
   * @throws {StateError} `state/layout-unknown`
   * @throws {HostFault} `host/block-missing`
   */
  lookup(head: CidBytes, address: Address): bigint | undefined {
    return this.#at(head).addresses.getSync(address, this.#store);
  }

  /**
   * Gives an address the next ID. The blocks are stored at once; they mean something when the actor gets the new head.
   *
   * @throws {StateError} `state/layout-unknown`
   * @throws {HostFault} `host/block-missing`
   */
  register(head: CidBytes, address: Address): { readonly id: bigint; readonly head: CidBytes } {
    const before = this.#at(head);
    const addresses = before.addresses.clone();
    addresses.setSync(address, before.nextId, this.#store);
    const root = addresses.flushSync(this.#store);
    const nextId = before.nextId + 1n;
    const block = new CborWriter().array(3).link(root).uint(nextId).text(before.networkName).finish();
    const cid = cidOf(block);
    this.#store.putSync(cid, block);
    this.#remember(cidKey(cid), { addresses, nextId, networkName: before.networkName });
    return { id: before.nextId, head: cid };
  }

  #at(head: CidBytes): OpenInit {
    const key = cidKey(head);
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const block = this.#store.getSync(head);
    if (block === undefined) throw blockMissing(head);
    const [reader] = openStruct(block, "init actor's state", [3]);
    const root = reader.link().slice();
    const nextId = reader.uint();
    const networkName = reader.text();
    reader.end();
    const addresses = runSync(loadHamt(root, idCodec, { version: 3 }), this.#store);
    return this.#remember(key, { addresses, nextId, networkName });
  }

  #remember(key: string, opened: OpenInit): OpenInit {
    if (this.#open.size >= maxOpen) this.#open.delete(this.#open.keys().next().value as string);
    this.#open.set(key, opened);
    return opened;
  }
}
