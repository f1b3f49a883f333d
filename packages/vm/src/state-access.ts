import { Address } from "@copse/types";
import type { PriceList } from "./gas/price-table.ts";
import type { GasTracker } from "./gas/tracker.ts";
import { FatalError } from "./syscall-error.ts";

const readOnce = 1;
const updatedOnce = 2;

/**
 * Charges for an actor's entry of the state tree once for reading and once for writing, whoever comes to it in a
 * message. FVM 2 charges for neither: there, nothing is counted.
 *
 * Each call is a transaction: one that is reverted forgets what was charged within it, and it is charged again.
 *
 * @see ref-fvm:fvm/src/call_manager/state_access_tracker.rs, FIP-0057
 */
export class StateAccessTracker {
  readonly #prices: PriceList;
  readonly #gas: GasTracker;
  readonly #isFree: boolean;
  readonly #actors: Map<bigint, typeof readOnce | typeof updatedOnce>;
  readonly #addresses = new Set<string>();
  /** What to go back to: an actor and what it was, or an address that was not there. */
  readonly #undo: ([bigint, typeof readOnce | undefined] | string)[] = [];
  readonly #open: number[] = [];

  /** Actors that are preloaded cost nothing. */
  constructor(prices: PriceList, gas: GasTracker) {
    this.#prices = prices;
    this.#gas = gas;
    this.#isFree = prices.actorLookup === 0;
    this.#actors = new Map(prices.preloadedActors.map((id) => [id, updatedOnce]));
  }

  /**
   * What a message has paid for before it runs: its sender, and its receiver where there is one. Outside transactions.
   */
  seed(origin: bigint, originAddress: Address, receiver: bigint | undefined, receiverAddress: Address): void {
    this.#actors.set(origin, updatedOnce);
    this.recordResolved(originAddress);
    if (receiver !== undefined) this.#markRead(receiver);
    this.recordResolved(receiverAddress);
  }

  /** Charges for reading an actor, also one that turns out not to be. @throws {OutOfGas} */
  read(id: bigint): void {
    if (this.#isFree || this.#actors.has(id)) return;
    this.#gas.charge("OnActorLookup", this.#prices.actorLookup);
    this.#markRead(id);
  }

  /** Charges for writing or deleting an actor, and for reading it where that was not paid for. @throws {OutOfGas} */
  update(id: bigint): void {
    if (this.#isFree) return;
    const before = this.#actors.get(id);
    if (before === updatedOnce) return;
    if (before === undefined) this.#gas.charge("OnActorLookup", this.#prices.actorLookup);
    this.#gas.charge("OnActorUpdate", this.#prices.actorUpdate);
    this.#undo.push([id, before]);
    this.#actors.set(id, updatedOnce);
  }

  /**
   * Charges for resolving an address that was not yet resolved: nothing in all released prices, so that it shows in
   * traces alone. ID addresses are not resolved.
   *
   * @throws {OutOfGas}
   */
  resolve(address: Address): void {
    if (this.#isFree || this.isResolved(address)) return;
    this.#gas.charge("OnResolveAddress", 0);
  }

  /** Notes that an address was resolved; one that was not found is charged for again. */
  recordResolved(address: Address): void {
    if (this.#isFree || Address.protocol(address) === 0) return;
    const key = Address.key(address);
    if (this.#addresses.has(key)) return;
    this.#addresses.add(key);
    this.#undo.push(key);
  }

  /** Tells whether an address is an ID or was resolved. */
  isResolved(address: Address): boolean {
    return Address.protocol(address) === 0 || this.#addresses.has(Address.key(address));
  }

  /** Opens a transaction. */
  beginTransaction(): void {
    this.#open.push(this.#undo.length);
  }

  /**
   * Ends the innermost transaction; when it is reverted, all that was marked within it is forgotten.
   *
   * @throws {FatalError} when none is open
   */
  endTransaction(revert: boolean): void {
    const height = this.#open.pop();
    if (height === undefined) throw new FatalError("state access tracker not in a transaction");
    if (!revert) return;
    while (this.#undo.length > height) {
      const last = this.#undo.pop() as [bigint, typeof readOnce | undefined] | string;
      if (typeof last === "string") this.#addresses.delete(last);
      else if (last[1] === undefined) this.#actors.delete(last[0]);
      else this.#actors.set(last[0], last[1]);
    }
  }

  #markRead(id: bigint): void {
    if (this.#actors.has(id)) return;
    this.#undo.push([id, undefined]);
    this.#actors.set(id, readOnce);
  }
}
