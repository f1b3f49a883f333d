import type { FvmVersion } from "../fvm-version.ts";
import { FatalError, OutOfGas } from "../syscall-error.ts";
import type { ChargeName } from "./charge-name.ts";
import type { TraceEntry } from "./trace.ts";

/** How gas is counted. */
export interface GasTrackerOptions {
  /** Keeps every charge. Default: no. */
  readonly trace?: boolean | undefined;
  /** FVM 2 counts with a sign: its sums saturate elsewhere. Default: 4. */
  readonly fvm?: FvmVersion | undefined;
}

/** Milligas of a gas. */
export const milligasPerGas = 1000n;

/** No limit is higher: i64::MAX milligas. */
const maxMilligas = 2n ** 63n - 1n;
const minMilligas = -(2n ** 63n);
/** Where sums saturate that have no sign, and what a charge is that no number holds. */
const saturated = 2n ** 64n - 1n;

/** What the number lane holds at most; gas given back at one time cannot leave the safe integers above it. */
const laneLimit: number = 2 ** 52;
const laneLimitBig = BigInt(laneLimit);

/**
 * What a message may spend, and what it has spent.
 *
 * Unit: milligas; nothing is rounded before {@link gasUsed}. What is left is a number as far as numbers reach, and a
 * bigint beside it for the rest: limits of explicit messages fit the number, those of implicit ones reach 2^63 - 1.
 *
 * Cost: a charge is a subtraction and two comparisons; nothing is allocated unless charges are kept.
 *
 * @see ref-fvm:fvm/src/gas/mod.rs GasTracker
 * @example
 * const gas = new GasTracker(100n);
 * gas.charge("OnSyscall", 14_400);
 * gas.gasUsed() // => 15n
 */
export class GasTracker {
  /** Every charge in order when they are kept. Open for marks. */
  readonly trace: TraceEntry[] | undefined;
  /** Left in the number lane: 0 to `laneLimit`. */
  #left = 0.5; // a double from the start: the field changes its representation once, not while a message runs
  /** Left beside the lane. */
  #held = 0n;
  #limit: bigint;
  readonly #outer: { readonly limit: bigint; readonly left: bigint }[] = [];
  readonly #signed: boolean;

  /** Unit of the limit: gas. More than i64::MAX milligas is cut to that, as in the reference. */
  constructor(limitGas: bigint, options: GasTrackerOptions = {}) {
    const limit = limitGas * milligasPerGas;
    this.#limit = limit > maxMilligas ? maxMilligas : limit;
    this.#signed = options.fvm === 2;
    this.trace = options.trace ? [] : undefined;
    this.#setLeft(this.#limit);
  }

  /**
   * Spends gas. When more is asked than is left, all of it is spent.
   *
   * A number that is no safe integer counts as 2^64 - 1: prices that saturate need no check before. Below 0 gives back,
   * which only FVM 2 does.
   *
   * @throws {OutOfGas}
   */
  charge(name: ChargeName, milligas: number): void {
    if (this.trace !== undefined) record(this.trace, name, milligas);
    const left = this.#left - milligas;
    if (left >= 0 && left <= laneLimit) this.#left = left;
    else this.#chargeSlowly(Number.isSafeInteger(milligas) ? BigInt(milligas) : saturated);
  }

  /** As {@link charge}, of any amount: what an actor names itself, and what it ran since the last charge. */
  chargeLarge(name: string, milligas: bigint): void {
    if (this.trace !== undefined) record(this.trace, name, Number(milligas));
    const left = this.#left - Number(milligas);
    // what rounds on its way to a number is far out of these bounds
    if (left >= 0 && left <= laneLimit) this.#left = left;
    else this.#chargeSlowly(milligas);
  }

  /** Unit: milligas. */
  get available(): bigint {
    if (this.#held === 0n) return BigInt(this.#left);
    const left = this.#held + BigInt(this.#left);
    return left > maxMilligas ? maxMilligas : left;
  }

  /** Unit: gas, rounded down: what an actor is told. */
  availableGas(): bigint {
    return this.available / milligasPerGas;
  }

  /** Spent of the current limit. Unit: milligas. Below 0 when FVM 2 gave back more than was spent. */
  get used(): bigint {
    return this.#limit - this.#total();
  }

  /** Spent of the current limit. Unit: gas, rounded up, and never below 0: what the receipt says. */
  gasUsed(): bigint {
    const used = this.used;
    return used <= 0n ? 0n : (used + milligasPerGas - 1n) / milligasPerGas;
  }

  /** Tells whether all is spent. */
  get isExhausted(): boolean {
    return this.#left === 0 && this.#held === 0n;
  }

  /** Sets a limit within the limit, for one send: that of `gas`, or all that is left. From then on `used` counts anew. */
  pushLimit(gas: bigint): void {
    const left = this.#total();
    this.#outer.push({ limit: this.#limit, left });
    const asked = gas * milligasPerGas;
    this.#limit = asked < left ? asked : left;
    this.#setLeft(this.#limit);
  }

  /**
   * Ends the innermost limit: what was spent within it is spent outside.
   *
   * @throws {FatalError} when there is none
   */
  popLimit(): void {
    const outer = this.#outer.pop();
    if (outer === undefined) throw new FatalError("no gas limits to pop");
    const left = outer.left - this.used;
    this.#limit = outer.limit;
    this.#setLeft(left);
  }

  #total(): bigint {
    return this.#held + BigInt(this.#left);
  }

  #setLeft(total: bigint): void {
    const inLane = total > laneLimitBig ? laneLimitBig : total;
    this.#left = Number(inLane);
    this.#held = total - inLane;
  }

  /** With saturation as in the reference: at the ends of i64 in FVM 2, of u64 since; a limit is below the latter. */
  #chargeSlowly(milligas: bigint): void {
    let used = this.used + milligas;
    if (this.#signed) {
      if (used > maxMilligas) used = maxMilligas;
      if (used < minMilligas) used = minMilligas;
    }
    if (used > this.#limit) {
      this.#setLeft(0n);
      throw new OutOfGas();
    }
    this.#setLeft(this.#limit - used);
  }
}

function record(trace: TraceEntry[], name: string, milligas: number): void {
  const most = Number.MAX_SAFE_INTEGER;
  trace.push({ kind: "charge", name, milligas: Math.min(milligas, most) });
}
